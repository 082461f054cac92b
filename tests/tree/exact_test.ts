/**
 * Archives written anew.
 *
 * @module
 */

import { DriverError } from "../../mod.ts";
import { Dir } from "../../src/linux/dir.ts";
import { RecordWriter } from "../../src/tar/record.ts";
import { readRecord } from "../../src/tar/record_reader.ts";
import { Recorder } from "../../src/tar/recorder.ts";
import { TarReader } from "../../src/tar/reader.ts";
import { Archive } from "../../src/tree/archive.ts";
import { replay } from "../../src/tree/exact.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { TempDir } from "../fixtures.ts";
import { join } from "../tar/fixture.ts";
import { archive, file } from "../tar_builder.ts";

/** Content that is not the same anywhere. */
const LARGE = Uint8Array.from({ length: 1_000_003 }, (_, i) => i * i >> 7);

const WHOLE = archive(
  file("small", "s"),
  file("large", LARGE),
  file("last", "l".repeat(700)),
);

/** Writes the files of an archive into a directory, and records it. */
function recorded(path: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  const writer = new RecordWriter((bytes) => pieces.push(bytes.slice()));
  let name = "";
  const recorder = new Recorder(
    {
      entry: (entry) => void (name = entry.name),
      data: (bytes) =>
        Deno.writeFileSync(`${path}/${name}`, bytes, { append: true }),
      hole: () => {},
      end: () => {},
    },
    {
      get filling() {
        return name;
      },
    },
    writer,
  );
  recorder.push(new TarReader(recorder), WHOLE);
  writer.finish();
  return join(...pieces);
}

function partsOf(record: Uint8Array) {
  let at = 0;
  return readRecord((into) => {
    const part = record.subarray(at, at + into.length);
    into.set(part);
    at += part.length;
    return part.length;
  });
}

/** Writes the archive anew, for one who would take large content from the files. */
function written(path: string, record: Uint8Array, step: number): Uint8Array {
  using dir = Dir.open(path);
  using root = dir.openDir("files");
  using whole = new Archive(replay(root, partsOf(record)));
  const pieces: Uint8Array[] = [];
  for (;;) {
    const buffer = new Uint8Array(step);
    const length = whole.fill(buffer, 1000);
    assertEquals(whole.body, undefined);
    if (length === 0) return join(...pieces);
    pieces.push(buffer.subarray(0, length));
  }
}

for (const step of [1000, 70_000, 300_000]) {
  Deno.test(`Archive written anew sums up all content, ${step} bytes at a time`, () => {
    using temp = new TempDir();
    Deno.mkdirSync(`${temp.path}/files`);
    const record = recorded(`${temp.path}/files`);

    assertEquals(written(temp.path, record, step), WHOLE);

    for (const at of [0, 500_000, LARGE.length - 1]) {
      const changed = LARGE.slice();
      changed[at]! ^= 1;
      Deno.writeFileSync(`${temp.path}/files/large`, changed);
      const error = assertThrows(
        () => written(temp.path, record, step),
        DriverError,
        "has other content",
      );
      assertEquals(error.code, "EIO");
    }
  });
}
