/**
 * `deno task demo`: copy-on-write layers on one screen, with files of this
 * machine and the real program, in a directory that goes away.
 *
 * @module
 */

import { type Copied, copyTree } from "./demo/copy_tree.ts";
import { DemoError, Shell } from "./demo/shell.ts";
import { complain, say } from "./say.ts";

/** Trees that make a base layer worth looking at. */
const SOURCES = ["/etc", "/usr/share/zoneinfo"];

async function main(): Promise<number> {
  if (Deno.build.os !== "linux") {
    complain("The demo needs Linux, since overlayfs is a part of it.");
    return 1;
  }
  if (Deno.uid() !== 0) {
    complain("The demo needs root, since it mounts layers: try sudo.");
    return 1;
  }
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, onSignal);
  }
  const room = Deno.makeTempDirSync({ prefix: "overlay2_demo_" });
  const shell = new Shell(room, stop.signal);
  try {
    await shell.run("init");
    await tellStory(shell, room);
    return 0;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return 141;
    if (!(error instanceof DemoError)) throw error;
    complain(`The demo cannot go on: ${error.message}`);
    return stop.signal.aborted ? 130 : 1;
  } finally {
    await new Shell(room, new AbortController().signal).run("cleanup")
      .catch(() => {});
    Deno.removeSync(room, { recursive: true });
  }
}

async function tellStory(shell: Shell, room: string): Promise<void> {
  say("Copy-on-write layers, with the real program and files of this machine.");
  shell.tell("A layer is a directory of files. This one gets a copy of /etc:");
  shell.type(`export OVERLAY2_HOME=${room}`);
  await shell.overlay2("create", "base");
  await fillBase(shell);

  shell.tell(
    "A layer travels as a tar archive. Its size comes out on arrival:",
  );
  await shell.overlay2("diff", "base", "-o", `${room}/base.tar`);
  await shell.overlay2("create", "image");
  await shell.overlay2("apply-diff", "image", "-i", `${room}/base.tar`);
  Deno.removeSync(`${room}/base.tar`);

  shell.tell(
    "A writable layer on top. Mounted, the stack looks like one tree:",
  );
  await changeFiles(shell);

  shell.tell(
    "It holds the changes only. In an archive, a deletion is a .wh. file:",
  );
  await shell.overlay2("changes", "work");
  await shell.listArchive("work");
  await shell.overlay2("diff-size", "work");
  await shell.overlay2("metadata", "work");

  shell.tell("The image below is as it was:");
  shell.type("cat $(overlay2 get image)/etc/hostname");
  const image = await pathOf(shell, "image");
  shell.show([firstLine(`${image}/etc/hostname`)]);

  shell.tell("Cleaned up, with the directory itself:");
  await shell.overlay2("put", "work");
  await shell.overlay2("remove", "work", "image", "base");
}

async function fillBase(shell: Shell): Promise<void> {
  const present = SOURCES.filter((path) => exists(path));
  shell.type(`cp -a ${present.join(" ")} $(overlay2 get base)`);
  const base = await pathOf(shell, "base");
  const copied: Copied = { entries: 0, bytes: 0 };
  for (const path of present) {
    const name = path === "/etc" ? "etc" : path.split("/").at(-1)!;
    copyTree(path, `${base}/${name}`, copied);
  }
  const size = (copied.bytes / 1e6).toFixed(1);
  shell.show([`(${copied.entries} entries, ${size} MB)`]);
  shell.type("echo the-image > $(overlay2 get base)/etc/hostname");
  Deno.writeTextFileSync(`${base}/etc/hostname`, "the-image\n");
}

async function changeFiles(shell: Shell): Promise<void> {
  await shell.overlay2("create-rw", "work", "image");
  shell.type("cd $(overlay2 get work) && pwd");
  const merged = await pathOf(shell, "work");
  shell.show([merged]);
  shell.type("echo my-container > etc/hostname");
  Deno.writeTextFileSync(`${merged}/etc/hostname`, "my-container\n");
  shell.type("rm -r etc/passwd zoneinfo");
  for (const name of ["etc/passwd", "zoneinfo"]) {
    if (exists(`${merged}/${name}`)) {
      Deno.removeSync(`${merged}/${name}`, { recursive: true });
    }
  }
  shell.type("mkdir srv && echo hello > srv/index.html");
  Deno.mkdirSync(`${merged}/srv`);
  Deno.writeTextFileSync(`${merged}/srv/index.html`, "hello\n");
}

async function pathOf(shell: Shell, id: string): Promise<string> {
  return new TextDecoder().decode(await shell.run("get", id)).trimEnd();
}

function firstLine(path: string): string {
  return Deno.readTextFileSync(path).split("\n")[0]!;
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

if (import.meta.main) Deno.exit(await main());
