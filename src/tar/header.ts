/**
 * The 512-byte header block, from bytes to {@linkcode TarEntry}.
 *
 * The fields of the old v7 header are where they always were; the magic tells
 * what the rest of the block means. See tar(5).
 *
 * @module
 */

import { decodeName } from "../text.ts";
import type { TarEntry, TarTime } from "./entry.ts";
import { isBase256, parseNumeric, parseOctal, readNumeric } from "./number.ts";

/** Size of a block, in bytes. */
export const BLOCK = 512;

/** Offset of the byte that says what the entry is. */
export const TYPE = 156;

const CHECKSUM = 148;
const CHECKSUM_END = 156;
const MAGIC = 257;
const PREFIX = 345;
const SPACE = 0x20;

/**
 * Tells how many zero bytes fill up the last block of content.
 *
 * @param size Length of the content, in bytes.
 * @returns A number less than 512.
 */
export function padding(size: number): number {
  return (BLOCK - size % BLOCK) % BLOCK;
}

/** Which fields follow the v7 header. */
export type TarFormat = "v7" | "ustar" | "star" | "gnu";

/** What a header block says. */
export interface Header {
  /** Which fields follow the v7 header. */
  readonly format: TarFormat;
  /** Fields of the entry; the type may still be NUL. */
  readonly entry: TarEntry;
}

/**
 * Adds up the bytes of a block.
 *
 * @param block Bytes that contain the block.
 * @param start Offset of the block.
 * @returns The sum; 0 only if all bytes are zero.
 */
export function sumBlock(block: Uint8Array, start: number): number {
  let sum = 0;
  const end = start + BLOCK;
  for (let i = start; i < end; i++) sum += block[i]!;
  return sum;
}

/**
 * Tells whether the checksum of a header is right.
 *
 * Some old programs added up the bytes as signed ones; both sums are accepted.
 *
 * @param block Bytes that contain the header.
 * @param start Offset of the header.
 * @param sum What {@linkcode sumBlock} gave.
 * @returns Whether the checksum is one of the two.
 */
export function checksumMatches(
  block: Uint8Array,
  start: number,
  sum: number,
): boolean {
  const stored = parseOctal(block, start + CHECKSUM, CHECKSUM_END - CHECKSUM);
  let unsigned = sum;
  for (let i = CHECKSUM; i < CHECKSUM_END; i++) {
    unsigned += SPACE - block[start + i]!;
  }
  return stored === unsigned ||
    stored === unsigned - 256 * countHighBytes(block, start);
}

function countHighBytes(block: Uint8Array, start: number): number {
  let count = 0;
  for (let i = 0; i < BLOCK; i++) {
    const inChecksum = i >= CHECKSUM && i < CHECKSUM_END;
    if (!inChecksum && block[start + i]! > 0x7f) count++;
  }
  return count;
}

/**
 * Reads a header whose checksum is right.
 *
 * @param block Bytes that contain the header.
 * @param start Offset of the header.
 * @param name Name of the entry, if an extended header told it.
 * @param linkname Link name of the entry, if an extended header told it.
 * @returns What the header says.
 * @throws {Malformed} if a field that has to be a number is none.
 */
export function decodeHeader(
  block: Uint8Array,
  start: number,
  name?: string,
  linkname?: string,
): Header {
  const format = formatOf(block, start);
  const extended = format !== "v7";
  const entry: TarEntry = {
    name: "",
    type: String.fromCharCode(block[start + TYPE]!),
    linkname: linkname ?? text(block, start + 157, 100),
    size: readNumeric(block, start + 124, 12, "the size"),
    mode: readMode(block, start + 100),
    uid: readNumeric(block, start + 108, 8, "the owner"),
    gid: readNumeric(block, start + 116, 8, "the group"),
    mtime: readTime(block, start + 136),
    atime: undefined,
    devmajor: extended ? readDevice(block, start + 329) : 0,
    devminor: extended ? readDevice(block, start + 337) : 0,
    xattrs: undefined,
  };
  const prefix = readFormat(block, start, format, entry);
  entry.name = name ?? joinName(prefix, text(block, start, 100));
  return { format, entry };
}

function formatOf(block: Uint8Array, start: number): TarFormat {
  const magic = start + MAGIC;
  if (!hasText(block, magic, "ustar")) return "v7";
  if (block[magic + 5] === 0) {
    return hasText(block, start + 508, "tar\0") ? "star" : "ustar";
  }
  return hasText(block, magic + 5, "  \0") ? "gnu" : "v7";
}

function hasText(block: Uint8Array, start: number, wanted: string): boolean {
  for (let i = 0; i < wanted.length; i++) {
    if (block[start + i] !== wanted.charCodeAt(i)) return false;
  }
  return true;
}

/** Reads what one format has of its own; gives the name's prefix. */
function readFormat(
  block: Uint8Array,
  start: number,
  format: TarFormat,
  entry: TarEntry,
): string {
  if (format === "ustar") return text(block, start + PREFIX, 155);
  if (format === "gnu") return readGnu(block, start, entry);
  if (format === "v7") return "";
  entry.atime = readTime(block, start + 476);
  readTime(block, start + 488);
  return text(block, start + PREFIX, 131);
}

/**
 * Reads the times of a GNU header, which has no prefix.
 *
 * Go before 1.8 wrote one all the same, over the times. It is taken for one
 * when the times are not numbers and it is ASCII, so that layers from then can
 * be read.
 */
function readGnu(block: Uint8Array, start: number, entry: TarEntry): string {
  const atime = gnuTime(block, start + 345);
  const ctime = gnuTime(block, start + 357);
  if (!Number.isNaN(atime) && !Number.isNaN(ctime)) {
    if (atime !== undefined) entry.atime = { seconds: atime, nanoseconds: 0 };
    return "";
  }
  const prefix = text(block, start + PREFIX, 155);
  return isAscii(prefix) ? prefix : "";
}

function gnuTime(block: Uint8Array, start: number): number | undefined {
  return block[start] === 0 ? undefined : parseNumeric(block, start, 12);
}

function isAscii(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if (name.charCodeAt(i) > 0x7f) return false;
  }
  return true;
}

function joinName(prefix: string, name: string): string {
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Text up to the first NUL or the end of the field. */
function text(block: Uint8Array, start: number, width: number): string {
  let end = start;
  const limit = start + width;
  while (end < limit && block[end] !== 0) end++;
  return end === start ? "" : decodeName(block, start, end);
}

function readTime(block: Uint8Array, start: number): TarTime {
  return {
    seconds: readNumeric(block, start, 12, "a time"),
    nanoseconds: 0,
  };
}

function readDevice(block: Uint8Array, start: number): number {
  return readNumeric(block, start, 8, "a device field");
}

/** Permission bits only: some programs put the file type above them. */
function readMode(block: Uint8Array, start: number): number {
  const mode = readNumeric(block, start, 8, "the mode");
  if (!isBase256(block, start)) return mode & 0o7777;
  return ((block[start + 6]! << 8) | block[start + 7]!) & 0o7777;
}
