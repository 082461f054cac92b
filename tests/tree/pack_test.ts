/**
 * Files to archive entries.
 *
 * @module
 */

import { S_IFCHR, S_IFIFO, S_IFSOCK } from "../../src/linux/constants.ts";
import { Dir, makeDev } from "../../src/linux/dir.ts";
import { setXattrAt } from "../../src/linux/xattr.ts";
import { encodeName } from "../../src/text.ts";
import { Archive, encoded } from "../../src/tree/archive.ts";
import { IdMap } from "../../src/tree/owners.ts";
import { packLayer, packTree } from "../../src/tree/pack_tree.ts";
import type { Change } from "../../src/types.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { assertCode, openDescriptors } from "../fixtures.ts";
import {
  archive,
  archiveLines,
  archiveNames,
  file,
  member,
} from "../tar_builder.ts";
import { entriesOf, join } from "../tar/fixture.ts";
import { assertSameTree, describeTree, namesIn } from "../trees.ts";
import {
  drain,
  pack,
  packOf,
  packSettings,
  TwoTrees,
  unpack,
} from "./harness.ts";

const TIME = { seconds: 1_500_000_000, nanoseconds: 999_999_999 };

/** Fills a tree through its root. */
function make(path: string, task: (root: Dir) => void): void {
  using root = Dir.open(path);
  task(root);
}

function write(path: string, text = ""): void {
  Deno.writeTextFileSync(path, text);
}

/** Gives every file of a tree the same time. */
function setTimes(root: Dir): void {
  using listing = root.reopen();
  for (const { name } of listing.names()) {
    if (root.stat(name).type === "dir") {
      using inner = root.openDir(name);
      setTimes(inner);
    }
    root.utimes(name, TIME, TIME);
  }
}

const CAPABILITY = "security.capability";

Deno.test("packLayer() gives each directory before its content, names by their bytes", () => {
  using trees = new TwoTrees();
  make(trees.one, (root) => {
    for (const name of ["a", "a-b", "B", "é", "\udcff", "\u{1F600}", "ｅ"]) {
      root.mkdir(name, 0o755);
      using dir = root.openDir(name);
      dir.mkdir("x", 0o755);
    }
  });

  assertEquals(archiveNames(pack(trees.one)), [
    ...["B", "a", "a-b", "é", "ｅ", "\u{1F600}", "\udcff"].flatMap((name) => [
      `${name}/`,
      `${name}/x/`,
    ]),
  ]);
});

Deno.test("packLayer() writes ustar where it can and PAX where it must", () => {
  using trees = new TwoTrees();
  make(trees.one, (root) => {
    const long = "n".repeat(101);
    root.mkdir("d".repeat(60), 0o755);
    for (
      const name of [long, `${"d".repeat(60)}/${"f".repeat(60)}`, "ünï", "u"]
    ) {
      write(`${trees.one}/${name}`);
    }
    root.chown("u", 3_000_000, 2_097_151);
    setTimes(root);
  });
  const bytes = pack(trees.one);

  const types: string[] = [];
  for (let at = 0; at < bytes.length - 1024;) {
    const block = bytes.subarray(at, at + 512);
    const size = parseInt(
      new TextDecoder().decode(block.subarray(124, 135)),
      8,
    );
    const body = bytes.subarray(at + 512, at + 512 + size);
    const type = String.fromCharCode(block[156]!);
    types.push(type === "x" ? `x ${new TextDecoder().decode(body)}` : type);
    at += 512 + Math.ceil(size / 512) * 512;
  }

  assertEquals(types, [
    "5",
    "0",
    `x 111 path=${"n".repeat(101)}\n`,
    "0",
    "x 15 uid=3000000\n",
    "0",
    "x 14 path=ünï\n",
    "0",
  ]);
});

Deno.test("packLayer() writes every kind of file, and reads back the same", () => {
  using trees = new TwoTrees();
  make(trees.one, (root) => {
    write(`${trees.one}/file`, "content");
    write(`${trees.one}/empty`);
    root.mkdir("dir", 0o1777);
    root.chmod("dir", 0o1777);
    root.symlink("/etc/../x", "link");
    root.mknod("char", S_IFCHR | 0o640, makeDev(12, 5));
    root.mknod("fifo", S_IFIFO | 0o600, 0n);
    setTimes(root);
  });

  const bytes = pack(trees.one);
  unpack(trees.other, bytes);

  assertSameTree(trees.other, trees.one);
  assertEquals(pack(trees.other), bytes);
  assertEquals(archiveLines(bytes), [
    "3 0640 0:0 @1500000000 char 12:5",
    "5 1777 0:0 @1500000000 dir/",
    "0 0644 0:0 @1500000000 empty",
    "6 0600 0:0 @1500000000 fifo",
    "0 0644 0:0 @1500000000 file 7",
    "2 0777 0:0 @1500000000 link -> /etc/../x",
  ]);
});

Deno.test("packLayer() writes no names of users and groups", () => {
  using trees = new TwoTrees();
  write(`${trees.one}/file`);

  const bytes = pack(trees.one);

  assertEquals(bytes.subarray(265, 329), new Uint8Array(64));
});

Deno.test("packLayer() writes a hard link for each further name of a file", () => {
  using trees = new TwoTrees();
  make(trees.one, (root) => {
    write(`${trees.one}/b`, "content");
    root.link(root, "b", "a");
    root.mkdir("d", 0o755);
    using dir = root.openDir("d");
    dir.link(root, "b", "c");
    root.symlink("x", "s");
    root.link(root, "s", "t");
    root.mknod("fifo", S_IFIFO | 0o600, 0n);
    root.link(root, "fifo", "gifo");
    write(`${trees.one}/elsewhere`);
    Deno.linkSync(`${trees.one}/elsewhere`, `${trees.other}/outside`);
  });

  const lines = archiveLines(pack(trees.one))
    .map((line) => line.replace(/ \d{4} .*@\d+/, ""));

  assertEquals(lines, [
    "0 a 7",
    "1 b -> a",
    "5 d/",
    "1 d/c -> a",
    "0 elsewhere",
    "6 fifo",
    "1 gifo -> fifo",
    "2 s -> x",
    "1 t -> s",
  ]);
});

Deno.test("packLayer() and Unpacker keep two links of one file together", () => {
  using trees = new TwoTrees();
  make(trees.one, (root) => {
    write(`${trees.one}/1`, "content");
    root.link(root, "1", "2");
  });

  unpack(trees.other, pack(trees.one));

  using other = Dir.open(trees.other);
  assertEquals(other.stat("1").ino, other.stat("2").ino);
  assertEquals(other.stat("1").nlink, 2);
});

Deno.test("packLayer() of a thousand files, a third of them links, reads back the same", () => {
  using trees = new TwoTrees();
  make(trees.one, (root) => {
    for (let i = 0; i < 1000; i++) {
      if (i % 3 === 2) root.link(root, `file-${i - 1}`, `file-${i}`);
      else write(`${trees.one}/file-${i}`, `content of ${i}`);
    }
  });

  unpack(trees.other, pack(trees.one));

  assertSameTree(trees.other, trees.one);
});

Deno.test("packLayer() carries a capability and no other attribute", () => {
  using trees = new TwoTrees();
  const zeros = new Array(12).fill(0);
  const version2 = new Uint8Array([1, 0, 0, 2, 4, 0, 0, 0, ...zeros]);
  const version3 = new Uint8Array([
    1,
    0,
    0,
    3,
    4,
    0,
    0,
    0,
    ...zeros,
    1,
    2,
    3,
    4,
  ]);
  make(trees.one, (root) => {
    for (const name of ["empty", "plain", "two", "three"]) {
      write(`${trees.one}/${name}`, name === "empty" ? "" : "x");
      setXattrAt(root, name, "user.note", encodeName("x"));
      setXattrAt(root, name, "trusted.note", encodeName("x"));
    }
    setXattrAt(root, "two", CAPABILITY, version2);
    setXattrAt(root, "empty", CAPABILITY, version2);
    setXattrAt(root, "three", CAPABILITY, version3);
  });

  const found = entriesOf(pack(trees.one)).map(({ entry }) => [
    entry.name,
    [...entry.xattrs ?? []],
  ]);

  assertEquals(found, [
    ["empty", [[CAPABILITY, version2]]],
    ["plain", []],
    ["three", [[CAPABILITY, version2]]],
    ["two", [[CAPABILITY, version2]]],
  ]);
});

Deno.test("packLayer() turns marks into names, and keeps later whiteouts' links as Docker does", () => {
  using trees = new TwoTrees();
  make(trees.one, (root) => {
    for (const [name, mode] of [["d1", 0o700], ["d2", 0o1750]] as const) {
      root.mkdir(name, mode);
      root.chmod(name, mode);
      setXattrAt(root, name, "trusted.overlay.opaque", encodeName("y"));
      write(`${trees.one}/${name}/file`);
    }
    root.mkdir("d3", 0o755);
    using dir = root.openDir("d3");
    dir.mknod("f1", S_IFCHR, 0n);
    dir.link(dir, "f1", "f2");
    setTimes(root);
  });

  assertEquals(archiveLines(pack(trees.one)), [
    "5 0700 0:0 @1500000000 d1/",
    "0 0700 0:0 @0 d1/.wh..wh..opq",
    "0 0644 0:0 @1500000000 d1/file",
    "5 1750 0:0 @1500000000 d2/",
    "0 0750 0:0 @0 d2/.wh..wh..opq",
    "0 0644 0:0 @1500000000 d2/file",
    "5 0755 0:0 @1500000000 d3/",
    "0 0600 0:0 @1500000000 d3/.wh.f1",
    "0 0600 0:0 @1500000000 d3/.wh.f2 -> d3/f1",
  ]);
});

Deno.test("packLayer() and Unpacker restore opaque directories and whiteouts", () => {
  using trees = new TwoTrees();
  make(trees.one, (root) => {
    for (const [name, mode] of [["d1", 0o700], ["d2", 0o750]] as const) {
      root.mkdir(name, mode);
      setXattrAt(root, name, "trusted.overlay.opaque", encodeName("y"));
      write(`${trees.one}/${name}/file`);
    }
    root.mkdir("d3", 0o755);
    using dir = root.openDir("d3");
    dir.mknod("f1", S_IFCHR, 0n);
    setTimes(root);
  });
  const bytes = pack(trees.one);

  unpack(trees.other, bytes);

  assertEquals(archiveNames(bytes), [
    "d1/",
    "d1/.wh..wh..opq",
    "d1/file",
    "d2/",
    "d2/.wh..wh..opq",
    "d2/file",
    "d3/",
    "d3/.wh.f1",
  ]);
  for (const { entry } of entriesOf(bytes)) {
    assertEquals([entry.devmajor, entry.devminor, entry.xattrs], [
      0,
      0,
      undefined,
    ]);
  }
  const all = { times: false };
  assertEquals(describeTree(trees.other, all), describeTree(trees.one, all));
});

Deno.test("packLayer() takes only the value y for an opaque mark", () => {
  using trees = new TwoTrees();
  make(trees.one, (root) => {
    for (const value of ["n", "yes", ""]) {
      root.mkdir(`d${value}`, 0o755);
      const bytes = encodeName(value);
      setXattrAt(root, `d${value}`, "trusted.overlay.opaque", bytes);
    }
  });

  assertEquals(archiveNames(pack(trees.one)), ["d/", "dn/", "dyes/"]);
});

Deno.test("packLayer() exports a file that is named like a whiteout unchanged", () => {
  using trees = new TwoTrees();
  write(`${trees.one}/.wh.x`, "content");

  assertEquals(archiveNames(pack(trees.one)), [".wh.x"]);
});

Deno.test("packLayer() leaves out what an archive cannot hold, and says so", () => {
  using trees = new TwoTrees();
  const map = new IdMap([{ containerId: 0, hostId: 0, size: 10 }]);
  const settings = packSettings({ owners: { users: map, groups: map } });
  make(trees.one, (root) => {
    root.mknod("socket", S_IFSOCK | 0o600, 0n);
    root.mkdir("stranger", 0o755);
    write(`${trees.one}/stranger/inner`);
    root.chown("stranger", 50, 0);
    write(`${trees.one}/.wh.stranger`);
    root.chown(".wh.stranger", 50, 60);
  });

  assertEquals(archiveNames(pack(trees.one, settings)), [
    ".wh.stranger",
    "stranger/inner",
  ]);
  assertEquals(settings.warnings.length, 2);
  assertStringIncludes(settings.warnings[0]!, "socket");
  assertStringIncludes(settings.warnings[1]!, "stranger");
});

Deno.test("packTree() archives marks as the devices they are", () => {
  using trees = new TwoTrees();
  make(trees.one, (root) => root.mknod("w", S_IFCHR, 0n));
  using root = Dir.open(trees.one);
  using whole = new Archive(encoded(packTree(root, packSettings())));

  const [line] = archiveLines(drain(whole));

  assertEquals(line!.replace(/@\d+ /, ""), "3 0000 0:0 w");
});

Deno.test("packChanges() links names in the order of the changes it is given", () => {
  using trees = new TwoTrees();
  make(trees.one, (root) => {
    write(`${trees.one}/a`, "content");
    root.link(root, "a", "b");
    root.link(root, "a", "unchanged");
  });
  const change = (path: string): Change => ({ path, kind: "C" });

  const lines = (changes: Change[]) =>
    archiveLines(packOf(trees.one, changes))
      .map((line) => line.replace(/ \d{4} .*@\d+/, ""));

  assertEquals(lines([change("/a"), change("/b")]), ["0 a 7", "1 b -> a"]);
  assertEquals(lines([change("/b")]), ["0 b 7"]);
});

Deno.test("packChanges() names a deletion in its directory", () => {
  using trees = new TwoTrees();

  const lines = archiveLines(packOf(trees.one, [
    { path: "/a/b/gone", kind: "D" },
    { path: "/gone", kind: "D" },
  ]));

  assertEquals(lines.map((line) => line.replace(/@\d+ /, "")), [
    "0 0000 0:0 a/b/.wh.gone",
    "0 0000 0:0 .wh.gone",
  ]);
});

Deno.test("packChanges() does not follow links that lead out of the tree", () => {
  using trees = new TwoTrees();
  write(`${trees.other}/secret`, "secret");
  Deno.symlinkSync(trees.other, `${trees.one}/link`);
  Deno.symlinkSync("../other", `${trees.one}/relative`);

  for (const path of ["/link/secret", "/relative/secret"]) {
    assertEquals(archiveNames(packOf(trees.one, [{ path, kind: "A" }])), []);
  }
});

Deno.test("Archive gives the same bytes into buffers of any size", () => {
  using trees = new TwoTrees();
  make(trees.one, (root) => {
    write(`${trees.one}/large`, "x".repeat(300_000));
    write(`${trees.one}/odd`, "y".repeat(513));
    setTimes(root);
  });
  const fields = {
    mode: 0o644,
    mtime: { seconds: TIME.seconds, nanoseconds: 0 },
  };
  const expected = archive(
    file("large", "x".repeat(300_000), fields),
    file("odd", "y".repeat(513), fields),
  );

  for (const size of [1000, 511, 512, 100_000, 1_000_000]) {
    using root = Dir.open(trees.one);
    using whole = new Archive(encoded(packLayer(root, packSettings())));
    const chunks: Uint8Array[] = [];
    for (;;) {
      const buffer = new Uint8Array(size);
      const length = whole.fill(buffer);
      if (length === 0) break;
      chunks.push(buffer.subarray(0, length));
    }
    assertEquals(join(...chunks), expected, `${size}`);
  }
});

Deno.test("Archive stops before a large file, whose content the caller then takes", async () => {
  using trees = new TwoTrees();
  const content = Array.from({ length: 60_000 }, (_, i) => `${10_000 + i}`)
    .join("");
  make(trees.one, (root) => {
    write(`${trees.one}/a`, "small");
    write(`${trees.one}/large`, content);
    setTimes(root);
  });
  using root = Dir.open(trees.one);
  using whole = new Archive(encoded(packLayer(root, packSettings())));
  const buffer = new Uint8Array(10_000);

  const before = whole.fill(buffer, content.length);

  assertEquals(before, 3 * 512);
  const body = whole.body!;
  assertEquals([body.offset, body.length], [0, content.length]);
  whole.passBody(290_000);
  assertEquals(whole.body?.offset, 290_000);
  await assertCode(() => whole.passBody(0), "EIO");
  const rest = new Uint8Array(20_000);
  whole.fill(rest, content.length);
  assertEquals(
    new TextDecoder().decode(rest.subarray(0, 10_000)),
    content.slice(290_000),
  );
  const names = archiveNames(join(
    buffer.subarray(0, 1024),
    member(file("x")),
    new Uint8Array(1024),
  ));
  assertEquals(names, ["a", "x"]);
});

Deno.test("Archive that is disposed early closes what it read", () => {
  using trees = new TwoTrees();
  for (let i = 0; i < 5; i++) {
    Deno.mkdirSync(`${trees.one}/${"d/".repeat(i + 1)}`, { recursive: true });
    write(`${trees.one}/${"d/".repeat(i + 1)}large`, "x".repeat(100_000));
  }
  const before = openDescriptors();
  for (let stop = 0; stop < 400_000; stop += 50_000) {
    using root = Dir.open(trees.one);
    using whole = new Archive(encoded(packLayer(root, packSettings())));
    whole.fill(new Uint8Array(stop));
  }

  assertEquals(openDescriptors(), before);
  assert(namesIn(trees.one).length > 5);
});
