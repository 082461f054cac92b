/**
 * Entries to header blocks.
 *
 * Byte for byte what Go's `archive/tar` writes when it is asked for PAX: a
 * plain ustar block where that can hold the entry, else a PAX header before
 * it. So a layer has the digest that Docker gives it.
 *
 * @module
 */

import { compareNames, encodeName } from "../text.ts";
import type { TarEntry, TarTime } from "./entry.ts";
import {
  encodeBlock,
  encodePaxBlock,
  ID_WIDTH,
  LONG_WIDTH,
  MODE_WIDTH,
  NAME_WIDTH,
  PREFIX_WIDTH,
} from "./encode_header.ts";
import { quoteName } from "./error.ts";
import { isExtension } from "./extension.ts";
import { BLOCK, padding } from "./header.ts";
import { HEADER_ONLY } from "./limits.ts";
import { fitsOctal } from "./number.ts";
import { formatPaxRecord, formatPaxTime, XATTR_PREFIX } from "./pax.ts";

export { padding } from "./header.ts";

/** End of an archive: two blocks of zeros. */
export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK);

/** Largest body of a PAX header that readers accept, in bytes. */
const PAX_LIMIT = 1 << 20;

/** The one time that Go takes for "not set": year 1, at its start. */
const UNSET_SECONDS = -62_135_596_800;

/** Types whose name must not look like that of a directory. */
const FILE_TYPES: ReadonlySet<string> = new Set("0346S");

/** Encodes the headers of entries, one after the other, into one buffer. */
export class HeaderEncoder {
  readonly #plain = new Uint8Array(BLOCK);
  #buffer = new Uint8Array(3 * BLOCK);

  /**
   * Encodes all header blocks of an entry; content and its padding follow.
   *
   * Times are written as they are: a fraction of a second, or any `atime`,
   * takes a PAX header. Docker sets neither.
   *
   * @param entry The entry.
   * @returns A view that is valid until the next call.
   * @throws {RangeError} if no header can represent the entry.
   */
  encode(entry: TarEntry): Uint8Array {
    checkEntry(entry);
    const split = splitName(entry.name);
    if (split >= 0 && fitsUstar(entry)) {
      encodeBlock(this.#plain.fill(0), entry, split);
      return this.#plain;
    }
    const length = this.#encodePax(entry, paxRecords(entry));
    encodeBlock(this.#room(length + BLOCK, length), entry, 0);
    return this.#buffer.subarray(0, length + BLOCK);
  }

  /** Writes the extended header and its body; gives their length. */
  #encodePax(entry: TarEntry, records: Uint8Array[]): number {
    let body = 0;
    for (const record of records) body += record.length;
    if (body > PAX_LIMIT) refuse(entry, "its PAX header would be too long");
    const length = BLOCK + body + padding(body);
    encodePaxBlock(this.#room(length + BLOCK, 0), paxName(entry.name), body);
    let at = BLOCK;
    for (const record of records) {
      this.#buffer.set(record, at);
      at += record.length;
    }
    this.#buffer.fill(0, at, length);
    return length;
  }

  /** Makes sure of the buffer's length; gives the zeroed block at `at`. */
  #room(length: number, at: number): Uint8Array {
    if (length > this.#buffer.length) {
      const buffer = new Uint8Array(length);
      buffer.set(this.#buffer.subarray(0, at));
      this.#buffer = buffer;
    }
    return this.#buffer.subarray(at, at + BLOCK).fill(0);
  }
}

function refuse(entry: TarEntry, reason: string): never {
  throw new RangeError(
    `Cannot write the header of ${quoteName(entry.name)}: ${reason}`,
  );
}

function checkEntry(entry: TarEntry): void {
  const { type, size, mode, devmajor, devminor } = entry;
  if (type.length !== 1 || type.charCodeAt(0) > 0xff) {
    refuse(entry, "its type is not one byte");
  }
  if (isExtension(type)) refuse(entry, "it is an extended header");
  if (FILE_TYPES.has(type) && entry.name.endsWith("/")) {
    refuse(entry, "the name of a file ends in a slash");
  }
  if (!HEADER_ONLY.has(type) && size < 0) refuse(entry, "its size is negative");
  if (!fitsOctal(mode, MODE_WIDTH)) refuse(entry, "its mode does not fit");
  if (!fitsOctal(devmajor, ID_WIDTH) || !fitsOctal(devminor, ID_WIDTH)) {
    refuse(entry, "its device number does not fit");
  }
  if (entry.name.includes("\0") || entry.linkname.includes("\0")) {
    refuse(entry, "a name contains NUL");
  }
}

function fitsUstar(entry: TarEntry): boolean {
  return entry.linkname.length <= NAME_WIDTH && isAscii(entry.linkname) &&
    fitsOctal(entry.uid, ID_WIDTH) && fitsOctal(entry.gid, ID_WIDTH) &&
    fitsOctal(entry.size, LONG_WIDTH) && fitsMtime(entry) &&
    !isSet(entry.atime) &&
    (entry.xattrs === undefined || entry.xattrs.size === 0);
}

function fitsMtime({ mtime }: TarEntry): boolean {
  if (!isSet(mtime)) return true;
  return mtime.nanoseconds === 0 && fitsOctal(mtime.seconds, LONG_WIDTH);
}

function isSet(time: TarTime | undefined): time is TarTime {
  if (time === undefined) return false;
  return time.seconds !== UNSET_SECONDS || time.nanoseconds !== 0;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return false;
  }
  return true;
}

/**
 * Finds where a name is split between the fields name and prefix.
 *
 * @returns Offset of the slash between them, 0 if the name needs no prefix, −1
 * if ustar has no room for it.
 */
function splitName(name: string): number {
  if (!isAscii(name)) return -1;
  if (name.length <= NAME_WIDTH) return 0;
  let last = name.length - 1;
  if (last > PREFIX_WIDTH) last = PREFIX_WIDTH;
  else if (name.endsWith("/")) last--;
  const slash = name.lastIndexOf("/", last);
  const rest = name.length - slash - 1;
  return slash > 0 && rest > 0 && rest <= NAME_WIDTH ? slash : -1;
}

/** Records for what the block cannot hold, sorted by key. */
function paxRecords(entry: TarEntry): Uint8Array[] {
  const values = new Map<string, Uint8Array>();
  for (const [name, value] of entry.xattrs ?? []) {
    if (/[=\0]/.test(name)) refuse(entry, "bad name of an attribute");
    values.set(XATTR_PREFIX + name, value);
  }
  const { name, linkname, mtime, atime } = entry;
  if (!fitsField(name)) values.set("path", encodeName(name));
  if (!fitsField(linkname)) values.set("linkpath", encodeName(linkname));
  for (const key of ["uid", "gid", "size"] as const) {
    const width = key === "size" ? LONG_WIDTH : ID_WIDTH;
    const value = entry[key];
    if (!fitsOctal(value, width)) values.set(key, encodeName(`${value}`));
  }
  if (!fitsMtime(entry)) values.set("mtime", encodeName(formatPaxTime(mtime)));
  if (isSet(atime)) values.set("atime", encodeName(formatPaxTime(atime)));
  const keys = [...values.keys()].sort(compareNames);
  return keys.map((key) => formatPaxRecord(key, values.get(key)!));
}

function fitsField(name: string): boolean {
  return name.length <= NAME_WIDTH && isAscii(name);
}

/** `dir/PaxHeaders.0/base`, cleaned and cut to what the field can hold. */
function paxName(name: string): string {
  const slash = name.lastIndexOf("/") + 1;
  const path = `${name.slice(0, slash)}/PaxHeaders.0/${name.slice(slash)}`;
  const rooted = name.startsWith("/");
  const joined = slash === 0 ? path.slice(1) : path;
  const field = toAscii(cleanPath(joined, rooted)).slice(0, NAME_WIDTH);
  return field.replace(/\/+$/, "");
}

/** Resolves `.`, `..` and repeated slashes without looking at any file. */
function cleanPath(path: string, rooted: boolean): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    const last = parts.at(-1);
    if (part !== ".." || (!rooted && (last === undefined || last === ".."))) {
      parts.push(part);
    } else parts.pop();
  }
  const clean = parts.join("/");
  if (rooted) return `/${clean}`;
  return clean === "" ? "." : clean;
}

function toAscii(text: string): string {
  if (isAscii(text)) return text;
  let ascii = "";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 0x7f) ascii += text[i];
  }
  return ascii;
}
