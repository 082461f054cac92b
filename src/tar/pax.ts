/**
 * PAX extended headers: records to bytes and back.
 *
 * A record is `LENGTH KEY=VALUE` and a newline, where LENGTH counts all of it.
 * Values stay bytes until their key is known, because those of extended
 * attributes are binary. See pax(1), "pax Extended Header".
 *
 * @module
 */

import { decodeName, encodeName } from "../text.ts";
import type { TarEntry, TarTime } from "./entry.ts";
import { Malformed } from "./error.ts";
import { parseDecimal } from "./number.ts";

/** Values of an extended header by key. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>;

/** Prefix of the keys that carry extended attributes. */
export const XATTR_PREFIX = "SCHILY.xattr.";

/** Key of the offsets and lengths of the data of a sparse file. */
export const SPARSE_MAP = "GNU.sparse.map";
const SPARSE_OFFSET = "GNU.sparse.offset";
const SPARSE_NUMBYTES = "GNU.sparse.numbytes";

const NUL = 0x00;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const EQUALS = 0x3d;
const NANO_DIGITS = 9;
const BILLION = 1_000_000_000;

/** Keys whose value, rather than the key, is checked for NUL. */
const STRING_KEYS: ReadonlySet<string> = new Set([
  "path",
  "linkpath",
  "uname",
  "gname",
]);

/**
 * Parses the body of an extended header.
 *
 * Of records with the same key the last one counts. The pairs of sparse format
 * 0.0, which are the one case of keys that repeat, are joined to the list that
 * format 0.1 has.
 *
 * @param body The whole body; the values returned are views on it.
 * @returns The records.
 * @throws {Malformed} if a record is not well-formed.
 */
export function parsePax(body: Uint8Array): PaxRecords {
  const records = new Map<string, Uint8Array>();
  const pairs: string[] = [];
  for (let at = 0; at < body.length;) {
    const start = recordText(body, at);
    const end = recordEnd(body, at, start);
    const equals = body.subarray(start, end).indexOf(EQUALS) + start;
    if (equals <= start) throw new Malformed("a PAX record has no key");
    const key = decodeName(body, start, equals);
    const value = body.subarray(equals + 1, end);
    checkRecord(key, value);
    if (key === SPARSE_OFFSET || key === SPARSE_NUMBYTES) {
      pairs.push(sparseNumber(key, value, pairs.length));
    } else records.set(key, value);
    at = end + 1;
  }
  if (pairs.length > 0) records.set(SPARSE_MAP, encodeName(pairs.join(",")));
  return records;
}

/** Offset after the space that ends the record's length. */
function recordText(body: Uint8Array, at: number): number {
  const space = body.indexOf(SPACE, at);
  if (space < 0) throw new Malformed("a PAX record has no length");
  return space + 1;
}

/** Offset of the newline that ends the record. */
function recordEnd(body: Uint8Array, at: number, start: number): number {
  const length = parseDecimal(decodeName(body, at, start - 1));
  const end = at + length - 1;
  const valid = length >= 5 && end < body.length && end >= start &&
    body[end] === NEWLINE;
  if (!valid) throw new Malformed("a PAX record has a wrong length");
  return end;
}

function checkRecord(key: string, value: Uint8Array): void {
  const nul = STRING_KEYS.has(key) ? value.includes(NUL) : key.includes("\0");
  if (nul) throw new Malformed("a PAX record has a NUL in a name");
}

/** Offsets and lengths of format 0.0 have to alternate. */
function sparseNumber(key: string, value: Uint8Array, count: number): string {
  const expected = count % 2 === 0 ? SPARSE_OFFSET : SPARSE_NUMBYTES;
  const text = decodeName(value);
  if (key !== expected || text.includes(",")) {
    throw new Malformed("the PAX records of a sparse map are out of order");
  }
  return text;
}

/**
 * Reads the value of a record as text.
 *
 * @param records Records of an entry.
 * @param key Key of the record.
 * @returns The text, empty if there is no such record.
 */
export function paxText(records: PaxRecords, key: string): string {
  const value = records.get(key);
  return value === undefined ? "" : decodeName(value);
}

/**
 * Overrides header fields by the records of an entry.
 *
 * Name and link name are the caller's matter. A record with an empty value
 * leaves the field as it is, except that an extended attribute may be empty.
 *
 * @param records Records of the entry.
 * @param entry The entry as its own header has it; it is changed.
 * @throws {Malformed} if the value of a known key is not what it should be.
 */
export function applyPax(records: PaxRecords, entry: TarEntry): void {
  for (const [key, value] of records) {
    if (key.startsWith(XATTR_PREFIX)) {
      entry.xattrs ??= new Map();
      entry.xattrs.set(key.slice(XATTR_PREFIX.length), value);
    } else if (value.length > 0) applyField(key, value, entry);
  }
}

function applyField(key: string, value: Uint8Array, entry: TarEntry): void {
  switch (key) {
    case "uid":
    case "gid":
    case "size":
      entry[key] = paxNumber(key, value);
      break;
    case "mtime":
    case "atime":
      entry[key] = parsePaxTime(key, value);
      break;
    case "ctime":
      parsePaxTime(key, value);
  }
}

function paxNumber(key: string, value: Uint8Array): number {
  const number = parseDecimal(decodeName(value));
  if (Number.isNaN(number)) {
    throw new Malformed(`the PAX record "${key}" is not a number`);
  }
  return number;
}

/**
 * Reads a point in time: seconds, optionally a dot and a fraction.
 *
 * The fraction counts away from zero; digits beyond nanoseconds are dropped.
 */
function parsePaxTime(key: string, value: Uint8Array): TarTime {
  const text = decodeName(value);
  const dot = text.indexOf(".");
  const whole = dot < 0 ? text : text.slice(0, dot);
  const fraction = dot < 0 ? "" : text.slice(dot + 1);
  const seconds = parseDecimal(whole);
  if (Number.isNaN(seconds) || !/^[0-9]*$/.test(fraction)) {
    throw new Malformed(`the PAX record "${key}" is not a time`);
  }
  const digits = fraction.slice(0, NANO_DIGITS).padEnd(NANO_DIGITS, "0");
  const nanoseconds = Number(digits);
  if (!whole.startsWith("-") || nanoseconds === 0) {
    return { seconds, nanoseconds };
  }
  return { seconds: seconds - 1, nanoseconds: BILLION - nanoseconds };
}

/**
 * Writes a point in time, without final zeros in its fraction.
 *
 * @param time The time; before 1970 the fraction counts away from zero.
 * @returns Text such as `"1.5"` or `"-0.25"`.
 */
export function formatPaxTime(time: TarTime): string {
  let { seconds, nanoseconds } = time;
  if (nanoseconds === 0) return `${seconds}`;
  let sign = "";
  if (seconds < 0) {
    sign = "-";
    seconds = -(seconds + 1);
    nanoseconds = BILLION - nanoseconds;
  }
  const fraction = `${nanoseconds}`.padStart(NANO_DIGITS, "0");
  return `${sign}${seconds}.${fraction.replace(/0+$/, "")}`;
}

/**
 * Makes one record.
 *
 * @param key Key of the record.
 * @param value Its value.
 * @returns The record with its length and newline.
 * @throws {RangeError} if the key has `=` or NUL, or the value of a name NUL.
 */
export function formatPaxRecord(
  key: string,
  value: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const nul = STRING_KEYS.has(key) ? value.includes(NUL) : key.includes("\0");
  if (key.includes("=") || nul) {
    throw new RangeError(`Cannot write the PAX record "${key}": bad character`);
  }
  const rest = encodeName(` ${key}=`);
  const content = rest.length + value.length + 1;
  const head = encodeName(`${recordLength(content)}`);
  const record = new Uint8Array(head.length + content);
  record.set(head);
  record.set(rest, head.length);
  record.set(value, head.length + rest.length);
  record[record.length - 1] = NEWLINE;
  return record;
}

/** Length of a record, given its length without the digits of the length. */
function recordLength(content: number): number {
  const guess = content + `${content}`.length;
  return content + `${guess}`.length;
}
