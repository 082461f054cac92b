/**
 * File names: bytes on disk, strings in the program.
 *
 * A name is decoded as UTF-8; each byte that is not part of valid UTF-8 becomes
 * one lone surrogate U+DC80…U+DCFF, so that every name survives a round trip.
 * Order is by bytes, not by UTF-16 units.
 *
 * @module
 */

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Longest run that is decoded here; beyond it TextDecoder is faster. */
const SHORT = 128;
/** Longest run that is decoded unit by unit; beyond it one call is faster. */
const VERY_SHORT = 8;

/**
 * Decodes the bytes of a name or path.
 *
 * @param bytes Any bytes.
 * @param start Offset of the first byte.
 * @param end Offset after the last byte.
 * @returns The name, with a lone surrogate for each byte that is not UTF-8.
 */
export function decodeName(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): string {
  if (end - start <= SHORT) {
    const text = decodeAscii(bytes, start, end);
    if (text !== undefined) return text;
  }
  const part = bytes.subarray(start, end);
  try {
    return strict.decode(part);
  } catch {
    return decodeEscaped(part);
  }
}

function decodeAscii(
  bytes: Uint8Array,
  start: number,
  end: number,
): string | undefined {
  const few = end - start <= VERY_SHORT;
  let text = "";
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte > 0x7f) return undefined;
    if (few) text += String.fromCharCode(byte);
  }
  return few ? text : asUnits(bytes.subarray(start, end));
}

/** Takes each byte for a UTF-16 unit. */
function asUnits(bytes: ArrayLike<number>): string {
  return String.fromCharCode.apply(null, bytes as number[]);
}

/** Length of the valid UTF-8 sequence at `at`, or 0. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  // No overlong forms, no surrogates, nothing beyond U+10FFFF.
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[at + 1] ?? 0;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) {
    if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  }
  return length;
}
function decodeEscaped(bytes: Uint8Array): string {
  let text = "";
  let valid = 0;
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    at += length;
    if (length > 0) continue;
    if (at > valid) text += strict.decode(bytes.subarray(valid, at));
    text += String.fromCharCode(0xdc00 + bytes[at]!);
    valid = ++at;
  }
  return text + strict.decode(bytes.subarray(valid));
}

/**
 * Encodes a name or path into bytes, undoing {@linkcode decodeName}.
 *
 * @param text Text whose lone surrogates, if any, are U+DC80…U+DCFF.
 * @returns Its bytes, without a final NUL.
 * @throws {TypeError} if `text` has a lone surrogate that stands for no byte.
 */
export function encodeName(text: string): Uint8Array<ArrayBuffer> {
  if (text.isWellFormed()) return encoder.encode(text);
  const bytes = new Uint8Array(text.length * 3);
  let at = 0;
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) bytes[at++] = code - 0xdc00;
    else if (code >= 0xd800 && code <= 0xdfff) {
      throw new TypeError(
        `Cannot encode ${JSON.stringify(text)}: it is not a name`,
      );
    } else at += encoder.encodeInto(char, bytes.subarray(at)).written;
  }
  return bytes.slice(0, at);
}

/**
 * Compares two names by their bytes.
 *
 * @param a One name.
 * @param b Another name.
 * @returns A negative number, zero or a positive number, as for sorting.
 */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    if (x < 0xd800 && y < 0xd800) return x - y;
    return compareBytes(encodeName(a), encodeName(b));
  }
  return a.length - b.length;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}

/**
 * Makes a name fit to be printed on one line: escaped bytes and control
 * characters as `\xNN`.
 *
 * @param text A name or path.
 * @returns Printable text.
 */
export function printableName(text: string): string {
  let out = "";
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) {
      out += `\\x${(code - 0xdc00).toString(16)}`;
    } else if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
      out += `\\x${code.toString(16).padStart(2, "0")}`;
    } else out += char;
  }
  return out;
}
