/**
 * What an archive brings and then replaces: an archive may name a file twice, and
 * only the last one stays. To write the archive anew, the others are set aside
 * and go into its record whole.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { removeTreeNow } from "../linux/remove.ts";
import type { RecordWriter } from "../tar/record.ts";
import type { RecordPart } from "../tar/record_reader.ts";
import { Archive } from "./archive.ts";
import { replay } from "./exact.ts";
import { parentPath } from "./paths.ts";

/** Most things that are set aside, each of which takes memory. */
const MOST = 50_000;
const CHUNK = 256 * 1024;

/** Something that was set aside. */
interface Lost {
  /** How many files had been recorded before it was replaced. */
  readonly files: number;
  /** Its name where it is now. */
  readonly name: string;
}

/** Where things are set aside. */
export class Aside {
  readonly #dir: Dir;
  readonly #lost = new Map<string, Lost[]>();
  #count = 0;

  /**
   * Begins with nothing.
   *
   * @param dir An empty directory on the same file system; stays open.
   */
  constructor(dir: Dir) {
    this.#dir = dir;
  }

  /**
   * Takes something from its place. What are too many, or cannot be moved, are
   * deleted.
   *
   * @param dir Directory that holds it.
   * @param name Its name there.
   * @param path The path under which it was unpacked.
   * @param files How many files have been recorded.
   */
  take(dir: Dir, name: string, path: string, files: number): void {
    const aside = String(this.#count);
    try {
      if (this.#count === MOST) return removeTreeNow(dir, name);
      dir.rename(name, this.#dir, aside);
    } catch (error) {
      if (!hasCode(error, "EXDEV")) throw error;
      return removeTreeNow(dir, name);
    }
    this.#count++;
    const earlier = this.#lost.get(path);
    if (earlier) earlier.push({ files, name: aside });
    else this.#lost.set(path, [{ files, name: aside }]);
  }

  /** Where a file is now, the `index`-th that was recorded; `undefined` if in its place. */
  #find(path: string, index: number): string | undefined {
    let first: Lost | undefined;
    let rest = "";
    for (let at = path; at !== ""; at = parentPath(at)) {
      const found = this.#lost.get(at)?.find(({ files }) => files > index);
      if (found && (first === undefined || found.files < first.files)) {
        first = found;
        rest = path.slice(at.length);
      }
    }
    return first && first.name + rest;
  }

  /**
   * Writes a record anew, with the content of what was set aside; yields again
   * and again.
   *
   * @param parts The record.
   * @param writer Takes the new one.
   * @throws {DriverError} `EIO` if something is not what was recorded.
   */
  *restore(
    parts: Iterable<RecordPart>,
    writer: RecordWriter,
  ): Generator<void> {
    const left = parts[Symbol.iterator]();
    const buffer = new Uint8Array(CHUNK);
    let index = 0;
    for (let next = left.next(); !next.done; next = left.next()) {
      const part = next.value;
      if (part.kind === "bytes") writer.bytes(part.bytes);
      else if (part.kind === "file") {
        const where = this.#find(part.path, index++);
        if (where === undefined) copyFile(part, left, writer);
        else {
          const file = ofFile({ ...part, path: where }, left);
          yield* this.#inline(file, buffer, writer);
        }
      }
      yield;
    }
    writer.finish();
  }

  *#inline(
    file: Iterable<RecordPart>,
    buffer: Uint8Array<ArrayBuffer>,
    writer: RecordWriter,
  ): Generator<void> {
    using archive = new Archive(replay(this.#dir, file));
    for (;;) {
      const length = archive.fill(buffer);
      if (length === 0) return;
      writer.bytes(buffer.subarray(0, length));
      yield;
    }
  }
}

/** The parts of one file, of which the first was taken. */
function* ofFile(
  first: RecordPart,
  left: Iterator<RecordPart>,
): Generator<RecordPart> {
  yield first;
  for (let next = left.next(); !next.done; next = left.next()) {
    yield next.value;
    if (next.value.kind === "sum") return;
  }
}

function copyFile(
  first: RecordPart,
  left: Iterator<RecordPart>,
  writer: RecordWriter,
): void {
  let end = 0;
  for (const part of ofFile(first, left)) {
    if (part.kind === "file") writer.file(part.path, part.size);
    else if (part.kind === "sum") writer.sum(part.crc);
    else if (part.kind === "data") {
      writer.data(part.offset - end, part.length);
      end = part.offset + part.length;
    }
  }
}
