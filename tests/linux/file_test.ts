/**
 * Content, attributes and locks of files by descriptor.
 *
 * @module
 */

import {
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  O_WRONLY,
} from "../../src/linux/constants.ts";
import { skipFd } from "../../src/linux/copy.ts";
import { Dir } from "../../src/linux/dir.ts";
import {
  chmodFd,
  chownFd,
  closeFd,
  openAt,
  readFd,
  syncFd,
  truncateFd,
  tryOpenAt,
  utimesFd,
  writeFd,
} from "../../src/linux/file.ts";
import { tryLock } from "../../src/linux/lock.ts";
import { fsMagic } from "../../src/linux/statfs.ts";
import { currentUmask } from "../../src/linux/umask.ts";
import {
  getXattrAt,
  getXattrFd,
  listXattrsAt,
  listXattrsFd,
  setXattrAt,
  setXattrFd,
} from "../../src/linux/xattr.ts";
import { encodeName } from "../../src/text.ts";
import { assert, assertEquals } from "../assert.ts";
import { assertCode, TempDir } from "../fixtures.ts";

/** Runs `task` with a new file, open for writing. */
function withFile(task: (fd: number, dir: Dir, temp: TempDir) => void): void {
  using temp = new TempDir();
  using dir = Dir.open(temp.path);
  const fd = openAt(dir, "file", O_WRONLY | O_CREAT | O_EXCL, 0o600);
  try {
    task(fd, dir, temp);
  } finally {
    closeFd(fd);
  }
}

Deno.test("openAt() creates with a mode, and refuses what exists", async () => {
  using temp = new TempDir();
  using dir = Dir.open(temp.path);
  closeFd(openAt(dir, "file", O_WRONLY | O_CREAT | O_EXCL, 0o640));

  assertEquals(dir.stat("file").mode, 0o640);
  await assertCode(
    () => openAt(dir, "file", O_WRONLY | O_CREAT | O_EXCL, 0o640),
    "EEXIST",
  );
  assertEquals(tryOpenAt(dir, "missing", O_RDONLY), undefined);
  await assertCode(() => openAt(dir, "missing", O_RDONLY), "ENOENT");
});

Deno.test("writeFd() and readFd() move all bytes", () => {
  withFile((fd, dir) => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    writeFd(fd, bytes.subarray(0, 7), "file");
    writeFd(fd, bytes.subarray(7), "file");
    writeFd(fd, new Uint8Array(), "file");
    const from = openAt(dir, "file", O_RDONLY);
    const buffer = new Uint8Array(100_000);
    let at = 0;
    for (;;) {
      const count = readFd(from, buffer.subarray(at, at + 25_000), "file");
      if (count === 0) break;
      at += count;
    }
    closeFd(from);

    assertEquals(buffer.subarray(0, at), bytes);
  });
});

Deno.test("skipFd() and truncateFd() leave zeros beyond 32 bits", () => {
  withFile((fd, dir) => {
    writeFd(fd, encodeName("ab"), "file");
    skipFd(fd, 2 ** 32, "file");
    writeFd(fd, encodeName("c"), "file");
    assertEquals(dir.stat("file").size, 2 ** 32 + 3);

    truncateFd(fd, 2 ** 33, "file");

    assertEquals(dir.stat("file").size, 2 ** 33);
  });
});

Deno.test("chmodFd(), chownFd() and utimesFd() change the open file", () => {
  withFile((fd, dir) => {
    chownFd(fd, 70_000, 0xffff_fffe, "file");
    chmodFd(fd, 0o6751, "file");
    syncFd(fd, "file");
    const atime = { seconds: 5, nanoseconds: 6 };
    utimesFd(fd, atime, { seconds: -7, nanoseconds: 999_999_999 }, "file");

    const { uid, gid, mode, mtime, mtimeNs } = dir.stat("file");

    assertEquals([uid, gid, mode], [70_000, 0xffff_fffe, 0o6751]);
    assertEquals([mtime, mtimeNs], [-7, 999_999_999]);
    const accessed = Deno.statSync(`${dir.path}/file`).atime!.getTime();
    assertEquals(accessed, 5000);
  });
});

Deno.test("Calls on a bad descriptor tell EBADF", async () => {
  await assertCode(() => readFd(9999, new Uint8Array(1), "x"), "EBADF");
  await assertCode(() => writeFd(9999, new Uint8Array(1), "x"), "EBADF");
  await assertCode(() => chmodFd(9999, 0, "x"), "EBADF");
  await assertCode(() => truncateFd(9999, 0, "x"), "EBADF");
  await assertCode(() => syncFd(9999, "x"), "EBADF");
});

Deno.test("Attributes are bytes, by descriptor and by name", () => {
  withFile((fd, dir) => {
    const value = new Uint8Array([0, 255, 10, 128]);
    setXattrFd(fd, "user.one", value, "file");
    setXattrAt(dir, "file", "trusted.two", new Uint8Array());

    assertEquals(getXattrAt(dir, "file", "user.one"), value);
    assertEquals(getXattrFd(fd, "trusted.two", "file"), new Uint8Array());
    assertEquals(getXattrFd(fd, "user.none", "file"), undefined);
    assertEquals(getXattrAt(dir, "file", "strange.name"), undefined);
    assertEquals(listXattrsFd(fd, "file").sort(), ["trusted.two", "user.one"]);
    assertEquals(listXattrsAt(dir, "file").sort(), ["trusted.two", "user.one"]);
  });
});

Deno.test("Attributes of a link are the link's own", async () => {
  using temp = new TempDir();
  using dir = Dir.open(temp.path);
  Deno.writeTextFileSync(`${temp.path}/file`, "");
  dir.symlink("file", "link");
  setXattrAt(dir, "link", "trusted.own", encodeName("link"));

  assertEquals(getXattrAt(dir, "link", "trusted.own"), encodeName("link"));
  assertEquals(listXattrsAt(dir, "file"), []);
  await assertCode(() => getXattrAt(dir, "missing", "user.x"), "ENOENT");
  await assertCode(
    () => setXattrAt(dir, "link", "user.own", new Uint8Array(1)),
    "EPERM",
  );
});

Deno.test("Attributes take long values and names that are not ASCII", () => {
  withFile((fd, dir) => {
    const value = crypto.getRandomValues(new Uint8Array(2000));
    setXattrFd(fd, "user.é", value, "file");

    assertEquals(getXattrAt(dir, "file", "user.é"), value);
    assertEquals(listXattrsFd(fd, "file"), ["user.é"]);
  });
});

Deno.test("tryLock() lets one holder in at a time, until it closes", () => {
  using temp = new TempDir();
  const one = Dir.open(temp.path);
  using two = Dir.open(temp.path);

  assertEquals(tryLock(one.fd, one.path), true);
  assertEquals(tryLock(one.fd, one.path), true);
  assertEquals(tryLock(two.fd, two.path), false);
  one[Symbol.dispose]();
  assertEquals(tryLock(two.fd, two.path), true);
});

Deno.test("fsMagic() tells file systems apart", async () => {
  using temp = new TempDir();
  assertEquals(fsMagic("/proc"), 0x9fa0);
  temp.useMemory();
  assertEquals(fsMagic(temp.path), 0x01021994);
  await assertCode(() => fsMagic(`${temp.path}/missing`), "ENOENT");
});

Deno.test("currentUmask() tells the umask and leaves it", () => {
  const before = Deno.umask(0o137);
  try {
    assertEquals(currentUmask(), 0o137);
    assertEquals(currentUmask(), 0o137);
  } finally {
    Deno.umask(before);
  }
  assert(currentUmask() === before);
});
