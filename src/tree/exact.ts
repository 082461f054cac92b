/**
 * Archives written anew from their records: headers as they came, content from
 * the files that were made of it.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { DriverError } from "../errors.ts";
import { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from "../linux/constants.ts";
import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { skipFd } from "../linux/copy.ts";
import { closeFd, openAt } from "../linux/file.ts";
import { statFd } from "../linux/stat.ts";
import type { RecordPart } from "../tar/record_reader.ts";
import { Archive, type ArchiveItem, bareItem } from "./archive.ts";
import { baseName, parentPath } from "./paths.ts";

/** What is no regular file answers when it is opened as one. */
const NOT_THERE = ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "ENODEV"];
const NOTHING = new Uint8Array();

/** A file that is not what was unpacked. */
function isOther(path: string, how: string): DriverError {
  return new DriverError(
    "EIO",
    `Cannot write the archive as it was: ${path} ${how}`,
  );
}

/**
 * Writes an archive anew.
 *
 * @param root Root of the files; stays open.
 * @param parts What was recorded of the archive.
 * @returns The pieces of the archive.
 * @throws {DriverError} `EIO` if a file is not there or not what it was, at the
 * latest after its content.
 */
export function* replay(
  root: Dir,
  parts: Iterable<RecordPart>,
): Generator<ArchiveItem> {
  using files = new Files(root);
  for (const part of parts) {
    switch (part.kind) {
      case "bytes":
        yield bareItem(part.bytes);
        break;
      case "file":
        files.open(part.path, part.size);
        break;
      case "data":
        yield files.content(part.offset, part.length);
        break;
      case "sum":
        files.close(part.crc);
    }
  }
}

/** The one file that is open, and the directory of the last one. */
class Files implements Disposable {
  readonly #root: Dir;
  #dir: Dir | undefined;
  #dirPath = "";
  #fd = -1;
  #path = "";
  #at = 0;
  #crc = 0;
  readonly #check = (content: Uint8Array) =>
    void (this.#crc = crc32(content, this.#crc));

  constructor(root: Dir) {
    this.#root = root;
  }

  open(path: string, size: number): void {
    this.#path = `${this.#root.path}/${path}`;
    this.#at = this.#crc = 0;
    try {
      const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
      this.#fd = openAt(this.#dirOf(path), baseName(path), flags);
    } catch (error) {
      if (!hasCode(error, ...NOT_THERE)) throw error;
      throw isOther(this.#path, "is gone");
    }
    const status = statFd(this.#fd, this.#path);
    if (status.type !== "file") throw isOther(this.#path, "is no file");
    if (status.size !== size) {
      const sizes = `${status.size} bytes and not ${size}`;
      throw isOther(this.#path, `has ${sizes}`);
    }
  }

  /** By the kernel's own lookup, with the root for `/`, as it was made. */
  #dirOf(path: string): Dir {
    const parent = parentPath(path);
    if (parent === "") return this.#root;
    if (this.#dir === undefined || this.#dirPath !== parent) {
      this.#dir?.[Symbol.dispose]();
      this.#dir = undefined;
      this.#dir = this.#root.openInRoot(parent);
      this.#dirPath = parent;
    }
    return this.#dir;
  }

  content(offset: number, length: number): ArchiveItem {
    if (offset > this.#at) skipFd(this.#fd, offset - this.#at, this.#path);
    this.#at = offset + length;
    return {
      head: NOTHING,
      fd: this.#fd,
      size: length,
      padding: 0,
      path: this.#path,
      check: this.#check,
    };
  }

  close(crc: number): void {
    this.#closeFile();
    if (crc !== this.#crc) throw isOther(this.#path, "has other content");
  }

  #closeFile(): void {
    if (this.#fd >= 0) closeFd(this.#fd);
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.#closeFile();
    this.#dir?.[Symbol.dispose]();
    this.#dir = undefined;
  }
}

/** Bytes read between two rests. */
const CHUNK = 256 * 1024;

/**
 * Reads all content that a record refers to; yields again and again.
 *
 * @throws {DriverError} `EIO` as {@linkcode replay}.
 */
export function* proveReplay(
  root: Dir,
  parts: Iterable<RecordPart>,
): Generator<void> {
  using archive = new Archive(replay(root, parts));
  const buffer = new Uint8Array(CHUNK);
  while (archive.fill(buffer) > 0) yield;
}
