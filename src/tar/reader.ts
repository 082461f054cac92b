/**
 * Archives to entries, as the bytes arrive.
 *
 * Accepts v7, ustar, PAX, GNU and star headers, long names of GNU, numbers in
 * base-256 and sparse files in all forms, with the meaning that Go's
 * `archive/tar` gives them, which is what layers are made for.
 *
 * @module
 */

import type { TarEntry } from "./entry.ts";
import { Malformed, quoteName, TarError } from "./error.ts";
import { Extensions, isExtension } from "./extension.ts";
import {
  BLOCK,
  checksumMatches,
  decodeHeader,
  type Header,
  padding,
  sumBlock,
  TYPE,
} from "./header.ts";
import { checkEntry, checkSign, checkSize, HEADER_ONLY } from "./limits.ts";
import { applyPax, type PaxRecords, paxText } from "./pax.ts";
import type { TarSink } from "./sink.ts";
import {
  checkSparseMap,
  OldSparseMap,
  oldSparseSize,
  paxSparse,
  paxSparseMap,
  paxSparseSize,
  type SparseBlocks,
  type SparseMap,
  SparseText,
} from "./sparse.ts";
import { SparseContent } from "./sparse_content.ts";

export type { TarSink } from "./sink.ts";

const CUT = "it ends too early";
const CUT_IN_PADDING = "it ends before the content is filled up";
const CUT_BEFORE_ENTRY = "it ends where an extended header needs its entry";

/** What the next bytes of the archive are. */
type State =
  | "header"
  | "end block"
  | "extension"
  | "sparse map"
  | "content"
  | "padding"
  | "ended";

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
  readonly #extensions = new Extensions();
  #entry: TarEntry | undefined;
  #map: SparseBlocks | undefined;
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
   * Reads the next bytes. Only zeros may follow the end of the archive.
   *
   * Stops early when the sink has work of its own to do first.
   *
   * @param chunk Any number of bytes, cut anywhere.
   * @returns How many bytes were used up.
   * @throws {TarError} `EBADMSG` if the archive is malformed.
   */
  push(chunk: Uint8Array): number {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      let at = 0;
      while (at < chunk.length && !this.#sink.busy) {
        const taken = this.#step(chunk, at);
        at += taken;
        this.#consumed += taken;
      }
      return at;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Bytes of plain content that come next; 0 outside of one, or if it has holes. */
  get contentLeft(): number {
    const plain = this.#state === "content" && this.#content === undefined;
    return plain && this.#failure === undefined ? this.#rest : 0;
  }

  /** Passes over the content that comes next, of which the sink knows already. */
  passContent(): void {
    const length = this.contentLeft;
    if (length === 0) return;
    this.#consumed += length;
    this.#rest = 0;
    this.#end();
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
    switch (this.#state) {
      case "ended":
        return undefined;
      case "header":
      case "end block":
        this.#headerAt = this.#consumed - this.#blockLength;
        this.#entry = undefined;
        if (this.#blockLength > 0) return CUT;
        if (this.#state === "end block") return undefined;
        break;
      case "padding":
        return CUT_IN_PADDING;
      default:
        return CUT;
    }
    return this.#extensions.pending ? CUT_BEFORE_ENTRY : undefined;
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
      case "ended":
        return this.#takeRest(chunk, at);
      default:
        return this.#takeBlock(chunk, at, room);
    }
  }

  #takeRest(chunk: Uint8Array, at: number): number {
    for (let i = at; i < chunk.length; i++) {
      if (chunk[i] !== 0) {
        throw new Malformed(
          "its end is followed by something other than zeros",
        );
      }
    }
    return chunk.length - at;
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
    if (this.#state === "header") this.#readHeader(block, start, offset);
    else if (this.#state === "end block") this.#readEnd(block, start, offset);
    else this.#readMap(block, start);
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
    const type = String.fromCharCode(block[start + TYPE]!);
    if (isExtension(type)) this.#beginExtension(block, start);
    else this.#readEntry(block, start);
  }

  #beginExtension(block: Uint8Array, start: number): void {
    const { entry } = decodeHeader(block, start);
    this.#entry = entry;
    this.#extensions.begin(entry);
    this.#state = "extension";
    this.#rest = entry.size;
    this.#pad = padding(entry.size);
    if (entry.size === 0) this.#endExtension();
  }

  #takeExtension(chunk: Uint8Array, at: number, length: number): number {
    this.#extensions.push(chunk.subarray(at, at + length));
    this.#rest -= length;
    if (this.#rest === 0) this.#endExtension();
    return length;
  }

  #endExtension(): void {
    const global = this.#extensions.finish();
    if (global !== undefined) {
      this.#sink.entry(global);
      this.#sink.end();
    }
    this.#skip(this.#pad);
  }

  #readEntry(block: Uint8Array, start: number): void {
    const { name, linkname, pax } = this.#extensions.take();
    const header = decodeHeader(block, start, name, linkname);
    const { entry } = header;
    this.#entry = entry;
    checkSign(entry.size);
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
    const map = new OldSparseMap(block, start);
    if (map.more) this.#expectMap(map);
    else this.#begin(map.map());
  }

  #readPaxSparse(pax: PaxRecords, entry: TarEntry): void {
    const where = paxSparse(pax);
    if (where === "none") return this.#begin(undefined);
    if (HEADER_ONLY.has(entry.type)) {
      throw new Malformed("something other than a file is said to be sparse");
    }
    entry.name = paxText(pax, "GNU.sparse.name") || entry.name;
    entry.size = paxSparseSize(pax) ?? entry.size;
    if (where === "records") this.#begin(paxSparseMap(pax));
    else this.#expectMap(new SparseText());
  }

  #expectMap(map: SparseBlocks): void {
    if (map.inContent && this.#rest < BLOCK) {
      throw new Malformed("the sparse map is longer than the content");
    }
    this.#map = map;
    this.#state = "sparse map";
  }

  #readMap(block: Uint8Array, start: number): void {
    const map = this.#map!;
    if (map.inContent) this.#rest -= BLOCK;
    if (map.push(block, start)) this.#begin(map.map());
    else this.#expectMap(map);
  }

  #begin(map: SparseMap | undefined): void {
    const entry = this.#entry!;
    this.#map = undefined;
    if (map !== undefined) {
      checkSize(entry.size);
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
