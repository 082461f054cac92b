/**
 * The parts of a zstd frame, found without undoing the compression (RFC 8878).
 *
 * @module
 */

import { damaged } from "./chunks.ts";

/** Largest block (section 3.1.1.2.4), in bytes. */
const MAX_BLOCK = 1 << 17;
/** Block type whose content is one byte to be repeated (section 3.1.1.2.2). */
const RLE = 1;

/** Sizes of fields. */
const DESCRIPTOR = 1;
const BLOCK_HEADER = 3;
const CHECKSUM = 4;

/** Follows one frame from behind its magic number to its end. */
export class ZstdFrame {
  /** What the bytes that are being collected are, if any are. */
  #field: "descriptor" | "block header" | undefined = "descriptor";
  #value = 0;
  #length = 0;
  /** Bytes to pass over. */
  #rest = 0;
  #checksum = false;
  #last = false;
  /** Whether the frame is over. */
  ended = false;

  /**
   * Passes over bytes of the frame, of one block at most.
   *
   * @param bytes Bytes of the archive.
   * @returns How many of them were passed.
   * @throws {DriverError} `EBADMSG` if there is no such block.
   */
  pass(bytes: Uint8Array): number {
    let at = 0;
    while (this.#field !== undefined && at < bytes.length) {
      this.#collect(bytes[at++]!);
    }
    if (this.#field !== undefined || this.ended) return at;
    const part = Math.min(this.#rest, bytes.length - at);
    this.#rest -= part;
    if (this.#rest === 0) this.#goOn();
    return at + part;
  }

  #collect(byte: number): void {
    this.#value |= byte << 8 * this.#length++;
    if (this.#field === "descriptor") this.#readDescriptor();
    else if (this.#length === BLOCK_HEADER) this.#readBlockHeader();
  }

  #begin(field: "descriptor" | "block header" | undefined): void {
    this.#field = field;
    this.#value = 0;
    this.#length = 0;
  }

  /** Reads section 3.1.1.1.1. */
  #readDescriptor(): void {
    const descriptor = this.#value;
    this.#checksum = (descriptor & 4) !== 0;
    this.#rest = headerSize(descriptor) - DESCRIPTOR;
    this.#begin(undefined);
  }

  /** Reads section 3.1.1.2. */
  #readBlockHeader(): void {
    const type = this.#value >> 1 & 3;
    const size = this.#value >> 3;
    if (type === 3 || size > MAX_BLOCK) throw damaged("zstd", "it is damaged");
    this.#last = (this.#value & 1) === 1;
    this.#rest = type === RLE ? 1 : size;
    this.#begin(undefined);
    if (this.#rest === 0) this.#goOn();
  }

  /** Goes on behind what was passed over. */
  #goOn(): void {
    if (!this.#last) this.#begin("block header");
    else if (this.#checksum) {
      this.#checksum = false;
      this.#rest = CHECKSUM;
    } else this.ended = true;
  }
}

/** Size of a frame's header, of which the descriptor is a part (section 3.1.1.1). */
function headerSize(descriptor: number): number {
  const single = (descriptor & 0x20) !== 0;
  const dictionaryId = [0, 1, 2, 4][descriptor & 3]!;
  const contentSize = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  return DESCRIPTOR + (single ? 0 : 1) + dictionaryId + contentSize;
}
