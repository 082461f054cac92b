/**
 * statx(2) against what Deno itself tells.
 *
 * @module
 */

import {
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFSOCK,
} from "../../src/linux/constants.ts";
import { Dir, makeDev } from "../../src/linux/dir.ts";
import { isWhiteout, sameFile, statFd } from "../../src/linux/stat.ts";
import { assert, assertEquals, assertNotEquals } from "../assert.ts";
import { assertCode, TempDir } from "../fixtures.ts";

/** A directory with a file of every kind, open. */
function everyKind(temp: TempDir): Dir {
  const root = Dir.open(temp.path);
  Deno.writeTextFileSync(`${temp.path}/file`, "12345");
  Deno.linkSync(`${temp.path}/file`, `${temp.path}/link`);
  Deno.chmodSync(`${temp.path}/file`, 0o7751);
  root.mkdir("dir", 0o755);
  root.symlink("target é", "symlink");
  root.mknod("char", S_IFCHR | 0o600, makeDev(259, 70_000));
  root.mknod("block", S_IFBLK | 0o600, makeDev(8, 1));
  root.mknod("fifo", S_IFIFO | 0o600, 0n);
  root.mknod("socket", S_IFSOCK | 0o600, 0n);
  root.chown("file", 0xffff_fffe, 70_000);
  return root;
}

Deno.test("Dir.stat() tells what Deno.lstatSync() tells", () => {
  using temp = new TempDir();
  using root = everyKind(temp);
  for (const { name } of root.names()) {
    const ours = root.stat(name);
    const theirs = Deno.lstatSync(`${temp.path}/${name}`);

    assertEquals(ours.mode, theirs.mode! & 0o7777, name);
    assertEquals([ours.uid, ours.gid], [theirs.uid, theirs.gid], name);
    assertEquals(ours.size, theirs.size, name);
    assertEquals(ours.nlink, theirs.nlink, name);
    assertEquals(ours.ino, BigInt(theirs.ino!), name);
    assertEquals(ours.mtime, Math.floor(theirs.mtime!.getTime() / 1000), name);
    assertEquals(
      Math.floor(ours.mtimeNs / 1e6),
      theirs.mtime!.getTime() % 1000,
      name,
    );
    assertEquals(ours.type === "dir", theirs.isDirectory, name);
    assertEquals(ours.type === "symlink", theirs.isSymlink, name);
    assertEquals(ours.type === "fifo", theirs.isFifo, name);
    assertEquals(ours.type === "char", theirs.isCharDevice, name);
    assertEquals(ours.type === "block", theirs.isBlockDevice, name);
    assertEquals(ours.type === "socket", theirs.isSocket, name);
  }
  const { dev } = root.stat("file");
  assertEquals(
    makeDev(Math.floor(dev / 0x10_0000), dev % 0x10_0000),
    BigInt(Deno.lstatSync(temp.path).dev),
  );
});

Deno.test("Dir.stat() tells device numbers of 32 bits", () => {
  using temp = new TempDir();
  using root = everyKind(temp);

  const { rdevMajor, rdevMinor } = root.stat("char");

  assertEquals([rdevMajor, rdevMinor], [259, 70_000]);
  const { rdev } = Deno.lstatSync(`${temp.path}/char`);
  assertEquals(makeDev(rdevMajor, rdevMinor), BigInt(rdev!));
});

Deno.test("Dir.stat() tells times to the nanosecond, before 1970 and after 2038 too", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  Deno.writeTextFileSync(`${temp.path}/file`, "");
  const zero = { seconds: 0, nanoseconds: 0 };
  for (
    const [seconds, nanoseconds] of [
      [-1, 999_999_999],
      [-2_000_000_000, 1],
      [0, 0],
      [1_234_567_890, 123_456_789],
      [2 ** 32, 5],
      [2 ** 33 + 7, 999_999_999],
    ] as const
  ) {
    root.utimes("file", zero, { seconds, nanoseconds });

    const { mtime, mtimeNs } = root.stat("file");

    assertEquals([mtime, mtimeNs], [seconds, nanoseconds]);
  }
});

Deno.test("Dir.stat() tells sizes beyond 32 bits", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  const size = 2 ** 33 + 4097;
  Deno.writeTextFileSync(`${temp.path}/sparse`, "");
  Deno.truncateSync(`${temp.path}/sparse`, size);

  assertEquals(root.stat("sparse").size, size);
});

Deno.test("Dir.tryStat() knows a missing file from one that cannot be asked for", async () => {
  using temp = new TempDir();
  using root = everyKind(temp);

  assertEquals(root.tryStat("missing"), undefined);
  assertEquals(root.tryStat("file")?.type, "file");
  await assertCode(() => root.stat("missing"), "ENOENT");
  await assertCode(() => root.tryStat("file/below"), "ENOTDIR");
  await assertCode(() => root.tryStat("n".repeat(256)), "ENAMETOOLONG");
});

Deno.test("statFd() tells what an open file is", () => {
  using temp = new TempDir();
  using root = everyKind(temp);
  using dir = root.openDir("dir");

  assertEquals(dir.self(), root.stat("dir"));
  assertEquals(statFd(dir.fd, dir.path).type, "dir");
});

Deno.test("sameFile() knows two names of one file", () => {
  using temp = new TempDir();
  using root = everyKind(temp);

  assert(sameFile(root.stat("file"), root.stat("link")));
  assert(!sameFile(root.stat("file"), root.stat("dir")));
  assertNotEquals(root.stat("file").ino, root.stat("dir").ino);
});

Deno.test("isWhiteout() takes only the character device 0:0", () => {
  using temp = new TempDir();
  using root = everyKind(temp);
  root.mknod("whiteout", S_IFCHR, 0n);
  root.mknod("zero-block", S_IFBLK, 0n);
  root.mknod("one", S_IFCHR, makeDev(0, 1));

  const found = root.names().map(({ name }) => name)
    .filter((name) => isWhiteout(root.stat(name)));

  assertEquals(found, ["whiteout"]);
});

Deno.test("FileStatus.mountRoot tells mountpoints, and the file system's root", () => {
  using temp = new TempDir();
  using before = Dir.open(temp.path);
  assertEquals(before.self().mountRoot, false);

  temp.useMemory();

  using after = Dir.open(temp.path);
  assertEquals(after.self().mountRoot, true);
  assertEquals(Deno.statSync("/proc").isDirectory, true);
  using proc = Dir.open("/");
  assertEquals(proc.stat("proc").mountRoot, true);
});
