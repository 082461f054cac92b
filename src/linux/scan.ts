/**
 * A look through a directory of very many names, as bytes: no text is made for a
 * name, and nothing allocated.
 *
 * @module
 */

import { decodeName } from "../text.ts";
import {
  O_CLOEXEC,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
} from "./constants.ts";
import type { Dir } from "./dir.ts";
import { checked, lastErrno, libc } from "./libc.ts";

const LIST_SIZE = 64 * 1024;
const HEADER = 19;
const ENOENT = 2;
const NAME_MAX = 255;
const FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

/** Bytes of a file that are read. */
const CONTENT_SIZE = 64 * 1024;
const CONTENT = BigInt(CONTENT_SIZE);

/** The name that a {@linkcode scan} stands at, and what lies there. */
export class ScannedName {
  readonly #fd: number;
  readonly #path = new Uint8Array(2 * NAME_MAX + 2);
  #length = 0;
  /** What the file system says that it is, such as `DT_DIR`. */
  type = 0;
  /** What was read last. */
  readonly content: Uint8Array<ArrayBuffer> = new Uint8Array(CONTENT_SIZE);

  /** Makes one for the names in an open directory. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Goes to an entry in a buffer of getdents64(2). */
  goTo(list: Uint8Array, at: number): void {
    this.type = list[at + 18]!;
    let i = at + HEADER;
    for (let byte = list[i]!; byte !== 0; byte = list[++i]!) {
      this.#path[i - at - HEADER] = byte;
    }
    this.#length = i - at - HEADER;
  }

  /** The name as text. */
  get text(): string {
    return decodeName(this.#path, 0, this.#length);
  }

  /**
   * Reads a file below the name, with one read(2).
   *
   * @param file Its name in ASCII, with a slash before it.
   * @returns How many bytes {@linkcode content} has of it now, or an errno below
   * zero.
   */
  read(file: Uint8Array): number {
    this.#append(file);
    const fd = libc.openat(this.#fd, this.#path, FLAGS, 0);
    if (fd < 0) return -lastErrno();
    const length = libc.read(fd, this.content, CONTENT);
    const result = length < 0 ? -lastErrno() : length;
    libc.close(fd);
    return result;
  }

  /** Whether a file of any type lies below the name, as far as can be told. */
  has(file: Uint8Array): boolean {
    this.#append(file);
    const fd = libc.openat(this.#fd, this.#path, FLAGS | O_PATH, 0);
    if (fd < 0) return lastErrno() !== ENOENT;
    libc.close(fd);
    return true;
  }

  #append(file: Uint8Array): void {
    this.#path.set(file, this.#length);
    this.#path[this.#length + file.length] = 0;
  }

  /** Reads the text of a symbolic link; answers as {@linkcode read} does. */
  readLink(): number {
    this.#path[this.#length] = 0;
    const { content } = this;
    const length = libc.readlinkat(this.#fd, this.#path, content, CONTENT);
    return length < 0 ? -lastErrno() : length;
  }
}

/**
 * Looks through a directory, without `.` and `..`.
 *
 * @param dir Directory; its reading position stays as it is.
 * @param visit Called at each name, always with the same object; `true` ends the
 * scan.
 */
export function scan(dir: Dir, visit: (name: ScannedName) => boolean): void {
  using listing = dir.reopen();
  const name = new ScannedName(listing.fd);
  const list = new Uint8Array(LIST_SIZE);
  for (;;) {
    const length = checked(
      libc.getdents64(listing.fd, list, BigInt(LIST_SIZE)),
      "getdents64",
      dir,
    );
    if (length === 0) return;
    for (let at = 0; at < length;) {
      const next = at + (list[at + 16]! | (list[at + 17]! << 8));
      if (!isDots(list, at + HEADER)) {
        name.goTo(list, at);
        if (visit(name)) return;
      }
      at = next;
    }
  }
}

const DOT = 0x2e;

/** Whether a name is `.` or `..`. */
function isDots(list: Uint8Array, at: number): boolean {
  if (list[at] !== DOT) return false;
  return list[at + 1] === 0 || (list[at + 1] === DOT && list[at + 2] === 0);
}
