/**
 * What an archive is besides the content of the files that were made of it:
 * enough to write the archive anew, byte for byte, while the files are there.
 *
 * A record begins with {@linkcode MAGIC}; then come blocks, each of three
 * numbers of 32 bits, little-endian (length as stored, length of the text, its
 * CRC-32), and the text as one frame of zstd. All texts together are parts, in
 * the order of the archive, and the last part is the end:
 *
 * | byte | follows                        | stands for                           |
 * | ---- | ------------------------------ | ------------------------------------ |
 * | 1    | length, bytes                  | these bytes                          |
 * | 2    | length, path, size of the file | the file that the next parts are of  |
 * | 3    | length passed over, length     | bytes of the file                    |
 * | 4    | CRC-32 of these bytes          | nothing: all of the file was there   |
 * | 0    | length of the archive          | nothing: the archive is whole        |
 *
 * Lengths and sizes have seven bits to a byte, the lowest first, and the eighth
 * bit where more follow. No part lies in two blocks.
 *
 * @module
 */

import { constants, crc32, zstdCompressSync } from "node:zlib";
import { encodeName } from "../text.ts";

/** How a record begins; the digit is the version. */
export const MAGIC: Uint8Array = encodeName("overlay2 exact 1\n");

/** Kinds of parts. */
export const KIND = { end: 0, bytes: 1, file: 2, data: 3, sum: 4 } as const;

/** Most bytes of a block before it is compressed. */
export const BLOCK_LIMIT: number = 512 * 1024;

/** Length of the numbers before a block. */
export const BLOCK_HEAD = 12;

/** Longest path of a part: more than any file can have. */
export const PATH_LIMIT: number = 64 * 1024;

/** Most bytes of a length, or of any part without its bytes. */
const NUMBER = 8;

/** The level that takes no more time than copying, where headers are all alike. */
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Writes the record of one archive, at the pace of whoever reads it. */
export class RecordWriter {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #block = new Uint8Array(BLOCK_LIMIT);
  readonly #view = new DataView(this.#block.buffer);
  #at = 0;
  #total = 0;
  #begun = false;

  /** Bytes of the archive so far. */
  get length(): number {
    return this.#total;
  }

  /**
   * Begins a record.
   *
   * @param write Takes the next bytes of the record, none before a part comes;
   * what it throws, the call that brought them throws.
   */
  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  /** Adds bytes of the archive. */
  bytes(bytes: Uint8Array): void {
    this.#total += bytes.length;
    for (let from = 0; from < bytes.length;) {
      this.#reserve(2 * NUMBER);
      const room = BLOCK_LIMIT - this.#at - NUMBER;
      const part = bytes.subarray(from, from + room);
      this.#block[this.#at++] = KIND.bytes;
      this.#number(part.length);
      this.#block.set(part, this.#at);
      this.#at += part.length;
      from += part.length;
    }
  }

  /**
   * Says which file the next content is of.
   *
   * @param path Its path.
   * @param size Its size in bytes.
   */
  file(path: string, size: number): void {
    const name = encodeName(path);
    this.#reserve(name.length + 3 * NUMBER);
    this.#block[this.#at++] = KIND.file;
    this.#number(name.length);
    this.#block.set(name, this.#at);
    this.#at += name.length;
    this.#number(size);
  }

  /**
   * Says that the archive goes on with content of the file.
   *
   * @param skip Bytes of the file that are passed over before.
   * @param length Bytes of the content, which the archive carries.
   */
  data(skip: number, length: number): void {
    this.#total += length;
    this.#reserve(3 * NUMBER);
    this.#block[this.#at++] = KIND.data;
    this.#number(skip);
    this.#number(length);
  }

  /** Says that this was all of the file, and what its content adds up to. */
  sum(crc: number): void {
    this.#reserve(2 * NUMBER);
    this.#block[this.#at++] = KIND.sum;
    this.#view.setUint32(this.#at, crc, true);
    this.#at += 4;
  }

  /** Ends the record. */
  finish(): void {
    this.#reserve(2 * NUMBER);
    this.#block[this.#at++] = KIND.end;
    this.#number(this.#total);
    this.#flush();
  }

  #number(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#block[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#block[this.#at++] = rest;
  }

  #reserve(length: number): void {
    if (this.#at + length > BLOCK_LIMIT) this.#flush();
  }

  #flush(): void {
    if (!this.#begun) this.#write(MAGIC);
    this.#begun = true;
    const text = this.#block.subarray(0, this.#at);
    const stored = zstdCompressSync(text, LEVEL);
    const block = new Uint8Array(BLOCK_HEAD + stored.length);
    const head = new DataView(block.buffer);
    head.setUint32(0, stored.length, true);
    head.setUint32(4, text.length, true);
    head.setUint32(8, crc32(text), true);
    block.set(stored, BLOCK_HEAD);
    this.#write(block);
    this.#at = 0;
  }
}
