/**
 * Archives written anew, by buffers and by the kernel.
 *
 * @module
 */

import { DriverError } from "../../mod.ts";
import { O_CREAT, O_WRONLY } from "../../src/linux/constants.ts";
import { Dir } from "../../src/linux/dir.ts";
import { closeFd, openAt, writeFd } from "../../src/linux/file.ts";
import { RecordWriter } from "../../src/tar/record.ts";
import { readRecord } from "../../src/tar/record_reader.ts";
import { Recorder } from "../../src/tar/recorder.ts";
import { TarReader } from "../../src/tar/reader.ts";
import { Archive } from "../../src/tree/archive.ts";
import { replay } from "../../src/tree/exact.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
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

/** Writes the archive into a file, its large content by the kernel at times. */
function sent(path: string, record: Uint8Array, step: number): Uint8Array {
  using dir = Dir.open(path);
  using root = dir.openDir("files");
  using whole = new Archive(replay(root, partsOf(record)));
  const fd = openAt(dir, "out", O_WRONLY | O_CREAT, 0o600);
  let moved = 0;
  try {
    const buffer = new Uint8Array(step);
    for (let turn = 0;; turn++) {
      const length = whole.fill(buffer, turn % 3 !== 2);
      writeFd(fd, buffer.subarray(0, length), "out");
      if (length > 0) continue;
      if (whole.bodyLeft === 0) break;
      moved += whole.sendBody(fd, step);
    }
  } finally {
    closeFd(fd);
  }
  assert(moved > 100_000, `the kernel moved ${moved} bytes`);
  return Deno.readFileSync(`${path}/out`);
}

for (const step of [1000, 70_000, 300_000]) {
  Deno.test(`Archive written anew sums up what the kernel moves, ${step} bytes at a time`, () => {
    using temp = new TempDir();
    Deno.mkdirSync(`${temp.path}/files`);
    const record = recorded(`${temp.path}/files`);

    assertEquals(sent(temp.path, record, step), WHOLE);

    for (const at of [0, 500_000, LARGE.length - 1]) {
      const changed = LARGE.slice();
      changed[at]! ^= 1;
      Deno.writeFileSync(`${temp.path}/files/large`, changed);
      const error = assertThrows(
        () => sent(temp.path, record, step),
        DriverError,
        "has other content",
      );
      assertEquals(error.code, "EIO");
    }
  });
}
