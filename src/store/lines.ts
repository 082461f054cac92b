/**
 * Files of lines that are too long to hold as one text.
 *
 * @module
 */

import {
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_WRONLY,
} from "../linux/constants.ts";
import type { Dir } from "../linux/dir.ts";
import { closeFd, openAt, readFd, syncFd, writeFd } from "../linux/file.ts";

const CHUNK = 64 * 1024;
const encoder = new TextEncoder();

/** Writes a new file line by line. */
export class LineWriter implements Disposable {
  readonly #path: string;
  #fd: number;
  #pending = "";

  /**
   * Makes the file.
   *
   * @param dir Directory.
   * @param name Name that is free.
   * @param mode Permission bits; the process's umask applies.
   */
  constructor(dir: Dir, name: string, mode: number) {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    this.#fd = openAt(dir, name, flags, mode);
    this.#path = `${dir.path}/${name}`;
  }

  /** Adds a line, which has no end of line in it. */
  add(line: string): void {
    this.#pending += `${line}\n`;
    if (this.#pending.length >= CHUNK) this.#flush();
  }

  #flush(): void {
    writeFd(this.#fd, encoder.encode(this.#pending), this.#path);
    this.#pending = "";
  }

  /** Writes what is pending, and waits until the file is on the disk. */
  finish(): void {
    this.#flush();
    syncFd(this.#fd, this.#path);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeFd(this.#fd);
    this.#fd = -1;
  }
}

/**
 * Reads a file of UTF-8 line by line; what is not UTF-8 reads as U+FFFD.
 *
 * @param dir Directory.
 * @param name Name of a file; a symbolic link is refused with `ELOOP`.
 */
export function* readLines(dir: Dir, name: string): Generator<string> {
  const path = `${dir.path}/${name}`;
  const fd = openAt(dir, name, O_RDONLY | O_NOFOLLOW);
  try {
    const buffer = new Uint8Array(CHUNK);
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const length = readFd(fd, buffer, path);
      if (length === 0) break;
      const text = decoder.decode(buffer.subarray(0, length), { stream: true });
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
    if (rest !== "") yield rest;
  } finally {
    closeFd(fd);
  }
}
