/**
 * An archive in chunks of their own, large content read on two threads.
 *
 * @module
 */

import { readExtent, readExtentLater } from "../linux/copy.ts";
import type { Archive } from "../tree/archive.ts";

/** Bytes handed on at once. */
const CHUNK = 256 * 1024;
/**
 * The same of large content: few, for each has to be handed to another thread and
 * back, but no more than stays in a processor's cache until it is filled.
 */
const PIECE = 1 << 20;
/** From this size on content is large. */
const LARGE = 2 * PIECE;

/** A chunk that another thread reads. */
interface Ahead {
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly length: Promise<number>;
}

/** Makes an archive's chunks one after the other. */
export class Chunks {
  readonly #archive: Archive;
  #ahead: Ahead | undefined;

  /** Takes over an archive. */
  constructor(archive: Archive) {
    this.#archive = archive;
  }

  /** The next bytes, in a buffer of their own; `undefined` at the end. */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return await this.#readAhead() ?? this.#readTwo() ?? this.#fill() ??
      this.#readTwo();
  }

  /** The piece that another thread reads; `undefined` if the file got shorter. */
  async #readAhead(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#ahead === undefined) return undefined;
    const { bytes, offset, length } = this.#ahead;
    const count = await length;
    this.#ahead = undefined;
    if (this.#archive.body?.offset !== offset) return undefined;
    return this.#taken(bytes, count);
  }

  /** Reads a piece here while another thread reads the one after it. */
  #readTwo(): Uint8Array<ArrayBuffer> | undefined {
    const { body } = this.#archive;
    if (body === undefined || body.length < LARGE) return undefined;
    const { fd, offset, path } = body;
    const from = { fd, offset: offset + PIECE };
    const ahead = new Uint8Array(PIECE);
    const length = readExtentLater(from, ahead, path);
    // It may fail before anybody asks for it.
    length.catch(() => {});
    this.#ahead = { offset: from.offset, bytes: ahead, length };
    const bytes = new Uint8Array(PIECE);
    return this.#taken(bytes, readExtent(body, bytes, path));
  }

  #fill(): Uint8Array<ArrayBuffer> | undefined {
    const bytes = new Uint8Array(CHUNK);
    const count = this.#archive.fill(bytes, LARGE);
    return count > 0 ? bytes.subarray(0, count) : undefined;
  }

  #taken(
    bytes: Uint8Array<ArrayBuffer>,
    length: number,
  ): Uint8Array<ArrayBuffer> {
    this.#archive.passBody(length);
    return bytes.subarray(0, length);
  }

  /** Waits until no other thread reads. */
  async settle(): Promise<void> {
    await this.#ahead?.length.catch(() => {});
  }
}
