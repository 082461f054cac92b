/**
 * Archives to entries, as the bytes arrive.
 *
 * Accepts v7, ustar, PAX, GNU and star headers, long names of GNU, numbers in
 * base-256 and sparse files in all forms, with the meaning that Go's
 * `archive/tar` gives them, which is what layers are made for.
 *
 * @module
 */

import { decodeName } from "../text.ts";
import type { TarEntry } from "./entry.ts";
import { Malformed, quoteName, TarError } from "./error.ts";
import {
  BLOCK,
  checksumMatches,
  decodeHeader,
  type Header,
  padding,
  sumBlock,
  TYPE,
} from "./header.ts";
import { applyPax, parsePax, type PaxRecords, paxText } from "./pax.ts";
import type { TarSink } from "./sink.ts";
import {
  checkMapLength,
  checkSparseMap,
  oldSparseSize,
  paxSparse,
  paxSparseMap,
  paxSparseSize,
  readOldBlockMap,
  readOldHeaderMap,
  type SparseMap,
  SparseText,
} from "./sparse.ts";
import { SparseContent } from "./sparse_content.ts";

export type { TarSink } from "./sink.ts";

/** Largest body of an extended header or a long name, in bytes. */
const EXTENSION_LIMIT = 1 << 20;
const CUT = "it ends too early";
const DEVICE_MAX = 0xffff_ffff;

/** Types that have no content, whatever their size says. */
const HEADER_ONLY: ReadonlySet<string> = new Set("123456");

/** What the next bytes of the archive are. */
type State =
  | "header"
  | "end block"
  | "extension"
  | "old map"
  | "text map"
  | "content"
  | "padding"
  | "ended";

/** What extended headers have said about the entry that follows them. */
interface Extension {
  name: string;
  linkname: string;
  pax: PaxRecords | undefined;
}

/**
 * Reads an archive that is pushed in pieces of any length.
 *
 * Everything is synchronous: each piece is used up, and the sink told, when
 * {@linkcode TarReader.push} returns. Nothing is copied but what is cut off at
 * the end of a piece. After an error the reader gives the same error again.
 *
 * Two fields are passed on as they are: `uid` and `gid` can be any integer, and
 * the `size` of links, devices, directories and fifos says nothing, since no
 * content follows. Device numbers fit in 32 bits if the entry is a device.
 */
export class TarReader {
  readonly #sink: TarSink;
  #state: State = "header";
  #failure: unknown;
  /** Bytes used up so far. */
  #consumed = 0;
  /** Offset of the header of the current entry, for messages. */
  #headerAt = 0;
  #block = new Uint8Array(BLOCK);
  /** How much of {@linkcode #block} is there. */
  #blockLength = 0;
  /** Bytes to come of the current content, extension or padding. */
  #rest = 0;
  #pad = 0;
  #extension: Extension | undefined;
  #body = new Uint8Array(0);
  #entry: TarEntry | undefined;
  #map: SparseMap = [];
  #mapLength = 0;
  #text: SparseText | undefined;
  #content: SparseContent | undefined;

  /**
   * Makes a reader.
   *
   * @param sink Who takes the entries; what it throws, `push` throws.
   */
  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** Whether the two zero blocks at the end of the archive have been seen. */
  get ended(): boolean {
    return this.#state === "ended";
  }

  /**
   * Reads the next bytes. What follows the end of the archive is ignored.
   *
   * @param chunk Any number of bytes, cut anywhere.
   * @throws {TarError} `EBADMSG` if the archive is malformed.
   */
  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      for (let at = 0; at < chunk.length && this.#state !== "ended";) {
        const taken = this.#step(chunk, at);
        at += taken;
        this.#consumed += taken;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Ends the input.
   *
   * An archive may lack its end mark, but not a part of an entry, nor the entry
   * that an extended header announces.
   *
   * @throws {TarError} `EBADMSG` if the archive is cut short.
   */
  finish(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const fault = this.#cut();
    if (fault !== undefined) this.#fail(new Malformed(fault));
  }

  /** What is missing, if the input ends now. */
  #cut(): string | undefined {
    if (this.#state === "ended") return undefined;
    if (this.#state !== "padding") {
      if (this.#state !== "header" && this.#state !== "end block") return CUT;
      this.#headerAt = this.#consumed - this.#blockLength;
      this.#entry = undefined;
      if (this.#blockLength > 0) return CUT;
    }
    const expected = this.#extension !== undefined &&
      this.#state !== "end block";
    return expected
      ? "it ends where an extended header needs its entry"
      : undefined;
  }

  #fail(error: unknown): never {
    this.#failure = error instanceof Malformed
      ? new TarError(
        `Cannot read the archive: ${error.message}${this.#where()}`,
      )
      : error;
    throw this.#failure;
  }

  #where(): string {
    const name = this.#entry?.name ?? "";
    const place = `header at byte ${this.#headerAt}`;
    return name === "" ? `, ${place}` : `, ${quoteName(name)}, ${place}`;
  }

  /** Uses up bytes of one kind; gives their number. */
  #step(chunk: Uint8Array, at: number): number {
    const room = chunk.length - at;
    switch (this.#state) {
      case "content":
        return this.#takeContent(chunk, at, Math.min(this.#rest, room));
      case "extension":
        return this.#takeExtension(chunk, at, Math.min(this.#rest, room));
      case "padding": {
        const length = Math.min(this.#rest, room);
        this.#skip(this.#rest - length);
        return length;
      }
      default:
        return this.#takeBlock(chunk, at, room);
    }
  }

  #skip(length: number): void {
    this.#rest = length;
    this.#state = length === 0 ? "header" : "padding";
  }

  #takeBlock(chunk: Uint8Array, at: number, room: number): number {
    if (this.#blockLength === 0 && room >= BLOCK) {
      this.#readBlock(chunk, at, this.#consumed);
      return BLOCK;
    }
    const length = Math.min(BLOCK - this.#blockLength, room);
    this.#block.set(chunk.subarray(at, at + length), this.#blockLength);
    this.#blockLength += length;
    if (this.#blockLength === BLOCK) {
      this.#blockLength = 0;
      this.#readBlock(this.#block, 0, this.#consumed + length - BLOCK);
    }
    return length;
  }

  #readBlock(block: Uint8Array, start: number, offset: number): void {
    switch (this.#state) {
      case "old map":
        return this.#readOldMap(block, start);
      case "text map":
        return this.#readTextMap(block, start);
      case "end block":
        return this.#readEnd(block, start, offset);
      default:
        return this.#readHeader(block, start, offset);
    }
  }

  #readEnd(block: Uint8Array, start: number, offset: number): void {
    this.#headerAt = offset;
    if (sumBlock(block, start) !== 0) {
      throw new Malformed("a single zero block is followed by something else");
    }
    this.#state = "ended";
  }

  #readHeader(block: Uint8Array, start: number, offset: number): void {
    this.#headerAt = offset;
    this.#entry = undefined;
    const sum = sumBlock(block, start);
    if (sum === 0) {
      this.#state = "end block";
      return;
    }
    if (!checksumMatches(block, start, sum)) {
      throw new Malformed("the checksum is wrong");
    }
    switch (String.fromCharCode(block[start + TYPE]!)) {
      case "x":
      case "g":
      case "L":
      case "K":
        return this.#beginExtension(decodeHeader(block, start).entry);
      default:
        return this.#readEntry(block, start);
    }
  }

  #beginExtension(entry: TarEntry): void {
    this.#entry = entry;
    checkSize(entry.size);
    if (entry.size > EXTENSION_LIMIT) {
      throw new Malformed("an extended header is too long");
    }
    this.#state = "extension";
    this.#rest = entry.size;
    this.#pad = padding(entry.size);
    this.#body = new Uint8Array(entry.size);
    if (entry.size === 0) this.#endExtension(entry);
  }

  #takeExtension(chunk: Uint8Array, at: number, length: number): number {
    const body = this.#body;
    body.set(chunk.subarray(at, at + length), body.length - this.#rest);
    this.#rest -= length;
    if (this.#rest === 0) this.#endExtension(this.#entry!);
    return length;
  }

  #endExtension(entry: TarEntry): void {
    if (entry.type === "g") this.#readGlobal(entry);
    else {
      this.#extension ??= { name: "", linkname: "", pax: undefined };
      const extension = this.#extension;
      if (entry.type === "x") extension.pax = parsePax(this.#body);
      else if (entry.type === "L") extension.name = cString(this.#body);
      else extension.linkname = cString(this.#body);
    }
    this.#skip(this.#pad);
  }

  /** A global header is an entry of its own, and ends what came before it. */
  #readGlobal(entry: TarEntry): void {
    const path = paxText(parsePax(this.#body), "path");
    this.#extension = undefined;
    this.#sink.entry({
      ...entry,
      name: path === "" ? entry.name : path,
      linkname: "",
      size: 0,
      mode: 0,
      uid: 0,
      gid: 0,
      mtime: { seconds: 0, nanoseconds: 0 },
      atime: undefined,
      devmajor: 0,
      devminor: 0,
    });
    this.#sink.end();
  }

  #readEntry(block: Uint8Array, start: number): void {
    const extension = this.#extension;
    this.#extension = undefined;
    const pax = extension?.pax;
    const name = longText(extension?.name, pax, "path");
    const linkname = longText(extension?.linkname, pax, "linkpath");
    const header = decodeHeader(block, start, name, linkname);
    const { entry } = header;
    this.#entry = entry;
    checkSize(entry.size);
    if (pax !== undefined) applyPax(pax, entry);
    if (entry.type === "\0") entry.type = entry.name.endsWith("/") ? "5" : "0";
    checkEntry(entry);
    this.#rest = HEADER_ONLY.has(entry.type) ? 0 : entry.size;
    this.#pad = padding(this.#rest);
    if (entry.type === "S") this.#readOldSparse(block, start, header);
    else if (pax !== undefined) this.#readPaxSparse(pax, entry);
    else this.#begin(undefined);
  }

  #readOldSparse(block: Uint8Array, start: number, header: Header): void {
    const { entry, format } = header;
    if (format !== "gnu") {
      throw new Malformed("a sparse file of this form is not supported");
    }
    entry.type = "0";
    entry.size = oldSparseSize(block, start);
    this.#map = [];
    this.#mapLength = 0;
    this.#continueOldMap(readOldHeaderMap(block, start, this.#map));
  }

  #readOldMap(block: Uint8Array, start: number): void {
    this.#continueOldMap(readOldBlockMap(block, start, this.#map));
  }

  #continueOldMap(more: boolean): void {
    this.#mapLength += BLOCK;
    checkMapLength(this.#mapLength);
    if (more) this.#state = "old map";
    else this.#begin(this.#map);
  }

  #readPaxSparse(pax: PaxRecords, entry: TarEntry): void {
    const where = paxSparse(pax);
    if (where === "none") return this.#begin(undefined);
    if (HEADER_ONLY.has(entry.type)) {
      throw new Malformed("something other than a file is said to be sparse");
    }
    entry.name = paxText(pax, "GNU.sparse.name") || entry.name;
    entry.size = paxSparseSize(pax) ?? entry.size;
    if (where === "records") return this.#begin(paxSparseMap(pax));
    this.#text = new SparseText();
    this.#expectTextMap();
  }

  #expectTextMap(): void {
    if (this.#rest < BLOCK) {
      throw new Malformed("the sparse map is longer than the content");
    }
    this.#state = "text map";
  }

  #readTextMap(block: Uint8Array, start: number): void {
    this.#rest -= BLOCK;
    if (this.#text!.push(block, start)) this.#begin(this.#text!.map());
    else this.#expectTextMap();
  }

  #begin(map: SparseMap | undefined): void {
    const entry = this.#entry!;
    this.#text = undefined;
    if (map !== undefined) {
      checkSize(entry.size);
      checkLength(entry.size);
      checkSparseMap(map, entry.size, this.#rest);
    }
    this.#state = "content";
    this.#sink.entry(entry);
    this.#content = map && new SparseContent(map, entry.size, this.#sink);
    this.#content?.skip();
    if (this.#rest === 0) this.#end();
  }

  #takeContent(chunk: Uint8Array, at: number, length: number): number {
    const end = at + length;
    if (this.#content !== undefined) this.#content.push(chunk, at, end);
    else if (length === chunk.length) this.#sink.data(chunk);
    else this.#sink.data(chunk.subarray(at, end));
    this.#rest -= length;
    if (this.#rest === 0) this.#end();
    return length;
  }

  #end(): void {
    this.#content = undefined;
    this.#sink.end();
    this.#skip(this.#pad);
  }
}

/** A name that extended headers told: the GNU form counts before PAX. */
function longText(
  gnu: string | undefined,
  pax: PaxRecords | undefined,
  key: string,
): string | undefined {
  if (gnu !== undefined && gnu !== "") return gnu;
  const text = pax === undefined ? "" : paxText(pax, key);
  return text === "" ? undefined : text;
}

function checkSize(size: number): void {
  if (size < 0) throw new Malformed("the size is negative");
}

function checkLength(size: number): void {
  if (!Number.isSafeInteger(size)) throw new Malformed("the size is too large");
}

function checkEntry(entry: TarEntry): void {
  checkSize(entry.size);
  if (!HEADER_ONLY.has(entry.type)) checkLength(entry.size);
  if (entry.type !== "3" && entry.type !== "4") return;
  if (!isDevice(entry.devmajor) || !isDevice(entry.devminor)) {
    throw new Malformed("a device number does not fit in 32 bits");
  }
}

function isDevice(number: number): boolean {
  return number >= 0 && number <= DEVICE_MAX;
}

/** Text up to the first NUL. */
function cString(body: Uint8Array): string {
  const nul = body.indexOf(0);
  return decodeName(body, 0, nul < 0 ? body.length : nul);
}
