import { TarError } from "../../src/tar/error.ts";
import { TarReader, type TarSink } from "../../src/tar/reader.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../assert.ts";
import { CASES, MUTATED } from "./cases.ts";
import {
  END,
  entriesOf,
  expanded,
  file,
  header,
  join,
  onlyEntry,
  pax,
  readArchive,
} from "./fixture.ts";
import { cuts, mutations } from "./mutations.ts";
import { REFUSED } from "./refused.ts";

const LONG = "0123456789/".repeat(20) + "name";

function textOf(content: Uint8Array): string {
  return new TextDecoder("latin1").decode(content);
}

/** Content as text, each hole as its length in brackets. */
function shown(content: (Uint8Array | number)[]): string {
  return content.map((part) =>
    typeof part === "number" ? `<${part}>` : textOf(part)
  ).join("");
}

for (const [name, message] of Object.entries(REFUSED)) {
  Deno.test(`TarReader refuses: ${name}`, () => {
    const { error } = readArchive(CASES[name]!);

    assert(error instanceof TarError, `${error}`);
    assertEquals(error.code, "EBADMSG");
    assertStringIncludes(error.message, "Cannot read the archive: ");
    assertStringIncludes(error.message, message);
  });
}

Deno.test("TarReader accepts every other case", () => {
  for (const [name, archive] of Object.entries(CASES)) {
    if (name in REFUSED) continue;
    const { reads, error } = readArchive(archive);
    assertEquals(error, undefined, name);
    assert(reads.every((read) => read.ended), name);
  }
});

Deno.test("TarReader delivers as much content as the entry's size says", () => {
  for (const [name, archive] of Object.entries(CASES)) {
    for (const { entry, content, ended } of readArchive(archive).reads) {
      const length = content.reduce<number>(
        (sum, part) => sum + (typeof part === "number" ? part : part.length),
        0,
      );
      const size = "123456".includes(entry.type) ? 0 : entry.size;
      if (ended) assertEquals(length, size, name);
    }
  }
});

for (const cut of [1, 7, 321, 511, 512, 513, 65536]) {
  Deno.test(`TarReader sees the same in pieces of ${cut} bytes`, () => {
    for (const [name, archive] of Object.entries(CASES)) {
      if (cut < 321 && archive.length > 100_000) continue;
      const whole = readArchive(archive);
      const pieces = readArchive(archive, cut);
      assertEquals(pieces.error?.message, whole.error?.message, name);
      assertEquals(pieces.reads, whole.reads, name);
      assertEquals(pieces.ended, whole.ended, name);
    }
  });
}

for (const name of MUTATED) {
  Deno.test(`TarReader throws only TarError when "${name}" is damaged`, () => {
    const archive = CASES[name]!;
    for (const [damage, damaged] of [...cuts(archive), ...mutations(archive)]) {
      const { error } = readArchive(damaged);
      const expected = error === undefined || error instanceof TarError;
      assert(expected, `${damage}: ${error}`);
    }
  });
}

Deno.test("TarReader reports the end mark, and passes over zeros behind it", () => {
  const archive = join(file({ name: "a" }), END, new Uint8Array(700));
  const { reads, ended } = readArchive(archive);
  assertEquals([reads.length, ended], [1, true]);

  const open = readArchive(CASES["clean end without zero blocks"]!);
  assertEquals([open.reads.length, open.ended], [1, false]);
});

Deno.test("TarReader accepts an empty archive", () => {
  assertEquals(entriesOf(new Uint8Array(0)), []);
  assertEquals(entriesOf(new Uint8Array(512)), []);
  assertEquals(entriesOf(END), []);
});

Deno.test("TarReader gives the content in views on what was pushed", () => {
  const archive = join(file({ name: "a" }, "x".repeat(3000)), END);
  const buffers: ArrayBufferLike[] = [];
  const reader = new TarReader(sinkOf((bytes) => buffers.push(bytes.buffer)));

  reader.push(archive.subarray(0, 1000));
  reader.push(archive.subarray(1000));

  assertEquals(buffers.map((buffer) => buffer === archive.buffer), [
    true,
    true,
  ]);
});

function sinkOf(data: (bytes: Uint8Array) => void): TarSink {
  return { entry: () => {}, data, hole: () => {}, end: () => {} };
}

Deno.test("TarReader passes on what its sink throws, and stays stopped", () => {
  const reader = new TarReader(sinkOf(() => {
    throw new RangeError("full");
  }));
  const archive = join(file({ name: "a" }, "body"), END);

  assertThrows(() => reader.push(archive), RangeError, "full");
  assertThrows(() => reader.push(END), RangeError, "full");
  assertThrows(() => reader.finish(), RangeError, "full");
});

Deno.test("TarReader says which entry is wrong, and where its header is", () => {
  const archive = join(
    file({ name: "good" }, "body"),
    header({
      name: "b\na\udcffd",
      type: "3",
      devmajor: new Uint8Array(8).fill(255),
    }),
  );

  const { error } = readArchive(archive);

  assertEquals(
    error?.message,
    "Cannot read the archive: a device number does not fit in 32 bits, " +
      '"b\\x0aa\\xffd", header at byte 1024',
  );
});

Deno.test("TarReader shows the beginning of a name that is very long", () => {
  const archive = join(
    pax(["path", "x".repeat(10000)]),
    header({ type: "3", devmajor: new Uint8Array(8).fill(255) }),
  );

  const { error } = readArchive(archive);

  assert(error!.message.length < 400, error!.message);
});

Deno.test("TarReader keeps PAX values as bytes", () => {
  const { entry } = onlyEntry(CASES["PAX attributes are bytes"]!);

  assertEquals(
    entry.xattrs,
    new Map([
      ["security.capability", new Uint8Array([0, 10, 61, 255, 0, 128])],
      ["user.\udcff", new Uint8Array([0x61, 0xff, 0x2f, 0xc3])],
      ["", new TextEncoder().encode("no name")],
    ]),
  );
  const path = onlyEntry(CASES["PAX path that is not UTF-8"]!).entry.name;
  assertEquals(path, "a\udcff/\udcc3");
});

Deno.test("TarReader lets PAX records override the header", () => {
  const { entry } = onlyEntry(CASES["PAX overrides"]!);

  assertEquals([entry.name, entry.linkname], [LONG, LONG]);
  assertEquals([entry.uid, entry.gid], [3000000, 4000000]);
  assertEquals(entry.mtime, { seconds: 1700000000, nanoseconds: 123456789 });
  assertEquals(entry.atime, { seconds: 1, nanoseconds: 500000000 });
  const sized = onlyEntry(CASES["PAX size"]!);
  assertEquals([sized.entry.size, shown(sized.content)], [4, "body"]);
});

Deno.test("TarReader keeps header fields whose PAX value is empty", () => {
  const { entry } = onlyEntry(CASES["PAX empty values"]!);

  assertEquals([entry.name, entry.uid], ["name", 0]);
  assertEquals(entry.mtime, { seconds: 0, nanoseconds: 0 });
  assertEquals(entry.xattrs, new Map([["user.empty", new Uint8Array(0)]]));
});

Deno.test("TarReader applies a PAX header to one entry only", () => {
  const [first, second] = entriesOf(join(
    pax(["uid", "5"], ["SCHILY.xattr.user.a", "x"]),
    file({ name: "a" }),
    file({ name: "b" }),
  ));

  assertEquals([first!.entry.uid, first!.entry.xattrs?.size], [5, 1]);
  assertEquals([second!.entry.uid, second!.entry.xattrs], [0, undefined]);
});

Deno.test("TarReader reads times before 1970", () => {
  const times = ["-1", "-1.5", "-0.5"].map((text) =>
    onlyEntry(CASES[`PAX time "${text}"`]!).entry.mtime
  );

  assertEquals(times, [
    { seconds: -1, nanoseconds: 0 },
    { seconds: -2, nanoseconds: 500000000 },
    { seconds: -1, nanoseconds: 500000000 },
  ]);
});

Deno.test("TarReader gives a global header as an entry, and forgets it", () => {
  const [global, next] = entriesOf(CASES["global header does not apply"]!);

  assertEquals([global!.entry.type, global!.entry.size], ["g", 0]);
  assertEquals([next!.entry.name, next!.entry.uid], ["after", 0]);
});

Deno.test("TarReader reads the long names of GNU", () => {
  const { entry } = onlyEntry(CASES["GNU long names"]!);
  assertEquals([entry.name, entry.linkname, entry.type], [LONG, LONG, "2"]);

  const mixed = onlyEntry(CASES["GNU long name counts before PAX"]!).entry;
  assertEquals([mixed.name, mixed.linkname], ["gnu", "target"]);
});

Deno.test("TarReader takes type NUL for a file or a directory by its name", () => {
  const typeOf = (name: string) => onlyEntry(CASES[name]!).entry.type;

  assertEquals(typeOf("NUL type with a slash is a directory"), "5");
  assertEquals(typeOf("NUL type without a slash is a file"), "0");
  assertEquals(typeOf("PAX path makes a directory"), "5");
  assertEquals(typeOf("file type with a slash"), "0");
});

Deno.test("TarReader passes unknown types on with their content", () => {
  const { entry, content } = onlyEntry(CASES["contiguous file"]!);

  assertEquals([entry.type, shown(content)], ["7", "body"]);
});

Deno.test("TarReader keeps permission bits only", () => {
  const modes = ["file type bits in the mode", "negative base-256 numbers"]
    .map((name) => onlyEntry(CASES[name]!).entry.mode);

  assertEquals(modes, [0o644, 0o7777]);
});

Deno.test("TarReader passes owners on that no file can have", () => {
  const { entry } = onlyEntry(CASES["negative base-256 numbers"]!);

  assertEquals(entry.uid, -1);
  assertEquals(entry.mtime, { seconds: -2, nanoseconds: 0 });
});

const SPARSE: Record<string, string> = {
  "old sparse": "<10>abc<2>de<3>",
  "old sparse, all data": "abcde",
  "old sparse, all hole": "<20>",
  "old sparse, empty": "",
  "old sparse, adjacent pieces": "abcde<4>",
  "old sparse, empty pieces": "<5>ab<2>",
  "sparse 0.0": "<5>abc<2>de<8>",
  "sparse 0.1": "<5>abc<2>de<8>",
  "sparse 0.1, adjacent": "<5>abcde<10>",
  "sparse 0.1, no size": "abcde",
  "sparse 1.0": "<5>abc<2>de<8>",
  "sparse 1.0, no pieces": "<20>",
  "sparse 1.0, zeros and signs": "<5>abc<2>de<8>",
  "sparse 1.0, rubbish after the map": "<5>abcde<10>",
};

Deno.test("TarReader expands sparse files of every form", () => {
  for (const [name, expected] of Object.entries(SPARSE)) {
    const read = onlyEntry(CASES[name]!);
    assertEquals(shown(read.content), expected, name);
    assertEquals([read.entry.type, read.entry.size], [
      "0",
      expanded(read).length,
    ]);
  }
});

Deno.test("TarReader reads sparse maps of several blocks", () => {
  const old = onlyEntry(CASES["old sparse, more blocks"]!);
  const text = onlyEntry(CASES["sparse 1.0, map of two blocks"]!);

  assertEquals([old.content.length, old.entry.size], [54, 80]);
  assertEquals([text.content.length, text.entry.size], [300, 999]);
});

Deno.test("TarReader takes the name of a sparse file from its records", () => {
  for (const name of ["sparse 0.1", "sparse 1.0"]) {
    assertEquals(onlyEntry(CASES[name]!).entry.name, "sparse");
  }
});

Deno.test("TarReader takes files of unknown sparse versions as they are", () => {
  const { content } = onlyEntry(CASES["sparse, unknown version"]!);

  assertEquals(shown(content), "ab");
});
