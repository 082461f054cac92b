/**
 * Names in a directory as the disk has them: getdents64(2).
 *
 * @module
 */

import { decodeName } from "../text.ts";
import { checked, libc } from "./libc.ts";

/** Type byte of an entry whose file system does not tell it. */
export const DT_UNKNOWN = 0;
/** Type byte of a directory. */
export const DT_DIR = 4;
/** Type byte of a symbolic link. */
export const DT_LNK = 10;

/** One name in a directory. */
export interface Dirent {
  /** The name. */
  readonly name: string;
  /** What the file system says it is, such as {@linkcode DT_DIR}. */
  readonly type: number;
  /** Inode number, to tell whether a name stands for another file than before. */
  readonly ino: number;
}

const SIZE = 64 * 1024;
const buffer = new Uint8Array(SIZE);
const view = new DataView(buffer.buffer);
const HEADER = 19;

/**
 * Reads all names of an open directory, without `.` and `..`, unsorted.
 *
 * @param fd Directory, opened for reading and not read before.
 * @param path Path for the error message.
 */
export function readDirents(fd: number, path: string): Dirent[] {
  const found: Dirent[] = [];
  for (;;) {
    const length = checked(
      libc.getdents64(fd, buffer, BigInt(SIZE)),
      "getdents64",
      path,
    );
    if (length === 0) return found;
    for (let at = 0; at < length;) {
      const next = at + (buffer[at + 16]! | (buffer[at + 17]! << 8));
      const entry = decodeDirent(at);
      if (entry.name !== "." && entry.name !== "..") found.push(entry);
      at = next;
    }
  }
}

/**
 * Tells whether the file system says what each entry is (d_type), by the first
 * entries of a directory, which always has `.` and `..`.
 *
 * @param fd Directory, opened for reading and not read before.
 * @param path Path for the error message.
 */
export function tellsTypes(fd: number, path: string): boolean {
  const length = checked(
    libc.getdents64(fd, buffer, BigInt(SIZE)),
    "getdents64",
    path,
  );
  for (let at = 0; at < length;) {
    if (buffer[at + 18] === DT_UNKNOWN) return false;
    at += buffer[at + 16]! | (buffer[at + 17]! << 8);
  }
  return length > 0;
}

function decodeDirent(at: number): Dirent {
  let end = at + HEADER;
  while (buffer[end] !== 0) end++;
  return {
    name: decodeName(buffer, at + HEADER, end),
    type: buffer[at + 18]!,
    ino: view.getUint32(at, true) +
      view.getUint32(at + 4, true) * 0x1_0000_0000,
  };
}
