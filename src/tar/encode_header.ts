/**
 * The 512-byte header block, from {@linkcode TarEntry} to bytes, in ustar form.
 *
 * Digits go straight into the block, and the checksum is added up on the way.
 *
 * @module
 */

import type { TarEntry } from "./entry.ts";
import { TYPE } from "./header.ts";
import { fitsOctal, writeOctal } from "./number.ts";

/** Width of the name and of the link name, in bytes. */
export const NAME_WIDTH = 100;
/** Width of the prefix of the name, in bytes. */
export const PREFIX_WIDTH = 155;
/** Width of the mode, in bytes. */
export const MODE_WIDTH = 8;
/** Width of an owner, a group or a device number, in bytes. */
export const ID_WIDTH = 8;
/** Width of a size or a time, in bytes. */
export const LONG_WIDTH = 12;

const CHECKSUM = 148;
const MAGIC = "ustar\x0000";
const SLASH = 0x2f;
const SPACE = 0x20;

/**
 * Writes the block of a PAX header. Its device fields stay NUL.
 *
 * @param block A block of zeros.
 * @param name Name of the header, ASCII.
 * @param bodyLength Length of its records, in bytes.
 */
export function encodePaxBlock(
  block: Uint8Array,
  name: string,
  bodyLength: number,
): void {
  let sum = writeText(block, 0, NAME_WIDTH, name);
  sum += writeOctal(block, 100, MODE_WIDTH, 0);
  sum += writeOctal(block, 108, ID_WIDTH, 0);
  sum += writeOctal(block, 116, ID_WIDTH, 0);
  sum += writeOctal(block, 124, LONG_WIDTH, bodyLength);
  sum += writeOctal(block, 136, LONG_WIDTH, 0);
  finishBlock(block, "x", sum);
}

/**
 * Writes the block of the entry itself; what does not fit is 0 or cut.
 *
 * @param block A block of zeros.
 * @param entry The entry.
 * @param split Offset of the slash between prefix and name; 0 for no prefix.
 */
export function encodeBlock(
  block: Uint8Array,
  entry: TarEntry,
  split: number,
): void {
  const { mtime } = entry;
  const name = split > 0 ? entry.name.slice(split + 1) : entry.name;
  let sum = writeText(block, 0, NAME_WIDTH, name);
  sum += writeOctal(block, 100, MODE_WIDTH, entry.mode);
  sum += writeFitting(block, 108, ID_WIDTH, entry.uid);
  sum += writeFitting(block, 116, ID_WIDTH, entry.gid);
  sum += writeFitting(block, 124, LONG_WIDTH, entry.size);
  sum += writeFitting(block, 136, LONG_WIDTH, mtime.seconds);
  sum += writeText(block, 157, NAME_WIDTH, entry.linkname);
  sum += writeOctal(block, 329, ID_WIDTH, entry.devmajor);
  sum += writeOctal(block, 337, ID_WIDTH, entry.devminor);
  if (split > 0) {
    sum += writeText(block, 345, PREFIX_WIDTH, entry.name.slice(0, split));
  }
  finishBlock(block, entry.type, sum);
}

function writeFitting(
  block: Uint8Array,
  start: number,
  width: number,
  value: number,
): number {
  return writeOctal(block, start, width, fitsOctal(value, width) ? value : 0);
}

/**
 * Writes the ASCII characters of a text, as many as the field can hold.
 *
 * Where the cut leaves a slash at the end of the field, the text ends before
 * it: some readers would take the entry for a directory.
 *
 * @returns Sum of the bytes of the field.
 */
function writeText(
  block: Uint8Array,
  start: number,
  width: number,
  text: string,
): number {
  let length = 0;
  let sum = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) continue;
    if (length === width) return sum - cutSlash(block, start, width);
    block[start + length++] = code;
    sum += code;
  }
  return sum;
}

/** Puts a NUL where trailing slashes begin; gives the byte it replaced. */
function cutSlash(block: Uint8Array, start: number, width: number): number {
  if (block[start + width - 1] !== SLASH) return 0;
  let end = width - 1;
  while (end > 0 && block[start + end - 1] === SLASH) end--;
  block[start + end] = 0;
  return SLASH;
}

function finishBlock(block: Uint8Array, type: string, sum: number): void {
  const typeCode = type.charCodeAt(0);
  block[TYPE] = typeCode;
  let total = sum + typeCode + 8 * SPACE;
  for (let i = 0; i < MAGIC.length; i++) {
    const code = MAGIC.charCodeAt(i);
    block[257 + i] = code;
    total += code;
  }
  writeOctal(block, CHECKSUM, 7, total);
  block[CHECKSUM + 7] = SPACE;
}
