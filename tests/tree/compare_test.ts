/**
 * What changed between two trees.
 *
 * @module
 */

import { S_IFBLK, S_IFCHR, S_IFIFO } from "../../src/linux/constants.ts";
import { Dir, makeDev } from "../../src/linux/dir.ts";
import { setXattrAt } from "../../src/linux/xattr.ts";
import { compareNames } from "../../src/text.ts";
import type { FoundChange } from "../../src/tree/changes.ts";
import { additions, compareTrees } from "../../src/tree/compare.ts";
import { Tally, usage } from "../../src/tree/usage.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { changeLines } from "../trees.ts";
import { pack, packOf, TwoTrees, unpack, unpackSettings } from "./harness.ts";

function write(path: string, text = ""): void {
  Deno.writeTextFileSync(path, text);
}

function compare(before: string, after: string): FoundChange[] {
  using old = Dir.open(before);
  using now = Dir.open(after);
  return [...compareTrees(old, now)]
    .sort((a, b) => compareNames(a.path, b.path));
}

function lines(before: string, after: string): string[] {
  return changeLines(compare(before, after));
}

/** Makes the tree of Docker's own test: directories, files and links. */
function sample(root: string): void {
  for (const name of ["dir1", "dir2", "dir3", "dir4"]) {
    Deno.mkdirSync(`${root}/${name}`);
    for (const file of ["file1", "file2"]) {
      write(`${root}/${name}/${file}`, `${name} ${file}\n`);
    }
  }
  for (let i = 1; i <= 5; i++) write(`${root}/file${i}`, `file${i}\n`);
  Deno.symlinkSync("target1", `${root}/symlink1`);
  Deno.symlinkSync("target2", `${root}/symlink2`);
  Deno.symlinkSync("/dir1", `${root}/symlink3`);
}

/** Two trees, the second a copy of the first with its times. */
function copied(make: (root: string) => void = sample): TwoTrees {
  const trees = new TwoTrees();
  make(trees.one);
  unpack(trees.other, pack(trees.one));
  return trees;
}

Deno.test("compareTrees() finds nothing between a tree and its copy", () => {
  using trees = copied();

  assertEquals(lines(trees.one, trees.other), []);
  assertEquals(lines(trees.one, trees.one), []);
});

/** Changes a copy in every way. */
function mutate(root: string): void {
  Deno.removeSync(`${root}/dir1`, { recursive: true });
  Deno.removeSync(`${root}/dir2`, { recursive: true });
  write(`${root}/dir2`, "a file now");
  Deno.utimeSync(`${root}/dir3`, 1, 2);
  Deno.removeSync(`${root}/file1`);
  write(`${root}/file2`, "something else");
  Deno.removeSync(`${root}/file3`);
  write(`${root}/file3`, "replaced");
  Deno.utimeSync(`${root}/file4`, 1000, 1000);
  Deno.removeSync(`${root}/file5`);
  Deno.mkdirSync(`${root}/file5`);
  Deno.mkdirSync(`${root}/dirnew`);
  write(`${root}/filenew`, "new");
  Deno.removeSync(`${root}/symlink1`);
  Deno.removeSync(`${root}/symlink2`);
  Deno.symlinkSync("another target", `${root}/symlink2`);
  Deno.symlinkSync("target", `${root}/symlinknew`);
}

const MUTATED = [
  "D /dir1",
  "C /dir2",
  "A /dirnew",
  "D /file1",
  "C /file2",
  "C /file3",
  "C /file4",
  "C /file5",
  "A /filenew",
  "D /symlink1",
  "C /symlink2",
  "A /symlinknew",
];

Deno.test("compareTrees() finds every mutation, and none of a directory that was touched", () => {
  using trees = copied();
  mutate(trees.other);

  assertEquals(lines(trees.one, trees.other), MUTATED);
});

Deno.test("compareTrees() and Unpacker make the older tree like the newer", () => {
  using trees = copied();
  mutate(trees.other);
  const changes = compare(trees.one, trees.other);

  unpack(
    trees.one,
    packOf(trees.other, changes),
    unpackSettings({ whiteouts: "delete", fresh: false }),
  );

  assertEquals(lines(trees.one, trees.other), []);
});

Deno.test("compareTrees() of devices and fifos that came through an archive finds nothing", () => {
  using trees = copied((root) => {
    using dir = Dir.open(root);
    dir.mknod("block", S_IFBLK | 0o600, makeDev(12, 5));
    dir.mknod("char", S_IFCHR | 0o600, makeDev(12, 5));
    dir.mknod("fifo", S_IFIFO | 0o600, 0n);
  });

  assertEquals(lines(trees.one, trees.other), []);
});

/** Single differences, and whether each counts as a change. */
const DIFFERENCES: Readonly<
  Record<string, [make: (root: Dir, name: string) => void, counts: boolean]>
> = {
  mode: [(root, name) => root.chmod(name, 0o600), true],
  "sticky bit": [(root, name) => root.chmod(name, 0o1644), true],
  owner: [(root, name) => root.chown(name, 1, 0), true],
  group: [(root, name) => root.chown(name, 0, 1), true],
  "time, by a second": [(root, name) => root.utimes(name, at(5), at(6)), true],
  "time, by a nanosecond": [
    (root, name) => root.utimes(name, at(5), at(5, 2)),
    true,
  ],
  "a fraction of a second that one side has not": [
    (root, name) => root.utimes(name, at(5), at(5, 0)),
    false,
  ],
  "time of access": [(root, name) => root.utimes(name, at(9), at(5, 1)), false],
  "another attribute": [
    (root, name) => setXattrAt(root, name, "user.note", new Uint8Array([1])),
    false,
  ],
  "another name": [(root, name) => root.link(root, name, `link-${name}`), true],
};

function at(seconds: number, nanoseconds = 0) {
  return { seconds, nanoseconds };
}

for (const [what, [make, counts]] of Object.entries(DIFFERENCES)) {
  Deno.test(`compareTrees() ${counts ? "notices" : "passes over"} ${what}`, () => {
    using trees = new TwoTrees();
    for (const path of [trees.one, trees.other]) {
      write(`${path}/file`, "same");
      using root = Dir.open(path);
      root.utimes("file", at(5), at(5, 1));
    }
    using other = Dir.open(trees.other);
    make(other, "file");

    assertEquals(compare(trees.one, trees.other).length, counts ? 1 : 0);
  });
}

Deno.test("compareTrees() notices a size, a device number and a capability, but no content", () => {
  using trees = new TwoTrees();
  const capability = new Uint8Array([1, 0, 0, 2, 1, ...new Array(15).fill(0)]);
  for (const [i, path] of [trees.one, trees.other].entries()) {
    using root = Dir.open(path);
    write(`${path}/content`, `${i}`);
    write(`${path}/size`, "x".repeat(i));
    write(`${path}/capability`);
    if (i === 1) {
      setXattrAt(root, "capability", "security.capability", capability);
    }
    root.mknod("device", S_IFCHR | 0o600, makeDev(1, 3 + i));
    root.symlink(`target${i}`, "link");
    for (const { name } of root.names()) root.utimes(name, at(5), at(5, 1));
  }

  assertEquals(lines(trees.one, trees.other), [
    "C /capability",
    "C /device",
    "C /size",
  ]);
});

Deno.test("compareTrees() passes over time and size of directories", () => {
  using trees = copied();
  for (let i = 0; i < 200; i++) {
    write(`${trees.other}/dir1/${"x".repeat(100)}${i}`);
  }
  for (let i = 0; i < 200; i++) {
    Deno.removeSync(`${trees.other}/dir1/${"x".repeat(100)}${i}`);
  }

  assertEquals(lines(trees.one, trees.other), []);
});

Deno.test("compareTrees() lists a directory before what changed in it, and nothing below what is gone", () => {
  using trees = copied((root) => {
    Deno.mkdirSync(`${root}/a/b/c`, { recursive: true });
    write(`${root}/a/b/c/file`);
    Deno.mkdirSync(`${root}/gone/inner`, { recursive: true });
    Deno.mkdirSync(`${root}/dir/inner`, { recursive: true });
    write(`${root}/file`);
  });
  write(`${trees.other}/a/b/c/new`);
  Deno.removeSync(`${trees.other}/gone`, { recursive: true });
  Deno.removeSync(`${trees.other}/dir`, { recursive: true });
  write(`${trees.other}/dir`);
  Deno.removeSync(`${trees.other}/file`);
  Deno.mkdirSync(`${trees.other}/file/inner`, { recursive: true });
  using old = Dir.open(trees.one);
  using now = Dir.open(trees.other);

  const found = changeLines([...compareTrees(old, now)]);

  assertEquals(found.toSorted(), [
    "A /a/b/c/new",
    "A /file/inner",
    "C /a",
    "C /a/b",
    "C /a/b/c",
    "C /dir",
    "C /file",
    "D /gone",
  ]);
  for (const [i, line] of found.entries()) {
    const above = line.slice(2, line.lastIndexOf("/"));
    const parent = found.findIndex((other) => other.slice(2) === above);
    assert(parent < i, `${line} comes before its directory`);
  }
});

Deno.test("additions() lists every file of a tree as added", () => {
  using trees = new TwoTrees();
  Deno.mkdirSync(`${trees.one}/a`);
  write(`${trees.one}/a/x`);
  write(`${trees.one}/a-b`);
  using root = Dir.open(trees.one);

  assertEquals(changeLines([...additions(root)]), ["A /a", "A /a/x", "A /a-b"]);
});

function bytesIn(make: (root: string) => void): number {
  using trees = new TwoTrees();
  make(trees.one);
  using root = Dir.open(trees.one);
  const steps = usage(root);
  for (;;) {
    const { value, done } = steps.next();
    if (done) return value;
  }
}

Deno.test("usage() adds up files, links by their length, each inode once", () => {
  assertEquals(bytesIn(() => {}), 0);
  assertEquals(bytesIn((root) => write(`${root}/file`)), 0);
  assertEquals(bytesIn((root) => write(`${root}/file`, "hello")), 5);
  assertEquals(
    bytesIn((root) => Deno.mkdirSync(`${root}/a/b/c`, { recursive: true })),
    0,
  );
  assertEquals(
    bytesIn((root) => {
      write(`${root}/file`, "file12");
      Deno.mkdirSync(`${root}/empty`);
    }),
    6,
  );
  assertEquals(
    bytesIn((root) => {
      write(`${root}/file`, "file12");
      Deno.mkdirSync(`${root}/nested`);
      write(`${root}/nested/file`, "nested");
    }),
    12,
  );
  assertEquals(
    bytesIn((root) => {
      write(`${root}/file`, "file12");
      Deno.linkSync(`${root}/file`, `${root}/link`);
      Deno.symlinkSync("1234", `${root}/symlink`);
    }),
    10,
  );
});

Deno.test("usage() fails for a directory that is not there", () => {
  assertThrows(() => Dir.open("/nonexistent/directory"));
});

Deno.test("Tally counts what changed, links once, and nothing for directories and deletions", () => {
  using trees = new TwoTrees();
  write(`${trees.other}/file1`, "123");
  write(`${trees.other}/file2`, "456");
  Deno.linkSync(`${trees.other}/file2`, `${trees.other}/file3`);
  Deno.mkdirSync(`${trees.other}/dir`);
  write(`${trees.one}/gone`, "1234567");

  const tally = new Tally();
  for (const { status } of compare(trees.one, trees.other)) {
    if (status) tally.add(status);
  }

  assertEquals(tally.bytes, 6);
  assertEquals(new Tally().bytes, 0);
});
