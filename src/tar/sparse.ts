/**
 * Sparse files: where the data of a file lies, in each of the four forms.
 *
 * The old GNU form has the map in the header block and in blocks after it; PAX
 * 0.0 and 0.1 have it in records, PAX 1.0 in front of the content. See the
 * manual of GNU tar, "Storing Sparse Files".
 *
 * @module
 */

import { Malformed } from "./error.ts";
import { parseDecimal, readNumeric } from "./number.ts";
import { type PaxRecords, paxText, SPARSE_MAP } from "./pax.ts";

/** Offset and length of each piece of data, in bytes, one after the other. */
export type SparseMap = number[];

/** Most bytes that a map may take in the archive. */
const MAP_LIMIT = 1 << 20;
const BLOCK = 512;
const NEWLINE = 0x0a;

/** Every byte is a character of its own: nothing in a map is above ASCII. */
const latin1 = new TextDecoder("latin1");

/** Width of an offset or a length in the old GNU form. */
const OLD_WIDTH = 12;
const OLD_HEADER_PAIRS = 4;
const OLD_HEADER_MAP = 386;
const OLD_HEADER_SIZE = 483;
const OLD_BLOCK_PAIRS = 21;

/**
 * Reads the expanded size out of an old GNU header.
 *
 * @param block Bytes that contain the header.
 * @param start Offset of the header.
 * @returns Size of the file in bytes, with its holes.
 * @throws {Malformed} if it is no number.
 */
export function oldSparseSize(block: Uint8Array, start: number): number {
  const at = start + OLD_HEADER_SIZE;
  return readNumeric(block, at, OLD_WIDTH, "the size of the sparse file");
}

/** Blocks of the archive that hold a sparse map. */
export interface SparseBlocks {
  /** Whether the blocks count as content of the entry. */
  readonly inContent: boolean;
  /**
   * Takes the next block.
   *
   * @param block Bytes that contain the block.
   * @param start Offset of the block.
   * @returns Whether the map is complete.
   * @throws {Malformed} if it is not well-formed or too long.
   */
  push(block: Uint8Array, start: number): boolean;
  /**
   * Gives the map when it is complete.
   *
   * @returns The map, not yet checked.
   * @throws {Malformed} if a value is no number.
   */
  map(): SparseMap;
}

/**
 * The map of the old GNU form: up to 4 pairs in the header, then blocks of up
 * to 21. Offset 0 has digits too: a pair that begins with NUL is none.
 */
export class OldSparseMap implements SparseBlocks {
  readonly inContent = false;
  readonly #map: SparseMap = [];
  #length = BLOCK;
  #more: boolean;

  /**
   * Reads the pairs that are in the header.
   *
   * @param block Bytes that contain the header.
   * @param start Offset of the header.
   * @throws {Malformed} if an offset or a length is no number.
   */
  constructor(block: Uint8Array, start: number) {
    const at = start + OLD_HEADER_MAP;
    this.#more = readOldPairs(block, at, OLD_HEADER_PAIRS, this.#map);
  }

  /** Whether blocks with more pairs follow the header. */
  get more(): boolean {
    return this.#more;
  }

  /** Takes the next block; see {@linkcode SparseBlocks}. */
  push(block: Uint8Array, start: number): boolean {
    this.#length += BLOCK;
    checkMapLength(this.#length);
    this.#more = readOldPairs(block, start, OLD_BLOCK_PAIRS, this.#map);
    return !this.#more;
  }

  /** Gives the map. */
  map(): SparseMap {
    return this.#map;
  }
}

function readOldPairs(
  block: Uint8Array,
  start: number,
  count: number,
  map: SparseMap,
): boolean {
  const end = start + count * 2 * OLD_WIDTH;
  for (let at = start; at < end && block[at] !== 0; at += OLD_WIDTH) {
    map.push(readNumeric(block, at, OLD_WIDTH, "a sparse offset"));
    at += OLD_WIDTH;
    map.push(readNumeric(block, at, OLD_WIDTH, "a sparse length"));
  }
  return block[end] !== 0;
}

/** Where the PAX records of an entry say that its map is. */
export type PaxSparse = "none" | "records" | "content";

/**
 * Tells whether PAX records describe a sparse file.
 *
 * @param records Records of the entry.
 * @returns `"records"` for versions 0.0 and 0.1, `"content"` for 1.0, `"none"`
 * for other files and for unknown versions.
 */
export function paxSparse(records: PaxRecords): PaxSparse {
  const major = paxText(records, "GNU.sparse.major");
  const minor = paxText(records, "GNU.sparse.minor");
  if (major === "0" && (minor === "0" || minor === "1")) return "records";
  if (major === "1" && minor === "0") return "content";
  if (major !== "" || minor !== "") return "none";
  return paxText(records, SPARSE_MAP) === "" ? "none" : "records";
}

/**
 * Reads the expanded size out of PAX records.
 *
 * @param records Records of the entry.
 * @returns Size of the file in bytes with its holes; `undefined` if they do
 * not say.
 * @throws {Malformed} if it is no number.
 */
export function paxSparseSize(records: PaxRecords): number | undefined {
  const text = paxText(records, "GNU.sparse.size") ||
    paxText(records, "GNU.sparse.realsize");
  return text === "" ? undefined : sparseNumber(text);
}

/**
 * Reads the map of versions 0.0 and 0.1 out of PAX records.
 *
 * @param records Records of the entry.
 * @returns The map, not yet checked.
 * @throws {Malformed} if it is not a list of as many numbers as announced.
 */
export function paxSparseMap(records: PaxRecords): SparseMap {
  const count = sparseNumber(paxText(records, "GNU.sparse.numblocks"));
  const text = paxText(records, SPARSE_MAP);
  const map = text === "" ? [] : text.split(",").map(sparseNumber);
  if (map.length !== count * 2) {
    throw new Malformed("the sparse map has not as many pieces as announced");
  }
  return map;
}

function sparseNumber(text: string): number {
  const value = parseDecimal(text);
  if (Number.isNaN(value)) {
    throw new Malformed("the sparse map has something other than numbers");
  }
  return value;
}

/**
 * Collects the map of version 1.0: lines of decimal numbers in front of the
 * content, filled up to a whole block. The first is the number of pairs.
 */
export class SparseText implements SparseBlocks {
  readonly inContent = true;
  #text = new Uint8Array(BLOCK);
  #length = 0;
  #newlines = 0;
  #needed: number | undefined;

  /** Takes the next block; see {@linkcode SparseBlocks}. */
  push(block: Uint8Array, start: number): boolean {
    checkMapLength(this.#length + BLOCK);
    this.#grow();
    for (let i = 0; i < BLOCK; i++) {
      const byte = block[start + i]!;
      this.#text[this.#length++] = byte;
      if (byte === NEWLINE) this.#newlines++;
    }
    if (this.#newlines === 0) return false;
    this.#needed ??= 1 + 2 * this.#count();
    return this.#newlines >= this.#needed;
  }

  #grow(): void {
    if (this.#length + BLOCK <= this.#text.length) return;
    const text = new Uint8Array(this.#text.length * 2);
    text.set(this.#text);
    this.#text = text;
  }

  #count(): number {
    const end = this.#text.indexOf(NEWLINE);
    const count = sparseNumber(latin1.decode(this.#text.subarray(0, end)));
    if (count < 0) throw new Malformed("the sparse map has a negative length");
    return count;
  }

  /** Gives the map, when all of it is there. */
  map(): SparseMap {
    const text = latin1.decode(this.#text.subarray(0, this.#length));
    const lines = text.split("\n");
    return lines.slice(1, this.#needed).map(sparseNumber);
  }
}

/**
 * Refuses a map that takes more of the archive than any file needs.
 *
 * @param length Length of the map in the archive, in bytes.
 * @throws {Malformed} if that is more than 1 MiB.
 */
export function checkMapLength(length: number): void {
  if (length > MAP_LIMIT) throw new Malformed("the sparse map is too long");
}

/**
 * Refuses a map whose pieces overlap, are not in order, lie outside the file,
 * or are not what the archive carries.
 *
 * @param map The map.
 * @param size Size of the file with its holes, in bytes, less than 2^53.
 * @param stored Length of the content in the archive, in bytes.
 * @throws {Malformed} if the map is not valid.
 */
export function checkSparseMap(
  map: SparseMap,
  size: number,
  stored: number,
): void {
  let position = 0;
  let data = 0;
  for (let i = 0; i < map.length; i += 2) {
    const offset = map[i]!;
    const length = map[i + 1]!;
    if (offset < position || length < 0 || offset > size - length) {
      throw new Malformed("the sparse map overlaps itself or leaves the file");
    }
    position = offset + length;
    data += length;
  }
  if (data !== stored) {
    throw new Malformed("the sparse map does not match the stored content");
  }
}
