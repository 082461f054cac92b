/**
 * Records an archive while it is read.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import type { TarEntry } from "./entry.ts";
import type { TarReader } from "./reader.ts";
import type { RecordWriter } from "./record.ts";
import type { TarSink } from "./sink.ts";

/** What the recorder asks of who makes files. */
export interface Filling {
  /** Path of the file that takes the content of the current entry, if one does. */
  readonly filling: string | undefined;
}

/**
 * Stands between a reader and its sink: what the sink puts into files is
 * recorded by reference, and all else of the archive as it is.
 */
export class Recorder implements TarSink {
  readonly #sink: TarSink;
  readonly #files: Filling;
  readonly #record: RecordWriter;
  #chunk: Uint8Array = new Uint8Array();
  /** How much of the chunk is recorded. */
  #at = 0;
  #path: string | undefined;
  #size = 0;
  /** Whether the record names the current file already. */
  #named = false;
  /** Bytes passed over before the content that is pending. */
  #skip = 0;
  /** Content that is not recorded yet. */
  #length = 0;
  #crc = 0;
  /** How many files are recorded by reference. */
  files = 0;

  /**
   * Makes a recorder.
   *
   * @param sink Who takes the entries.
   * @param files Tells where their content goes.
   * @param record Takes the record.
   */
  constructor(sink: TarSink, files: Filling, record: RecordWriter) {
    this.#sink = sink;
    this.#files = files;
    this.#record = record;
  }

  /**
   * Has a reader, whose sink this is, read the next bytes.
   *
   * @param reader The reader.
   * @param chunk Bytes of the archive.
   * @returns How many were used up, and recorded.
   */
  push(reader: TarReader, chunk: Uint8Array): number {
    this.#chunk = chunk;
    this.#at = 0;
    const taken = reader.push(chunk);
    this.#recordTo(taken);
    return taken;
  }

  #recordTo(end: number): void {
    if (end > this.#at) {
      this.#record.bytes(this.#chunk.subarray(this.#at, end));
    }
    this.#at = end;
  }

  /** See {@linkcode TarSink.entry}. */
  entry(entry: TarEntry): void {
    this.#size = entry.size;
    this.#sink.entry(entry);
    this.#path = this.#files.filling;
    this.#named = false;
    this.#skip = this.#length = this.#crc = 0;
  }

  /** See {@linkcode TarSink.data}. */
  data(bytes: Uint8Array): void {
    this.#sink.data(bytes);
    if (this.#path === undefined) return;
    const start = bytes.byteOffset - this.#chunk.byteOffset;
    if (bytes.buffer !== this.#chunk.buffer || start < this.#at) {
      throw new Error("content does not lie in the chunk that was pushed");
    }
    this.#recordTo(start);
    if (!this.#named) this.#name(this.#path);
    this.#at = start + bytes.length;
    this.#length += bytes.length;
    this.#crc = crc32(bytes, this.#crc);
  }

  #name(path: string): void {
    this.#record.file(path, this.#size);
    this.#named = true;
    this.files++;
  }

  /** See {@linkcode TarSink.hole}. */
  hole(length: number): void {
    this.#sink.hole(length);
    this.#recordContent();
    this.#skip += length;
  }

  #recordContent(): void {
    if (this.#length === 0) return;
    this.#record.data(this.#skip, this.#length);
    this.#skip = this.#length = 0;
  }

  /** See {@linkcode TarSink.busy}. */
  get busy(): boolean {
    return this.#sink.busy ?? false;
  }

  /** See {@linkcode TarSink.end}. */
  end(): void {
    this.#sink.end();
    this.#recordContent();
    if (this.#named) this.#record.sum(this.#crc);
    this.#path = undefined;
    this.#named = false;
  }
}
