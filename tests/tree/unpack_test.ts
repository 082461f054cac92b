/**
 * Archive entries to files.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { hasCode } from "../../src/linux/errno.ts";
import { getXattrAt } from "../../src/linux/xattr.ts";
import type { TarEntry } from "../../src/tar/entry.ts";
import { IdMap } from "../../src/tree/owners.ts";
import { encodeName } from "../../src/text.ts";
import { assert, assertEquals } from "../assert.ts";
import { assertCode } from "../fixtures.ts";
import {
  archive,
  dir,
  file,
  link,
  type Member,
  member,
  node,
  symlink,
} from "../tar_builder.ts";
import { END, file as rawFile, join, pax } from "../tar/fixture.ts";
import { describeTree, namesIn } from "../trees.ts";
import { TwoTrees, unpack, unpackSettings } from "./harness.ts";

/** Status of a file in a tree, not followed. */
function look(root: string, name: string) {
  using dir = Dir.open(root);
  return dir.stat(name);
}

function modeOf(root: string, name: string): number {
  return look(root, name).mode;
}

function timeOf(root: string, name: string): [number, number] {
  const { mtime, mtimeNs } = look(root, name);
  return [mtime, mtimeNs];
}

function text(root: string, name: string): string {
  return Deno.readTextFileSync(`${root}/${name}`);
}

function at(seconds: number, nanoseconds = 0): Partial<TarEntry> {
  return { mtime: { seconds, nanoseconds } };
}

/** Runs `task` under several umasks, each in a tree of its own. */
function underUmasks(task: (root: string) => void): void {
  for (const umask of [0, 0o022, 0o027, 0o077]) {
    using trees = new TwoTrees();
    const before = Deno.umask(umask);
    try {
      task(trees.one);
    } finally {
      Deno.umask(before);
    }
  }
}

Deno.test("Unpacker makes implied directories 0755 at every level, whatever the umask", () => {
  underUmasks((root) => {
    unpack(root, archive(file("a/b/c/file"), dir("x/y/z", { mode: 0o700 })));

    for (const name of ["a", "a/b", "a/b/c", "x", "x/y"]) {
      assertEquals(modeOf(root, name), 0o755, name);
    }
    assertEquals(modeOf(root, "x/y/z"), 0o700);
  });
});

Deno.test("Unpacker keeps explicit modes, whatever the umask", () => {
  underUmasks((root) => {
    const modes = [0o644, 0o600, 0o400, 0o777, 0o000, 0o4755, 0o2711, 0o1666];
    const members = modes.flatMap((mode): Member[] => [
      file(`file-${mode}`, "", { mode }),
      dir(`dir-${mode}`, { mode }),
      { ...node(`fifo-${mode}`, "6"), mode },
      { ...node(`device-${mode}`, "3", 1, 3), mode },
    ]);

    unpack(root, archive(...members));

    for (const mode of modes) {
      for (const kind of ["file", "dir", "fifo", "device"]) {
        assertEquals(modeOf(root, `${kind}-${mode}`), mode, `${kind} ${mode}`);
      }
    }
  });
});

Deno.test("Unpacker keeps suid bits and capabilities of files with other owners", () => {
  using trees = new TwoTrees();
  const capability = new Uint8Array([1, 0, 0, 2, 1, ...new Array(15).fill(0)]);

  unpack(
    trees.one,
    archive({
      ...file("file", "x", { mode: 0o6755, uid: 5, gid: 6 }),
      xattrs: new Map([["security.capability", capability]]),
    }),
  );

  const { mode, uid, gid } = look(trees.one, "file");
  assertEquals([mode, uid, gid], [0o6755, 5, 6]);
  using root = Dir.open(trees.one);
  assertEquals(getXattrAt(root, "file", "security.capability"), capability);
});

Deno.test("Unpacker gives files below a setgid directory the groups of their entries", () => {
  using trees = new TwoTrees();

  unpack(
    trees.one,
    archive(
      dir("d", { mode: 0o2775, gid: 50 }),
      file("d/file"),
      dir("d/dir"),
      file("d/implied/file"),
      symlink("d/link", "x"),
    ),
  );

  for (const name of ["file", "dir", "implied", "implied/file", "link"]) {
    assertEquals(look(trees.one, `d/${name}`).gid, 0, name);
  }
  assertEquals(modeOf(trees.one, "d/dir"), 0o755);
  assertEquals(modeOf(trees.one, "d"), 0o2775);
});

Deno.test("Unpacker takes a directory whose name has no slash at its end", () => {
  using trees = new TwoTrees();

  unpack(trees.one, archive({ name: "a/b", type: "5", mode: 0o711 }));

  assertEquals(modeOf(trees.one, "a"), 0o755);
  assertEquals(modeOf(trees.one, "a/b"), 0o711);
});

Deno.test("Unpacker makes no directories for a global header", () => {
  using trees = new TwoTrees();
  const global = rawFile({ name: "some/dir/pax_global_header", type: "g" });

  unpack(trees.one, join(global, member(file("a")), END));

  assertEquals(namesIn(trees.one), ["a"]);
});

Deno.test("Unpacker makes devices and fifos with their numbers", () => {
  using trees = new TwoTrees();

  unpack(
    trees.one,
    archive(
      node("char", "3", 12, 5),
      node("block", "4", 259, 70_000),
      node("fifo", "6"),
    ),
  );

  assertEquals(
    describeTree(trees.one, { times: false }),
    [
      "/block block 0644 0:0 259:70000",
      "/char char 0644 0:0 12:5",
      "/fifo fifo 0644 0:0",
    ],
  );
});

Deno.test("Unpacker makes a literal device 0:0 as Docker does", () => {
  using trees = new TwoTrees();

  unpack(trees.one, archive(node("w", "3", 0, 0)));

  assertEquals(look(trees.one, "w").type, "char");
});

Deno.test("Unpacker leaves devices out in a user namespace, and says so", () => {
  using trees = new TwoTrees();
  const settings = unpackSettings({ skipDevices: true });

  unpack(
    trees.one,
    archive(node("char", "3", 1, 3), node("block", "4", 1, 3), node("f", "6")),
    settings,
  );

  assertEquals(namesIn(trees.one), ["f"]);
  assertEquals(settings.warnings.length, 2);
});

Deno.test("Unpacker sets times to the nanosecond, directories' last", () => {
  using trees = new TwoTrees();

  unpack(
    trees.one,
    archive(
      dir("d", at(1_000, 1)),
      dir("d/e", at(2_000, 999_999_999)),
      file("d/e/file", "x", at(3_000, 123_456_789)),
      { ...symlink("d/link", "nowhere"), ...at(4_000, 5) },
      { ...node("d/fifo", "6"), ...at(5_000, 6) },
      file("d/later", "", at(5_000_000_000)),
    ),
  );

  assertEquals(timeOf(trees.one, "d"), [1_000, 1]);
  assertEquals(timeOf(trees.one, "d/e"), [2_000, 999_999_999]);
  assertEquals(timeOf(trees.one, "d/e/file"), [3_000, 123_456_789]);
  assertEquals(timeOf(trees.one, "d/link"), [4_000, 5]);
  assertEquals(timeOf(trees.one, "d/fifo"), [5_000, 6]);
  assertEquals(timeOf(trees.one, "d/later"), [5_000_000_000, 0]);
});

Deno.test("Unpacker turns times before 1970, and those no clock reaches, into 1970", () => {
  using trees = new TwoTrees();

  unpack(
    trees.one,
    archive(
      file("before", "", at(-1)),
      dir("dir", at(-100)),
      file("after", "", at(9_300_000_000)),
    ),
  );

  for (const name of ["before", "dir", "after"]) {
    assertEquals(timeOf(trees.one, name), [0, 0], name);
  }
});

Deno.test("Unpacker takes the later of both times for the time of access", () => {
  using trees = new TwoTrees();
  const atime = (seconds: number) => ({ atime: { seconds, nanoseconds: 0 } });

  unpack(
    trees.one,
    archive(
      file("none", "", at(1000)),
      file("later", "", { ...at(1000), ...atime(2000) }),
      file("earlier", "", { ...at(1000), ...atime(500) }),
    ),
  );

  const accessed = ["none", "later", "earlier"].map((name) =>
    Deno.lstatSync(`${trees.one}/${name}`).atime!.getTime() / 1000
  );
  assertEquals(accessed, [1000, 2000, 1000]);
});

Deno.test("Unpacker replaces what stands in the way, but keeps directories", () => {
  using trees = new TwoTrees();

  unpack(
    trees.one,
    archive(
      file("file", "old content"),
      file("file", "new"),
      dir("dir", { mode: 0o700 }),
      file("dir/kept", "kept"),
      dir("dir", { mode: 0o711 }),
      dir("gone"),
      file("gone/file"),
      file("gone", "a file now"),
      file("d", "a file"),
      dir("d"),
      symlink("link", "file"),
      file("link", "not through it"),
      symlink("dirlink", "dir"),
      dir("dirlink", { mode: 0o750 }),
    ),
  );

  assertEquals(namesIn(trees.one), [
    "d/",
    "dir/",
    "dir/kept",
    "dirlink/",
    "file",
    "gone",
    "link",
  ]);
  assertEquals(text(trees.one, "file"), "new");
  assertEquals(modeOf(trees.one, "dir"), 0o711);
  assertEquals(text(trees.one, "gone"), "a file now");
  assertEquals(text(trees.one, "link"), "not through it");
  assertEquals(modeOf(trees.one, "dirlink"), 0o750);
});

Deno.test("Unpacker goes on in a directory that was replaced by another", () => {
  using trees = new TwoTrees();

  unpack(
    trees.one,
    archive(
      file("a/b/c/one"),
      file("a/b", "a file"),
      file("a/b", "again"),
      dir("a/b"),
      file("a/b/c/two"),
    ),
  );

  assertEquals(namesIn(trees.one), ["a/", "a/b/", "a/b/c/", "a/b/c/two"]);
});

Deno.test("Unpacker gives a hard link's mode, owner and time to the file", () => {
  using trees = new TwoTrees();

  unpack(
    trees.one,
    archive(
      file("file", "content", { mode: 0o600, ...at(1) }),
      link("link", "file", { mode: 0o711, uid: 7, gid: 8, ...at(2000) }),
    ),
  );

  const one = look(trees.one, "file");
  const other = look(trees.one, "link");
  assertEquals(one.ino, other.ino);
  assertEquals([one.mode, one.uid, one.gid], [0o711, 7, 8]);
  assertEquals(timeOf(trees.one, "file"), [2000, 0]);
});

Deno.test("Unpacker links symbolic links, devices and what links lead to", () => {
  using trees = new TwoTrees();

  unpack(
    trees.one,
    archive(
      symlink("dangling", "target"),
      link("hard", "dangling"),
      file("target", "made later"),
      node("fifo", "6"),
      link("fifo2", "/fifo"),
      dir("real"),
      file("real/file", "x"),
      symlink("via", "/real"),
      link("linked", "via/file"),
    ),
  );

  const ino = (name: string) => look(trees.one, name).ino;
  assertEquals(ino("hard"), ino("dangling"));
  assertEquals(look(trees.one, "hard").type, "symlink");
  assertEquals(text(trees.one, "hard"), "made later");
  assertEquals(ino("fifo2"), ino("fifo"));
  assertEquals(ino("linked"), ino("real/file"));
});

Deno.test("Unpacker keeps the texts of links as they are", () => {
  using trees = new TwoTrees();
  const targets = ["/etc/passwd", "../../x", "a//b/./c", "x/", "\udcff", "é"];

  unpack(trees.one, archive(...targets.map((to, i) => symlink(`${i}`, to))));

  using root = Dir.open(trees.one);
  for (const [i, target] of targets.entries()) {
    assertEquals(root.readlink(`${i}`), target);
  }
});

Deno.test("Unpacker takes names in every spelling", () => {
  using trees = new TwoTrees();

  unpack(
    trees.one,
    archive(
      file("./a"),
      file("/b"),
      file("c//d"),
      file("e/../f"),
      dir("g/."),
      file("..gitme"),
      file("..."),
    ),
  );

  assertEquals(namesIn(trees.one), [
    "...",
    "..gitme",
    "a",
    "b",
    "c/",
    "c/d",
    "f",
    "g/",
  ]);
});

Deno.test("Unpacker takes names that are long or not UTF-8", () => {
  using trees = new TwoTrees();
  const long = "n".repeat(255);
  const deep = Array.from({ length: 12 }, () => "d".repeat(200)).join("/");

  unpack(
    trees.one,
    archive(file(long), file(`${deep}/file`), file("\udcff\udcfe"), file("é")),
  );

  const names = namesIn(trees.one);
  assertEquals(names.includes(long), true);
  assertEquals(names.includes(`${deep}/file`), true);
  assertEquals(names.includes("\udcff\udcfe"), true);
  assertEquals(names.includes("é"), true);
});

Deno.test("Unpacker refuses a name that no file can have", async () => {
  using trees = new TwoTrees();

  const error = await assertCode(
    () => unpack(trees.one, archive(file("n".repeat(256)))),
    "EBADMSG",
  );

  assert(hasCode(error.cause, "ENAMETOOLONG"), `${error.cause}`);
  assert(error.message.length < 300, error.message);
});

Deno.test("Unpacker makes no directory that a diff would take for a whiteout", async () => {
  for (const name of [".wh.x/file", "a/.wh.x/file", ".wh..wh..opq/file"]) {
    using trees = new TwoTrees();
    await assertCode(
      () => unpack(trees.one, archive(file(name))),
      "EBADMSG",
      name,
    );
  }
});

Deno.test("Unpacker makes no other name of a whiteout", async () => {
  using trees = new TwoTrees();
  const bytes = archive(file(".wh.x"), link("y", "x"));

  await assertCode(() => unpack(trees.one, bytes), "EBADMSG");
});

Deno.test("Unpacker looks again for a directory that a link led to and that went", async () => {
  using trees = new TwoTrees();
  const bytes = archive(
    symlink("d/up", ".."),
    file("d/up/one"),
    file("d/up/d", "a file now"),
    file("d/up/two"),
  );

  await assertCode(() => unpack(trees.one, bytes), "EBADMSG");

  assertEquals(namesIn(trees.one), ["d", "one"]);
});

Deno.test("Unpacker sets attributes that the file system takes, and tells of others", () => {
  using trees = new TwoTrees();
  const settings = unpackSettings();
  const value = new Uint8Array([0, 255, 10, 61]);

  unpack(
    trees.one,
    archive(
      { ...file("file"), xattrs: new Map([["user.note", value]]) },
      { ...dir("dir"), xattrs: new Map([["trusted.x", value]]) },
      { ...symlink("link", "x"), xattrs: new Map([["user.note", value]]) },
    ),
    settings,
  );

  using root = Dir.open(trees.one);
  assertEquals(getXattrAt(root, "file", "user.note"), value);
  assertEquals(getXattrAt(root, "dir", "trusted.x"), value);
  assertEquals(getXattrAt(root, "link", "user.note"), undefined);
  assertEquals(settings.warnings.length, 1, settings.warnings.join());
});

Deno.test("Unpacker fails on attributes that the file system does not know", async () => {
  using trees = new TwoTrees();
  const xattrs = new Map([["strange.name", encodeName("x")]]);

  await assertCode(
    () => unpack(trees.one, archive({ ...file("file"), xattrs })),
    "EOPNOTSUPP",
  );
});

Deno.test("Unpacker writes the holes of a sparse file as zeros", () => {
  using trees = new TwoTrees();
  const map = "2\n0\n4\n10000\n4\n";
  const data = join(
    encodeName(map),
    new Uint8Array(512 - map.length),
    "headtail",
  );
  const sparse = join(
    pax(
      ["GNU.sparse.major", "1"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.name", "sparse"],
      ["GNU.sparse.realsize", "20000"],
    ),
    rawFile({ name: "GNUSparseFile.0/sparse", mode: "0000600\0" }, data),
    END,
  );

  const unpacker = unpack(trees.one, sparse);

  const bytes = Deno.readFileSync(`${trees.one}/sparse`);
  const expected = new Uint8Array(20000);
  expected.set(encodeName("head"), 0);
  expected.set(encodeName("tail"), 10000);
  assertEquals(bytes, expected);
  assertEquals(unpacker.diskBytes, 20000);
});

Deno.test("Unpacker reads old prefixes and archives of mixed formats", () => {
  using trees = new TwoTrees();
  const old = rawFile(
    { name: "name", prefix: "a/prefix", mode: "0000640\0" },
    "x",
  );
  const gnu = join(
    rawFile(
      { name: "././@LongLink", type: "L", magic: "ustar  \0" },
      `${"g".repeat(150)}\0`,
    ),
    rawFile({ name: "g".repeat(100), magic: "ustar  \0" }, "gnu"),
  );

  unpack(trees.one, join(old, gnu, member(file("ustar", "u")), END));

  assertEquals(namesIn(trees.one), [
    "a/",
    "a/prefix/",
    "a/prefix/name",
    "g".repeat(150),
    "ustar",
  ]);
});

Deno.test("Unpacker counts the bytes on disk as usage does", () => {
  using trees = new TwoTrees();

  const simple = unpack(
    trees.one,
    archive(file("a", "12345"), symlink("s", "éé"), link("l", "a"), dir("d")),
  );
  const replacing = unpack(
    trees.other,
    archive(file("a", "12345"), file("a", "1")),
  );

  assertEquals(simple.diskBytes, 9);
  assertEquals(simple.headerBytes, 5);
  assertEquals(simple.entries, 4);
  assertEquals(replacing.diskBytes, undefined);
});

Deno.test("Unpacker translates owners and refuses those it cannot", async () => {
  using trees = new TwoTrees();
  const map = new IdMap([{ containerId: 0, hostId: 1000, size: 10 }]);
  const settings = unpackSettings({ owners: { users: map, groups: map } });

  unpack(
    trees.one,
    archive(file("d/file", "", { uid: 3, gid: 4 })),
    settings,
  );

  const { uid, gid } = look(trees.one, "d/file");
  assertEquals([uid, gid], [1003, 1004]);
  assertEquals(look(trees.one, "d").uid, 1000);
  await assertCode(
    () => unpack(trees.one, archive(file("x", "", { uid: 10 })), settings),
    "EBADMSG",
  );
});

Deno.test("Unpacker refuses owners that no file can have", async () => {
  for (const owner of [{ uid: 0xffff_ffff }, { gid: 2 ** 32 }, { uid: -1 }]) {
    using trees = new TwoTrees();

    await assertCode(
      () => unpack(trees.one, archive(file("x", "", owner))),
      "EBADMSG",
      JSON.stringify(owner),
    );
  }
});

Deno.test("Unpacker marks in the namespace of the home", () => {
  using trees = new TwoTrees();

  unpack(
    trees.one,
    archive(file("d/.wh..wh..opq"), file(".wh.x")),
    unpackSettings({ namespace: "user.overlay." }),
  );

  using root = Dir.open(trees.one);
  assertEquals(getXattrAt(root, "d", "user.overlay.opaque"), encodeName("y"));
  assertEquals(getXattrAt(root, "d", "trusted.overlay.opaque"), undefined);
});
