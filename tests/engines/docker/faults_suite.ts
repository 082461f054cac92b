/**
 * Ends without warning, of the plugin or of dockerd, at any moment.
 *
 * @module
 */

import { assert, assertEquals } from "../../assert.ts";
import { execute } from "../../cli/program.ts";
import { describeTree } from "../../trees.ts";
import { Dockerd, Plugin } from "./daemons.ts";
import { busybox, deepContext, mergedOf, richContext } from "./images.ts";
import { Room } from "./room.ts";

const NONE = ["--network", "none"];

/** A moment within `milliseconds`. */
function moment(milliseconds: number): Promise<void> {
  const wait = Math.random() * milliseconds;
  return new Promise((resolve) => setTimeout(resolve, wait));
}

/** The files of an image, as a container sees them, without times. */
async function treeOf(daemon: Dockerd, image: string): Promise<string[]> {
  const id = await daemon.docker("run", "-d", ...NONE, image, "sleep", "600");
  const tree = describeTree(await mergedOf(daemon, id), { times: false });
  await daemon.docker("rm", "-f", id);
  return tree;
}

/** Mounts of layers that are left when no container runs. */
function layerMounts(room: Room, daemon: Dockerd): string[] {
  const home = `${daemon.data}/${daemon.driver}/`;
  return room.mounts.filter((path) => path.startsWith(home));
}

Deno.test("A build that the plugin dies under is right or fails, and works afterwards", async () => {
  await using room = new Room();
  const plugin = await Plugin.start(room);
  const daemon = await Dockerd.start(room);
  await daemon.docker("import", await busybox(room), "bb:1");
  const context = await richContext(room);
  const began = performance.now();
  assertEquals((await daemon.build(context, "right:1")).status, 0);
  const takes = performance.now() - began;
  const right = await treeOf(daemon, "right:1");

  for (const kit of ["classic", "buildkit"] as const) {
    const building = daemon.build(context, "shaken:1", kit);
    await moment(takes);
    await plugin.killAndStart();
    const { status } = await building;
    if (status === 0) assertEquals(await treeOf(daemon, "shaken:1"), right);
    const { status: after, stderr } = await daemon.build(
      context,
      "after:1",
      kit,
    );
    assertEquals(after, 0, stderr);
    assertEquals(await treeOf(daemon, "after:1"), right);
  }
  assertEquals(layerMounts(room, daemon), []);
});

Deno.test("An import that the plugin dies under is whole or fails", async () => {
  await using room = new Room();
  const plugin = await Plugin.start(room);
  const daemon = await Dockerd.start(room);
  await busybox(room);
  for (let i = 0; i < 1000; i++) {
    await Deno.writeTextFile(`${room.path}/bb/opt/g${i}`, `${i}\n`.repeat(400));
  }
  const archive = `${room.path}/large.tar`;
  await execute(["tar", "-C", `${room.path}/bb`, "-cf", archive, "."]);

  let failed = 0;
  for (let round = 0; round < 2; round++) {
    const importing = daemon.tryDocker("import", archive, "large:1");
    await moment(300);
    await plugin.killAndStart();
    if ((await importing).status !== 0) failed++;
    else {
      const count = await daemon.docker(
        ...["run", "--rm", ...NONE, "large:1", "sh", "-c", "ls /opt | wc -l"],
      );
      assertEquals(count, "1005");
    }
    await daemon.tryDocker("rmi", "-f", "large:1");
  }
  await daemon.docker("import", archive, "large:1");
  const home = `${daemon.data}/${daemon.driver}`;
  const layers = [...Deno.readDirSync(home)].filter(({ name }) => name !== "l");
  assertEquals(layers.length, 1, `after ${failed} failures`);
});

Deno.test("A build that dockerd dies under works after its restart", async () => {
  await using room = new Room();
  await Plugin.start(room);
  const daemon = await Dockerd.start(room);
  await daemon.docker("import", await busybox(room), "bb:1");
  const context = await deepContext(room, 40);
  const { status, stderr } = await daemon.build(context, "right:1");
  assertEquals(status, 0, stderr);
  const right = await treeOf(daemon, "right:1");

  for (const kit of ["classic", "buildkit"] as const) {
    const building = daemon.build(context, "shaken:1", kit);
    await moment(1500);
    await daemon.end("SIGKILL");
    await building;
    await daemon.start();
    const again = await daemon.build(context, "again:1", kit);
    assertEquals(again.status, 0, again.stderr);
    assertEquals(await treeOf(daemon, "again:1"), right);
  }
  // What it had mounted when it was killed is unknown to the next one, which
  // unmounts all in the end.
  await daemon.end("SIGTERM");
  assertEquals(layerMounts(room, daemon), []);
});

Deno.test("A container goes on when the plugin is started anew, and can be removed", async () => {
  await using room = new Room();
  const plugin = await Plugin.start(room);
  const daemon = await Dockerd.start(room);
  await daemon.docker("import", await busybox(room), "bb:1");
  await daemon.docker(
    "run",
    "-d",
    "--name",
    "cc",
    ...NONE,
    "bb:1",
    "sleep",
    "999",
  );
  const inside = (script: string) =>
    daemon.docker("exec", "cc", "sh", "-c", script);
  await inside("echo one >/one");

  assertEquals(await plugin.end("SIGTERM"), 0);
  await plugin.start();
  await inside("echo two >/two; rm /opt/d0/f0");
  await plugin.killAndStart();
  assertEquals(await inside("cat /one /two"), "one\ntwo");
  assertEquals((await daemon.docker("diff", "cc")).split("\n").sort(), [
    "A /one",
    "A /two",
    "C /opt",
    "C /opt/d0",
    "D /opt/d0/f0",
  ]);
  await daemon.docker("commit", "cc", "kept:1");
  await plugin.killAndStart();
  await daemon.docker("rm", "-f", "cc");

  assertEquals(layerMounts(room, daemon), []);
  const tree = await treeOf(daemon, "kept:1");
  assert(tree.some((line) => line.startsWith("/two file")));
});

Deno.test("A container goes on when dockerd is started anew, and can be removed", async () => {
  await using room = new Room();
  await Plugin.start(room);
  const daemon = await Dockerd.start(room, {
    settings: { "live-restore": true },
  });
  await daemon.docker("import", await busybox(room), "bb:1");
  for (const name of ["c1", "c2"]) {
    await daemon.docker(
      "run",
      "-d",
      "--name",
      name,
      ...NONE,
      "bb:1",
      "sleep",
      "999",
    );
  }

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await daemon.docker("exec", "c1", "sh", "-c", `echo ${signal} >>/seen`);
    await daemon.end(signal);
    await daemon.start();
  }
  const seen = await daemon.docker("exec", "c1", "cat", "/seen");
  assertEquals(seen, "SIGTERM\nSIGKILL");
  await daemon.docker("stop", "-t", "0", "c1");
  await daemon.docker("start", "c1");
  assertEquals(await daemon.docker("exec", "c1", "cat", "/seen"), seen);
  await daemon.docker("rm", "-f", "c1", "c2");

  assertEquals(layerMounts(room, daemon), []);
});
