/**
 * Numbers in headers: octal text, base-256 and decimal text.
 *
 * Values that a file can have are exact. Beyond 2^53 the nearest number is
 * given; callers refuse what they cannot use.
 *
 * @module
 */

import { Malformed } from "./error.ts";

const NUL = 0x00;
const SPACE = 0x20;
const ZERO = 0x30;
const SEVEN = 0x37;
const TWO_TO_32 = 0x1_0000_0000;

/** Most decimal digits that surely make an exact number. */
const EXACT_DIGITS = 15;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** What no octal field of a width has room for. */
const OCTAL_LIMITS: readonly number[] = Array.from(
  { length: 13 },
  (_, width) => 8 ** (width - 1),
);

/** Decimal integer with optional sign and leading zeros, of 64 bits or so. */
const DECIMAL_REGEXP = /^([+-]?)0*([0-9]{1,19})$/;

/**
 * Reads an octal field: digits between any number of spaces and NULs, at most
 * 21 bytes wide.
 *
 * What follows a NUL inside the field does not count.
 *
 * @param block Bytes that contain the field.
 * @param start Offset of the field.
 * @param width Length of the field, in bytes.
 * @returns The value, 0 for an empty field; NaN if it is not octal.
 */
export function parseOctal(
  block: Uint8Array,
  start: number,
  width: number,
): number {
  let at = start;
  let end = start + width;
  while (at < end && isPadding(block[at]!)) at++;
  while (end > at && isPadding(block[end - 1]!)) end--;
  let value = 0;
  for (; at < end; at++) {
    const byte = block[at]!;
    if (byte === NUL) break;
    if (byte < ZERO || byte > SEVEN) return NaN;
    value = value * 8 + (byte - ZERO);
  }
  return value;
}

function isPadding(byte: number): boolean {
  return byte === SPACE || byte === NUL;
}

/**
 * Tells whether a numeric field is in base-256.
 *
 * @param block Bytes that contain the field.
 * @param start Offset of the field.
 * @returns Whether the first bit of the field is set.
 */
export function isBase256(block: Uint8Array, start: number): boolean {
  return (block[start]! & 0x80) !== 0;
}

/**
 * Reads a numeric field, octal or base-256.
 *
 * Base-256 is the GNU form for numbers that octal has no room for: the first
 * bit is set, the other bits are a big-endian two's complement number.
 *
 * @param block Bytes that contain the field.
 * @param start Offset of the field.
 * @param width Length of the field, in bytes.
 * @returns The value, which can be negative; NaN if it is neither form or
 * needs more than 64 bits.
 */
export function parseNumeric(
  block: Uint8Array,
  start: number,
  width: number,
): number {
  if (isBase256(block, start)) return parseBase256(block, start, width);
  return parseOctal(block, start, width);
}

function parseBase256(
  block: Uint8Array,
  start: number,
  width: number,
): number {
  const negative = (block[start]! & 0x40) !== 0;
  const mask = negative ? 0xff : 0x00;
  let high = 0;
  let low = (block[start]! ^ mask) & 0x7f;
  for (let i = 1; i < width; i++) {
    if (high >= 0x100_0000) return NaN;
    high = high * 256 + (low >>> 24);
    low = ((low << 8) | (block[start + i]! ^ mask)) >>> 0;
  }
  if (high >= 0x8000_0000) return NaN;
  const value = high * TWO_TO_32 + low;
  return negative ? -value - 1 : value;
}

/**
 * Reads a numeric field as {@linkcode parseNumeric} does.
 *
 * @param block Bytes that contain the field.
 * @param start Offset of the field.
 * @param width Length of the field, in bytes.
 * @param what Name of the field, for the message.
 * @returns The value.
 * @throws {Malformed} if it is no number.
 */
export function readNumeric(
  block: Uint8Array,
  start: number,
  width: number,
  what: string,
): number {
  const value = parseNumeric(block, start, width);
  if (Number.isNaN(value)) throw new Malformed(`${what} is not a number`);
  return value;
}

/**
 * Reads a decimal number as PAX records have it.
 *
 * @param text Digits, with an optional sign.
 * @returns The value; NaN if `text` is something else or needs more than 64
 * bits.
 */
export function parseDecimal(text: string): number {
  const match = DECIMAL_REGEXP.exec(text);
  if (match === null) return NaN;
  const negative = match[1] === "-";
  const digits = match[2]!;
  if (digits.length > EXACT_DIGITS) return parseLong(digits, negative);
  return negative ? 0 - Number(digits) : Number(digits);
}

function parseLong(digits: string, negative: boolean): number {
  const value = negative ? -BigInt(digits) : BigInt(digits);
  return value > INT64_MAX || value < INT64_MIN ? NaN : Number(value);
}

/**
 * Tells whether a number fits into an octal field with its final NUL.
 *
 * @param value An integer.
 * @param width Length of the field, in bytes.
 * @returns Whether it is not negative and has at most `width` − 1 digits.
 */
export function fitsOctal(value: number, width: number): boolean {
  return value >= 0 && value < OCTAL_LIMITS[width]!;
}

/**
 * Writes an octal field: digits with leading zeros. The final byte is left as
 * it is.
 *
 * @param block Where to write.
 * @param start Offset of the field.
 * @param width Length of the field, in bytes.
 * @param value An integer for which {@linkcode fitsOctal} holds.
 * @returns Sum of the bytes written, for the checksum.
 */
export function writeOctal(
  block: Uint8Array,
  start: number,
  width: number,
  value: number,
): number {
  let at = start + width - 2;
  let sum = ZERO * (width - 1);
  let rest = value;
  while (rest > 0x7fff_ffff) {
    const digit = rest % 8;
    rest = (rest - digit) / 8;
    sum += digit;
    block[at--] = ZERO + digit;
  }
  for (let bits = rest | 0; at >= start; bits >>>= 3) {
    const digit = bits & 7;
    sum += digit;
    block[at--] = ZERO + digit;
  }
  return sum;
}
