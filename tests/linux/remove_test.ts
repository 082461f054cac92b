/**
 * Deleting trees.
 *
 * @module
 */

import { S_IFCHR, S_IFIFO } from "../../src/linux/constants.ts";
import { Dir } from "../../src/linux/dir.ts";
import { MountContext } from "../../src/linux/mount.ts";
import { removeTree, removeTreeNow } from "../../src/linux/remove.ts";
import { assert, assertEquals } from "../assert.ts";
import { assertCode, openDescriptors, TempDir } from "../fixtures.ts";
import { namesIn } from "../trees.ts";

Deno.test("removeTree() of a missing name does nothing", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);

  removeTreeNow(root, "missing");

  assertEquals(namesIn(temp.path), []);
});

Deno.test("removeTree() deletes a file of any kind, and a link instead of its target", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  Deno.writeTextFileSync(`${temp.path}/kept`, "");
  Deno.mkdirSync(`${temp.path}/dir`);
  Deno.writeTextFileSync(`${temp.path}/file`, "");
  Deno.symlinkSync("kept", `${temp.path}/link`);
  Deno.symlinkSync("dir", `${temp.path}/dirlink`);
  root.mknod("fifo", S_IFIFO | 0o600, 0n);
  root.mknod("char", S_IFCHR, 0n);

  for (const name of ["file", "link", "dirlink", "fifo", "char"]) {
    removeTreeNow(root, name);
  }

  assertEquals(namesIn(temp.path), ["dir/", "kept"]);
});

Deno.test("removeTree() deletes a directory with all below it, and follows nothing", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  Deno.mkdirSync(`${temp.path}/doomed/a/b/c`, { recursive: true });
  Deno.mkdirSync(`${temp.path}/kept`);
  Deno.writeTextFileSync(`${temp.path}/kept/file`, "");
  Deno.symlinkSync("../../kept", `${temp.path}/doomed/a/link`);
  Deno.writeTextFileSync(`${temp.path}/doomed/a/b/file`, "");
  using inner = root.openDir("doomed");
  inner.mkdir("\udcff", 0o000);

  removeTreeNow(root, "doomed");

  assertEquals(namesIn(temp.path), ["kept/", "kept/file"]);
});

Deno.test("removeTree() unmounts what is mounted below, and spares its files", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  const inner = `${temp.path}/doomed/inner`;
  Deno.mkdirSync(inner, { recursive: true });
  using context = new MountContext("tmpfs");
  context.mount(inner);
  Deno.writeTextFileSync(`${inner}/file`, "");
  using mounted = Dir.open(inner);
  const start = performance.now();

  removeTreeNow(root, "doomed");

  assertEquals(namesIn(temp.path), []);
  assertEquals(temp.mounts, []);
  assertEquals(mounted.tryStat("file")?.type, "file");
  assert(performance.now() - start < 5000);
});

Deno.test("removeTree() deletes trees deeper than any path, with few descriptors", () => {
  using temp = new TempDir();
  temp.useMemory();
  using root = Dir.open(temp.path);
  root.mkdir("deep", 0o755);
  let dir = root.openDir("deep");
  for (let i = 0; i < 3000; i++) {
    dir.mkdir("d", 0o755);
    dir.mkdir("e", 0o755);
    const next = dir.openDir("d");
    dir[Symbol.dispose]();
    dir = next;
  }
  dir[Symbol.dispose]();
  const before = openDescriptors();
  let most = 0;
  let steps = 0;

  for (const _ of removeTree(root, "deep")) {
    if (steps++ % 500 === 0) most = Math.max(most, openDescriptors());
  }

  assertEquals(root.tryStat("deep"), undefined);
  assert(most - before < 200, `${most - before} descriptors`);
  assertEquals(openDescriptors(), before);
});

Deno.test("removeTree() rests after a few files, and closes what it opened when it is left", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  Deno.mkdirSync(`${temp.path}/doomed/inner`, { recursive: true });
  for (let i = 0; i < 50; i++) {
    Deno.writeTextFileSync(`${temp.path}/doomed/inner/${i}`, "");
  }
  const before = openDescriptors();
  const steps = removeTree(root, "doomed");
  for (let i = 0; i < 5; i++) steps.next();

  steps.return(undefined);

  assertEquals(openDescriptors(), before);
  const left = namesIn(temp.path).length;
  assert(left > 30 && left < 52, `${left} files left`);
});

Deno.test("removeTree() tells how many entries a directory has before it deletes them", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  Deno.mkdirSync(`${temp.path}/doomed/inner`, { recursive: true });
  for (const name of ["a", "b", "c"]) {
    Deno.writeTextFileSync(`${temp.path}/doomed/inner/${name}`, "");
  }
  const told: [entries: number, left: number][] = [];

  const tell = (entries: number) =>
    told.push([entries, namesIn(temp.path).length]);
  for (const _ of removeTree(root, "doomed", tell));

  assertEquals(told, [[1, 5], [3, 5]]);
});

Deno.test("removeTree() deletes what appears meanwhile", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  Deno.mkdirSync(`${temp.path}/doomed`);
  for (let i = 0; i < 20; i++) {
    Deno.writeTextFileSync(`${temp.path}/doomed/${i}`, "");
  }
  let steps = 0;

  for (const _ of removeTree(root, "doomed")) {
    if (steps++ === 1) Deno.writeTextFileSync(`${temp.path}/doomed/late`, "");
  }

  assertEquals(namesIn(temp.path), []);
});

Deno.test("removeTree() tells what the kernel refuses", async () => {
  using temp = new TempDir();
  using proc = Dir.open("/proc");

  await assertCode(() => removeTreeNow(proc, "version"), "EPERM");
  assertEquals(temp.mounts, []);
});
