/**
 * What a file is: statx(2) with nanoseconds.
 *
 * @module
 */

import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from "./constants.ts";
import { checked, cString, failure, lastErrno, libc } from "./libc.ts";

/** What a file is. */
export type FileType =
  | "file"
  | "dir"
  | "symlink"
  | "char"
  | "block"
  | "fifo"
  | "socket"
  | "other";

/** Status of a file, as lstat(2) tells it, with nanoseconds. */
export interface FileStatus {
  /** What the file is. */
  readonly type: FileType;
  /** Permission, suid, sgid and sticky bits, such as `0o4755`. */
  readonly mode: number;
  /** Owner. */
  readonly uid: number;
  /** Group. */
  readonly gid: number;
  /** Size in bytes; of a symbolic link the length of its target. */
  readonly size: number;
  /** Space that it takes on the disk, in units of 512 bytes. */
  readonly blocks: number;
  /** How many names the file has. */
  readonly nlink: number;
  /** Inode number. */
  readonly ino: bigint;
  /** Device that holds the file, as `major << 20 | minor`. */
  readonly dev: number;
  /** Major number of the device that the file is. */
  readonly rdevMajor: number;
  /** Minor number of the device that the file is. */
  readonly rdevMinor: number;
  /** Last change of the content, seconds since 1970. */
  readonly mtime: number;
  /** Nanoseconds after {@linkcode mtime}. */
  readonly mtimeNs: number;
  /** Whether the file is the root of a mount; `undefined` if the kernel does not tell (before 5.8). */
  readonly mountRoot: boolean | undefined;
}

const TYPES: Readonly<Record<number, FileType>> = {
  [S_IFREG]: "file",
  [S_IFDIR]: "dir",
  [S_IFLNK]: "symlink",
  [S_IFCHR]: "char",
  [S_IFBLK]: "block",
  [S_IFIFO]: "fifo",
  [S_IFSOCK]: "socket",
};

const STATX_INO = 0x100;
const STATX_BASIC_STATS = 0x7ff;
const STATX_MNT_ID_UNIQUE = 0x4000;
const STATX_ATTR_MOUNT_ROOT = 0x2000;
const ENOENT = 2;

const buffer = new Uint8Array(256);
const u16 = new Uint16Array(buffer.buffer);
const u32 = new Uint32Array(buffer.buffer);
const i32 = new Int32Array(buffer.buffer);
const u64 = new BigUint64Array(buffer.buffer);

/** Reads the buffer, laid out as in `include/uapi/linux/stat.h`. */
function decode(): FileStatus {
  const mode = u16[14]!;
  const told = u32[14]! & STATX_ATTR_MOUNT_ROOT;
  return {
    type: TYPES[mode & S_IFMT] ?? "other",
    mode: mode & 0o7777,
    uid: u32[5]!,
    gid: u32[6]!,
    size: u32[10]! + u32[11]! * 0x1_0000_0000,
    blocks: u32[12]! + u32[13]! * 0x1_0000_0000,
    nlink: u32[4]!,
    ino: u64[4]!,
    dev: u32[34]! * 0x10_0000 + u32[35]!,
    rdevMajor: u32[32]!,
    rdevMinor: u32[33]!,
    mtime: u32[28]! + i32[29]! * 0x1_0000_0000,
    mtimeNs: u32[30]!,
    mountRoot: told ? (u32[2]! & STATX_ATTR_MOUNT_ROOT) !== 0 : undefined,
  };
}

/** A directory that names are looked up in. */
interface Directory {
  readonly fd: number;
  readonly path: string;
}

/**
 * Tells what `name` in `dir` is; a symbolic link is not followed.
 *
 * @param dir Directory to look in.
 * @param name Name in that directory; absolute paths ignore `dir`.
 * @throws {SyscallError} `ENOENT` if there is no such file.
 */
export function statAt(dir: Directory, name: string): FileStatus {
  const path = cString(name);
  checked(
    libc.statx(dir.fd, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, buffer),
    "statx",
    dir,
    name,
  );
  return decode();
}

/** Like {@linkcode statAt}; `undefined` if there is no such file. */
export function tryStatAt(
  dir: Directory,
  name: string,
): FileStatus | undefined {
  const path = cString(name);
  const result = libc.statx(
    dir.fd,
    path,
    AT_SYMLINK_NOFOLLOW,
    STATX_BASIC_STATS,
    buffer,
  );
  if (result === 0) return decode();
  const errno = lastErrno();
  if (errno === ENOENT) return undefined;
  throw failure(errno, "statx", dir, name);
}

/**
 * Tells what an open file is.
 *
 * @param fd Descriptor.
 * @param path Path for the error message.
 */
export function statFd(fd: number, path: string): FileStatus {
  const empty = cString("");
  checked(
    libc.statx(fd, empty, AT_EMPTY_PATH, STATX_BASIC_STATS, buffer),
    "statx",
    path,
  );
  return decode();
}

/**
 * Tells whether an open file is what lies at a path now.
 *
 * @param fd Descriptor.
 * @param path Path; a symbolic link is not followed.
 */
export function isStillAt(fd: number, path: string): boolean {
  const name = cString(path);
  const result = libc.statx(
    AT_FDCWD,
    name,
    AT_SYMLINK_NOFOLLOW,
    STATX_INO,
    buffer,
  );
  if (result !== 0) {
    const errno = lastErrno();
    if (errno === ENOENT) return false;
    throw failure(errno, "statx", path);
  }
  const there = [u32[8], u32[9], u32[34], u32[35]];
  const empty = cString("");
  checked(
    libc.statx(fd, empty, AT_EMPTY_PATH, STATX_INO, buffer),
    "statx",
    path,
  );
  return u32[8] === there[0] && u32[9] === there[1] && u32[34] === there[2] &&
    u32[35] === there[3];
}

/**
 * Number of the mount that an open file is in, which no other mount ever has.
 *
 * @returns The number; `undefined` if the kernel does not tell (before 6.8).
 */
export function mountNumber(fd: number): bigint | undefined {
  const empty = cString("");
  const mask = STATX_MNT_ID_UNIQUE;
  const result = libc.statx(fd, empty, AT_EMPTY_PATH, mask, buffer);
  return result === 0 && (u32[0]! & mask) !== 0 ? u64[18] : undefined;
}

/** Whether two statuses are of one file. */
export function sameFile(a: FileStatus, b: FileStatus): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

/** Whether a file is an overlay whiteout: a character device 0:0. */
export function isWhiteout(status: FileStatus): boolean {
  return status.type === "char" && status.rdevMajor === 0 &&
    status.rdevMinor === 0;
}
