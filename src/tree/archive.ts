/**
 * Archive entries and the content of their files as one run of bytes.
 *
 * @module
 */

import { type Extent, seekFd } from "../linux/copy.ts";
import { hasCode } from "../linux/errno.ts";
import { readFd } from "../linux/file.ts";
import { HeaderEncoder, padding, TAR_END } from "../tar/writer.ts";
import { type PackItem, shrank } from "./pack.ts";
import { keepsChanging } from "./races.ts";

/** A piece of an archive: bytes as they are, then content of a file. */
export interface ArchiveItem {
  /** Bytes that come first, valid until the next item is asked for. */
  readonly head: Uint8Array;
  /**
   * File to read on in, from its start if there is no `check`, or -1; closed by
   * who made the item.
   */
  readonly fd: number;
  /** Bytes of content, which the file must have. */
  readonly size: number;
  /** Zeros after the content. */
  readonly padding: number;
  /** Path of the file for error messages. */
  readonly path: string;
  /** Is shown the content, in order, once. */
  readonly check?: (content: Uint8Array) => void;
}

/** Reads what was a file when it was looked at. */
function readContent(
  fd: number,
  into: Uint8Array<ArrayBuffer>,
  path: string,
): number {
  try {
    return readFd(fd, into, path);
  } catch (error) {
    throw hasCode(error, "EISDIR") ? keepsChanging(path) : error;
  }
}

const NOTHING = new Uint8Array();
const NO_FILE = { fd: -1, size: 0, padding: 0, path: "" };

/** Bytes of an archive that are no file's content. */
export function bareItem(head: Uint8Array): ArchiveItem {
  return { head, ...NO_FILE };
}

/**
 * Writes the headers of entries, and the end of the archive.
 *
 * @param items Entries with their content; closed with the answer.
 */
export function* encoded(items: Iterable<PackItem>): Generator<ArchiveItem> {
  const encoder = new HeaderEncoder();
  for (const { entry, fd, path } of items) {
    const size = fd >= 0 ? entry.size : 0;
    const head = encoder.encode(entry);
    yield { head, fd, size, padding: padding(size), path };
  }
  yield bareItem(TAR_END);
}

/** Longest time to fill a buffer, in milliseconds, so that others get a turn. */
const TURN_MS = 5;
/** Entries between two looks at the clock. */
const ENTRIES = 16;

/** Content of one file, from where an archive stands in it. */
export interface Body extends Extent {
  /** Bytes that are to come. */
  readonly length: number;
  /** Path for error messages. */
  readonly path: string;
}

/**
 * Produces an archive piece by piece, at the pace of whoever fills buffers.
 *
 * Nothing is buffered inside but one header: bodies are read into the caller's
 * buffer, or taken by the caller from {@linkcode Archive.body}.
 */
export class Archive implements Disposable {
  readonly #items: Iterator<ArchiveItem>;
  #item: ArchiveItem | undefined;
  /** Header or end blocks that wait to be copied out. */
  #pending: Uint8Array = NOTHING;
  #body = 0;
  #padding = 0;
  #ended = false;

  /**
   * Makes an archive of items.
   *
   * @param items Its pieces; closed early by disposal.
   */
  constructor(items: Iterator<ArchiveItem>) {
    this.#items = items;
  }

  /**
   * Fills a buffer with the next bytes.
   *
   * @param buffer Where the bytes go.
   * @param large Stops before content of so many bytes or more, so that the
   * caller can take it from {@linkcode Archive.body}.
   * @returns How many bytes were put, fewer if that took long; 0 at the end, or
   * before large content.
   * @throws {DriverError} `EIO` if a file became shorter.
   */
  fill(buffer: Uint8Array<ArrayBuffer>, large = Infinity): number {
    const start = performance.now();
    let at = 0;
    for (let entries = 0; at < buffer.length;) {
      if (this.#pending.length > 0) {
        at += this.#copyPending(buffer, at);
      } else if (this.#body > 0) {
        if (this.#body >= large && this.body) return at;
        at += this.#readBody(buffer, at);
      } else if (this.#padding > 0) {
        at += this.#copyPadding(buffer, at);
      } else {
        const late = at > 0 && ++entries % ENTRIES === 0 &&
          performance.now() - start > TURN_MS;
        if (late || !this.#advance()) return at;
      }
    }
    return at;
  }

  #copyPending(buffer: Uint8Array, at: number): number {
    const pending = this.#pending;
    const room = buffer.length - at;
    const part = pending.length > room ? pending.subarray(0, room) : pending;
    buffer.set(part, at);
    this.#pending = pending.length > room ? pending.subarray(room) : NOTHING;
    return part.length;
  }

  #copyPadding(buffer: Uint8Array, at: number): number {
    const end = Math.min(at + this.#padding, buffer.length);
    buffer.fill(0, at, end);
    this.#padding -= end - at;
    return end - at;
  }

  #readBody(buffer: Uint8Array<ArrayBuffer>, at: number): number {
    const { fd, path, check } = this.#item!;
    const part = buffer.subarray(at, at + this.#body);
    const length = readContent(fd, part, path);
    if (length === 0) throw shrank(path);
    check?.(part.subarray(0, length));
    this.#body -= length;
    return length;
  }

  /** Goes to the next piece, if there is one. */
  #advance(): boolean {
    if (this.#ended) return false;
    const { value, done } = this.#items.next();
    if (done) {
      this.#ended = true;
      return false;
    }
    this.#item = value;
    this.#pending = value.head;
    this.#body = value.size;
    this.#padding = value.padding;
    return true;
  }

  /**
   * The content that comes next; `undefined` if something else does, or if
   * somebody wants to see it.
   */
  get body(): Body | undefined {
    const length = this.#body;
    if (this.#pending.length > 0 || length === 0) return undefined;
    const { fd, path, size, check } = this.#item!;
    if (check !== undefined) return undefined;
    return { fd, path, length, offset: size - length };
  }

  /**
   * Passes over content that the caller has taken from {@linkcode Archive.body}.
   *
   * @param length How many bytes; 0 says that the file has no more.
   * @throws {DriverError} `EIO` if a file became shorter.
   */
  passBody(length: number): void {
    const { fd, path, size } = this.#item!;
    if (length === 0) throw shrank(path);
    this.#body -= length;
    // The rest may be read.
    seekFd(fd, size - this.#body, path);
  }

  /** Closes what is open, wherever the archive stands. */
  [Symbol.dispose](): void {
    this.#items.return?.();
    this.#ended = true;
  }
}
