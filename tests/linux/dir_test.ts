/**
 * Work by descriptor: names, links, renames, and lookups that stay inside.
 *
 * @module
 */

import {
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  PLATFORMS,
  S_IFIFO,
} from "../../src/linux/constants.ts";
import { Dir, makeDev, procPath } from "../../src/linux/dir.ts";
import { DT_DIR, tellsTypes } from "../../src/linux/dirent.ts";
import { closeFd } from "../../src/linux/file.ts";
import { statFd } from "../../src/linux/stat.ts";
import { encodeName } from "../../src/text.ts";
import { assert, assertEquals } from "../assert.ts";
import { assertCode, openDescriptors, TempDir } from "../fixtures.ts";

const NAMES = [
  "plain",
  "é",
  "\udcff\udcfe",
  "\n",
  " ",
  "n".repeat(255),
  "\u{1F600}",
];

Deno.test("Dir.names() gives every name as the disk has it", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  for (const name of NAMES) root.mkdir(name, 0o755);

  const found = root.names();

  assertEquals(found.map(({ name }) => name).sort(), NAMES.toSorted());
  assertEquals(new Set(found.map(({ type }) => type)), new Set([DT_DIR]));
});

Deno.test("Dir.names() reads directories that are longer than one call", () => {
  using temp = new TempDir();
  temp.useMemory();
  using root = Dir.open(temp.path);
  const names = Array.from(
    { length: 3000 },
    (_, i) => `${i}-`.padEnd(100, "x"),
  );
  for (const name of names) root.mknod(name, S_IFIFO | 0o600, 0n);

  assertEquals(root.names().length, 3000);
  using again = root.reopen();
  assertEquals(new Set(again.names().map(({ name }) => name)), new Set(names));
});

Deno.test("Dir works with names that are not UTF-8", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  const name = "caf\udce9";
  root.mkdir(name, 0o755);
  using inner = root.openDir(name);

  inner.symlink("\udcff/\udcfe", "link");
  root.rename(name, root, "\udc80");

  assertEquals(inner.readlink("link"), "\udcff/\udcfe");
  assertEquals(root.tryStat(name), undefined);
  assertEquals(root.stat("\udc80").type, "dir");
});

Deno.test("Dir refuses a name with NUL instead of cutting it", async () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  root.mkdir("a", 0o755);

  await assertCode(() => root.stat("a\0b"), "EINVAL");
  await assertCode(() => root.mkdir("b\0c", 0o755), "EINVAL");
  await assertCode(() => root.symlink("x\0y", "s"), "EINVAL");
});

Deno.test("Dir takes paths that are longer than its reused buffer with the kernel's answer", async () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);

  await assertCode(() => root.stat("x/".repeat(3000)), "ENAMETOOLONG");
  await assertCode(() => root.stat("é".repeat(3000)), "ENAMETOOLONG");
});

Deno.test("Dir.rename() replaces, or refuses to", async () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  Deno.writeTextFileSync(`${temp.path}/a`, "a");
  Deno.writeTextFileSync(`${temp.path}/b`, "b");

  await assertCode(() => root.rename("a", root, "b", false), "EEXIST");
  assertEquals(Deno.readTextFileSync(`${temp.path}/b`), "b");
  root.rename("a", root, "b");
  assertEquals(Deno.readTextFileSync(`${temp.path}/b`), "a");
  root.mkdir("d", 0o755);
  using d = root.openDir("d");
  root.rename("b", d, "c", false);
  assertEquals(Deno.readTextFileSync(`${temp.path}/d/c`), "a");
});

Deno.test("Dir.link() and symlink() make what they say, following nothing", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  root.symlink("nowhere", "link");

  root.link(root, "link", "hard");

  assertEquals(root.readlink("hard"), "nowhere");
  assertEquals(root.stat("hard").ino, root.stat("link").ino);
  assertEquals(root.readlink("hard").length, root.stat("hard").size);
});

Deno.test("Dir.chown(), chmod() and utimes() change the name, not what a link leads to", async () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  Deno.writeTextFileSync(`${temp.path}/file`, "");
  root.symlink("file", "link");
  const before = root.stat("file");
  const time = { seconds: 77, nanoseconds: 5 };

  root.chown("link", 5, 6);
  root.utimes("link", time, time);
  await assertCode(() => root.chmod("link", 0o600), "EOPNOTSUPP");

  const { uid, gid, mtime, mtimeNs } = root.stat("link");
  assertEquals([uid, gid, mtime, mtimeNs], [5, 6, 77, 5]);
  assertEquals(root.stat("file"), before);
  root.chmod("file", 0o6711);
  assertEquals(root.stat("file").mode, 0o6711);
});

Deno.test("Dir.chmod() works on files that cannot be opened", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  root.mknod("fifo", S_IFIFO | 0o600, 0n);
  root.mknod("device", 0o020600, makeDev(5, 2));
  Deno.writeTextFileSync(`${temp.path}/secret`, "", { mode: 0o200 });

  for (const name of ["fifo", "device", "secret"]) {
    root.chmod(name, 0o204);
    assertEquals(root.stat(name).mode, 0o204, name);
  }
});

Deno.test("Dir.openDir() follows no link and opens no file", async () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  root.mkdir("dir", 0o755);
  root.symlink("dir", "link");
  Deno.writeTextFileSync(`${temp.path}/file`, "");

  await assertCode(() => root.openDir("link"), "ENOTDIR");
  await assertCode(() => root.openDir("file"), "ENOTDIR");
  await assertCode(() => root.tryOpenDir("file"), "ENOTDIR");
  assertEquals(root.tryOpenDir("missing"), undefined);
  await assertCode(() => Dir.open(`${temp.path}/missing`), "ENOENT");
});

Deno.test("Dir.openInRoot() takes the directory for the root, whatever links say", async () => {
  using temp = new TempDir();
  using top = Dir.open(temp.path);
  for (const name of ["root", "root/dir", "outside"]) top.mkdir(name, 0o755);
  using root = top.openDir("root");
  root.symlink("/dir", "absolute");
  root.symlink("../../../dir", "climbing");
  root.symlink("../outside", "escape");
  root.symlink("/proc/self/root", "magic");
  root.symlink("loop", "loop");

  for (
    const path of ["dir", "absolute", "climbing", "../dir", "/dir", "a/../dir"]
  ) {
    if (path.startsWith("a/")) {
      await assertCode(() => root.openInRoot(path), "ENOENT");
      continue;
    }
    using found = root.openInRoot(path);
    assertEquals(found.self().ino, root.stat("dir").ino, path);
  }
  using above = root.openInRoot("..");
  assertEquals(above.self().ino, root.self().ino);
  await assertCode(() => root.openInRoot("escape"), "ENOENT");
  await assertCode(() => root.openInRoot("magic"), "ENOENT");
  await assertCode(() => root.openInRoot("loop"), "ELOOP");
});

Deno.test("Dir.openInRoot() follows no magic link of /proc", async () => {
  using proc = Dir.open("/proc");

  await assertCode(() => proc.openInRoot("self/root"), "ELOOP");
  await assertCode(() => proc.openInRoot("self/cwd"), "ELOOP");
});

Deno.test("Dir.resolve() gives a descriptor that the caller closes", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  Deno.writeTextFileSync(`${temp.path}/file`, "12345");
  const before = openDescriptors();

  const fd = root.resolve("file", O_RDONLY);

  assertEquals(statFd(fd, "file").size, 5);
  assertEquals(openDescriptors(), before + 1);
  closeFd(fd);
  assertEquals(openDescriptors(), before);
});

Deno.test("Dir that is disposed twice closes one descriptor", () => {
  using temp = new TempDir();
  const before = openDescriptors();
  const dir = Dir.open(temp.path);
  const fd = dir.fd;
  dir[Symbol.dispose]();
  using other = Dir.open(temp.path);
  assertEquals(other.fd, fd);

  dir[Symbol.dispose]();

  assertEquals(other.self().type, "dir");
  assertEquals(openDescriptors(), before + 1);
});

Deno.test("Descriptors are not passed on to other programs", async () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  const { stdout } = await new Deno.Command("ls", {
    args: ["-l", "/proc/self/fd"],
  }).output();

  assertEquals(new TextDecoder().decode(stdout).includes(root.path), false);
});

Deno.test("tellsTypes() says that ordinary file systems tell types", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);

  assertEquals(tellsTypes(root.fd, root.path), true);
});

Deno.test("makeDev() packs numbers as the kernel and glibc do", () => {
  assertEquals(makeDev(0, 0), 0n);
  assertEquals(makeDev(8, 1), 0x801n);
  assertEquals(makeDev(259, 70_000), (259n << 8n) | 0x70n | (0x111n << 20n));
  assertEquals(makeDev(0xffff_ffff, 0xffff_ffff), 0xffff_ffff_ffff_ffffn);
  assertEquals(makeDev(0x1000, 0x100), 0x0000_1000_0010_0000n);
});

Deno.test("procPath() names a file by its directory's descriptor", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  Deno.writeTextFileSync(`${temp.path}/file`, "text");

  assertEquals(Deno.readTextFileSync(procPath(root, "file")), "text");
});

Deno.test("Flags are those of each platform's asm/fcntl.h", () => {
  assertEquals(PLATFORMS.x86_64, {
    O_DIRECTORY: 0x10000,
    O_NOFOLLOW: 0x20000,
  });
  assertEquals(PLATFORMS.aarch64, {
    O_DIRECTORY: 0x4000,
    O_NOFOLLOW: 0x8000,
  });
  const own = PLATFORMS[Deno.build.arch]!;
  assertEquals([O_DIRECTORY, O_NOFOLLOW], [own.O_DIRECTORY, own.O_NOFOLLOW]);
});

Deno.test("SyscallError tells the call, the path and the kernel's words", async () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);

  const error = await assertCode(() => root.rmdir("missing"), "ENOENT");

  assert(error.message.startsWith("Cannot rmdir "), error.message);
  assert(error.message.includes(`${temp.path}/missing`), error.message);
  assertEquals(encodeName("x").length, 1);
});
