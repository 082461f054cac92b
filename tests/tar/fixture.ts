/**
 * Archives made by hand, and what the reader makes of archives.
 *
 * @module
 */

import type { TarEntry } from "../../src/tar/entry.ts";
import { TarReader } from "../../src/tar/reader.ts";
import { encodeName } from "../../src/text.ts";

/** Fields of a raw header block, as text or bytes, before any checking. */
export interface RawHeader {
  name?: string;
  mode?: string | Uint8Array;
  uid?: string | Uint8Array;
  gid?: string | Uint8Array;
  size?: number | string | Uint8Array;
  mtime?: string | Uint8Array;
  type?: string;
  linkname?: string;
  magic?: string;
  devmajor?: string | Uint8Array;
  devminor?: string | Uint8Array;
  prefix?: string;
  /** Anything else, by its offset. */
  at?: Record<number, string | Uint8Array>;
}

/** Magic and version of the formats. */
export const USTAR = "ustar\x0000";
export const GNU = "ustar  \0";

const encoder = new TextEncoder();

/** Makes a header block with the right checksum. */
export function header(fields: RawHeader): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(512);
  const put = (at: number, value: string | Uint8Array) =>
    block.set(typeof value === "string" ? encodeName(value) : value, at);
  const size = fields.size ?? 0;
  put(0, fields.name ?? "");
  put(100, fields.mode ?? "0000644\0");
  put(108, fields.uid ?? "0000000\0");
  put(116, fields.gid ?? "0000000\0");
  put(124, typeof size === "number" ? octal(size) : size);
  put(136, fields.mtime ?? "00000000000\0");
  put(156, fields.type ?? "0");
  put(157, fields.linkname ?? "");
  put(257, fields.magic ?? USTAR);
  put(329, fields.devmajor ?? "");
  put(337, fields.devminor ?? "");
  if (fields.prefix !== undefined) put(345, fields.prefix);
  for (const [at, value] of Object.entries(fields.at ?? {})) {
    put(Number(at), value);
  }
  return sign(block);
}

/** Puts the right checksum into a header block, and gives the block. */
export function sign<T extends Uint8Array>(block: T): T {
  block.fill(0x20, 148, 156);
  const sum = block.subarray(0, 512).reduce((sum, byte) => sum + byte, 0);
  block.set(encoder.encode(sum.toString(8).padStart(6, "0") + "\0 "), 148);
  return block;
}

/** Eleven octal digits and a NUL. */
export function octal(value: number): string {
  return value.toString(8).padStart(11, "0") + "\0";
}

/** A number in base-256, filling a field. */
export function base256(value: bigint, width: number): Uint8Array<ArrayBuffer> {
  const field = new Uint8Array(width);
  let rest = value;
  for (let i = width - 1; i >= 0; i--) {
    field[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  field[0]! |= 0x80;
  return field;
}

/** Joins parts; each text is encoded. */
export function join(
  ...parts: (Uint8Array | string)[]
): Uint8Array<ArrayBuffer> {
  const bytes = parts.map((part) =>
    typeof part === "string" ? encodeName(part) : part
  );
  const length = bytes.reduce((sum, part) => sum + part.length, 0);
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of bytes) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Fills content up to whole blocks. */
export function padded(content: Uint8Array | string): Uint8Array<ArrayBuffer> {
  const bytes = join(content);
  return join(bytes, new Uint8Array((512 - bytes.length % 512) % 512));
}

/** An entry with content. */
export function file(
  fields: RawHeader,
  content: Uint8Array | string = "",
): Uint8Array<ArrayBuffer> {
  const bytes = join(content);
  return join(header({ size: bytes.length, ...fields }), padded(bytes));
}

/** One PAX record. */
export function record(
  key: string,
  value: Uint8Array | string,
): Uint8Array<ArrayBuffer> {
  const rest = join(` ${key}=`, value, "\n");
  let length = rest.length;
  while (`${length}`.length + rest.length !== length) {
    length = `${length}`.length + rest.length;
  }
  return join(`${length}`, rest);
}

/** A PAX header with records, or with a body given as it is. */
export function pax(
  ...records: (Uint8Array | string | [string, Uint8Array | string])[]
): Uint8Array<ArrayBuffer> {
  const body = records.map((part) =>
    Array.isArray(part) ? record(part[0], part[1]) : part
  );
  return file({ name: "PaxHeaders/x", type: "x" }, join(...body));
}

/** Two zero blocks. */
export const END: Uint8Array = new Uint8Array(1024);

/** What the reader told about one entry. */
export interface Read {
  entry: TarEntry;
  /** Data as bytes and holes as lengths; neighbours of a kind are joined. */
  content: (Uint8Array | number)[];
  ended: boolean;
}

/** Everything the reader told, and its error. */
export interface ReadResult {
  reads: Read[];
  ended: boolean;
  error: Error | undefined;
}

/** Reads an archive in pieces of `cut` bytes. */
export function readArchive(
  archive: Uint8Array,
  cut: number = archive.length,
): ReadResult {
  const reads: Read[] = [];
  const reader = new TarReader({
    entry: (entry) => void reads.push({ entry, content: [], ended: false }),
    data: (bytes) => addData(reads.at(-1)!.content, bytes),
    hole: (length) => addHole(reads.at(-1)!.content, length),
    end: () => void (reads.at(-1)!.ended = true),
  });
  try {
    for (let at = 0; at < archive.length; at += cut) {
      reader.push(archive.slice(at, at + cut));
    }
    reader.finish();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { reads, ended: reader.ended, error };
  }
  return { reads, ended: reader.ended, error: undefined };
}

function addData(content: (Uint8Array | number)[], bytes: Uint8Array): void {
  if (bytes.length === 0) throw new Error("data() was called without data");
  const last = content.at(-1);
  if (last instanceof Uint8Array) {
    content[content.length - 1] = join(last, bytes);
  } else content.push(bytes.slice());
}

function addHole(content: (Uint8Array | number)[], length: number): void {
  if (!(length > 0)) throw new Error("hole() was called without a hole");
  if (typeof content.at(-1) === "number") throw new Error("two holes in a row");
  content.push(length);
}

/** Reads an archive that is expected to be valid. */
export function entriesOf(archive: Uint8Array): Read[] {
  const { reads, error } = readArchive(archive);
  if (error !== undefined) throw error;
  return reads;
}

/** Reads an archive with one entry, which is expected to be valid. */
export function onlyEntry(archive: Uint8Array): Read {
  const reads = entriesOf(archive);
  if (reads.length !== 1) throw new Error(`${reads.length} entries`);
  return reads[0]!;
}

/** Content with its holes filled with zeros. */
export function expanded(read: Read): Uint8Array {
  return join(
    ...read.content.map((part) =>
      typeof part === "number" ? new Uint8Array(part) : part
    ),
  );
}

/** An entry with every field, for the encoder. */
export function entryOf(fields: Partial<TarEntry>): TarEntry {
  return {
    name: "file",
    type: "0",
    linkname: "",
    size: 0,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    atime: undefined,
    devmajor: 0,
    devminor: 0,
    xattrs: undefined,
    ...fields,
  };
}
