import zlib from "node:zlib";
import { RecordWriter } from "../../src/tar/record.ts";
import { readRecord, RecordError } from "../../src/tar/record_reader.ts";
import { Recorder } from "../../src/tar/recorder.ts";
import { TarReader } from "../../src/tar/reader.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { CASES } from "./cases.ts";
import {
  END,
  expanded,
  file,
  join,
  type Read,
  readArchive,
} from "./fixture.ts";

/** What an archive leaves: its record, and the files that the record refers to. */
interface Kept {
  readonly record: Uint8Array;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Records an archive that comes in pieces; every second file is not kept. */
function recordOf(archive: Uint8Array, cut: number): Kept {
  const pieces: Uint8Array[] = [];
  const writer = new RecordWriter((bytes) => pieces.push(bytes.slice()));
  const reads: Read[] = [];
  let filling: string | undefined;
  const recorder = new Recorder(
    {
      entry(entry) {
        reads.push({ entry, content: [], ended: false });
        filling = reads.length % 2 === 1 ? String(reads.length) : undefined;
      },
      data: (bytes) => void reads.at(-1)!.content.push(bytes.slice()),
      hole: (length) => void reads.at(-1)!.content.push(length),
      end: () => {},
    },
    {
      get filling() {
        return filling;
      },
    },
    writer,
  );
  const reader = new TarReader(recorder);
  for (let at = 0; at < archive.length; at += cut) {
    const piece = archive.subarray(at, at + cut);
    assertEquals(recorder.push(reader, piece), piece.length);
  }
  reader.finish();
  assertEquals(writer.length, archive.length);
  writer.finish();
  const files = reads.map((read, i): [string, Uint8Array] => [
    String(i + 1),
    expanded(read),
  ]);
  return { record: join(...pieces), files: new Map(files) };
}

/** Gives a record's bytes, a few at a time. */
function sourceOf(record: Uint8Array, most = 1000) {
  let at = 0;
  return (into: Uint8Array) => {
    const part = record.subarray(at, at + Math.min(into.length, most));
    into.set(part);
    at += part.length;
    return part.length;
  };
}

/** Writes the archive anew. */
function replayed({ record, files }: Kept): Uint8Array {
  const pieces: Uint8Array[] = [];
  let content = new Uint8Array();
  let crc = 0;
  for (const part of readRecord(sourceOf(record))) {
    if (part.kind === "bytes") pieces.push(part.bytes.slice());
    else if (part.kind === "file") {
      content = new Uint8Array(files.get(part.path)!);
      assertEquals(content.length, part.size);
      crc = 0;
    } else if (part.kind === "data") {
      const data = content.subarray(part.offset, part.offset + part.length);
      crc = zlib.crc32(data, crc);
      pieces.push(data);
    } else assertEquals(crc, part.crc);
  }
  return join(...pieces);
}

const good = Object.entries(CASES).filter(([, archive]) =>
  archive.length < 100_000 && readArchive(archive).error === undefined
);

Deno.test("an archive is written anew from its record, wherever it was cut", () => {
  assert(good.length > 40, `${good.length} archives`);
  for (const [name, archive] of good) {
    for (const cut of [1, 100, 512, 700, 10_000, 1 << 20]) {
      const again = replayed(recordOf(archive, cut));
      assertEquals(again, archive, `${name}, cut every ${cut}`);
    }
  }
});

Deno.test("the content of files is not in the record, all else is", () => {
  const noise = crypto.getRandomValues(new Uint8Array(60_000));
  const one = join(file({ name: "kept" }, noise), END);
  const { record, files } = recordOf(one, 4096);
  assert(record.length < 300, `${record.length} bytes`);
  assertEquals(files.get("1"), noise);
  const two = join(
    file({ name: "kept" }, "hello"),
    file({ name: "left out" }, noise),
    new Uint8Array(10_240),
  );
  assert(recordOf(two, 4096).record.length > noise.length);
  assertEquals(replayed(recordOf(two, 4096)), two);
});

Deno.test("an archive of nothing at all has a record, too", () => {
  assertEquals(replayed(recordOf(new Uint8Array(), 1)), new Uint8Array());
});

/** An archive with a file of holes, one of more than a block, and long fields. */
function varied(): Uint8Array {
  const [, sparse] = good.find(([name]) => name.includes("old sparse"))!;
  const long = new Uint8Array(300_000);
  for (let at = 0; at < long.length; at += 50_000) {
    crypto.getRandomValues(long.subarray(at, at + 50_000));
  }
  return join(
    file({ name: "a" }, "abc"),
    file({ name: "left out" }, long),
    sparse.subarray(0, sparse.length - END.length),
    END,
    new Uint8Array(9000),
  );
}

Deno.test("a record that is cut anywhere is refused", () => {
  const archive = varied();
  const { record } = recordOf(archive, 8192);
  assertEquals(replayed(recordOf(archive, 8192)), archive);
  for (let length = 0; length < record.length; length += 1 + (length >> 6)) {
    const cut = record.subarray(0, length);
    assertThrows(() => [...readRecord(sourceOf(cut))], RecordError);
  }
});

Deno.test("a record with any bit changed, or with more behind it, is refused", () => {
  const archive = join(
    file({ name: "a" }, "abc"),
    file({ name: "b" }, "abc"),
    END,
  );
  const { record } = recordOf(archive, 8192);
  for (let at = 0; at < record.length; at++) {
    for (let bit = 1; bit < 256; bit <<= 1) {
      const changed = record.slice();
      changed[at]! ^= bit;
      let parts: unknown;
      try {
        parts = [...readRecord(sourceOf(changed))].map(copied);
      } catch (error) {
        assert(error instanceof RecordError, `${error} at ${at}`);
        continue;
      }
      // A bit of the compressor's that says nothing.
      assertEquals(parts, [...readRecord(sourceOf(record))].map(copied));
    }
  }
  const more = join(record, record.subarray(17));
  assertThrows(() => [...readRecord(sourceOf(more))], RecordError);
});

function copied(part: object): object {
  return "bytes" in part && part.bytes instanceof Uint8Array
    ? { ...part, bytes: part.bytes.slice() }
    : part;
}

/** A record of parts in any order. */
function written(write: (writer: RecordWriter) => void): Uint8Array {
  const pieces: Uint8Array[] = [];
  write(new RecordWriter((bytes) => pieces.push(bytes.slice())));
  return join(...pieces);
}

Deno.test("parts that do not follow each other are refused", () => {
  const wrong: Record<string, (writer: RecordWriter) => void> = {
    "content of no file": (to) => to.data(0, 1),
    "a sum of no file": (to) => to.sum(0),
    "bytes within a file": (to) => {
      to.file("a", 1);
      to.bytes(new Uint8Array(1));
    },
    "an end within a file": (to) => to.file("a", 1),
    "content beyond the end": (to) => {
      to.file("a", 1);
      to.data(1, 1);
      to.sum(0);
    },
  };
  for (const [name, write] of Object.entries(wrong)) {
    const record = written((to) => {
      write(to);
      to.finish();
    });
    assertThrows(
      () => [...readRecord(sourceOf(record))],
      RecordError,
      "",
      name,
    );
  }
});

Deno.test("numbers of all sizes come back", () => {
  const sizes = [0, 1, 127, 128, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER];
  const record = written((to) => {
    for (const size of sizes) {
      to.file(`f${size}\udcff`, size);
      to.data(size, 0);
      to.sum(0xfedcba98);
    }
    to.finish();
  });
  assertEquals(
    [...readRecord(sourceOf(record))],
    sizes.flatMap((size) => [
      { kind: "file" as const, path: `f${size}\udcff`, size },
      { kind: "data" as const, offset: size, length: 0 },
      { kind: "sum" as const, crc: 0xfedcba98 },
    ]),
  );
});
