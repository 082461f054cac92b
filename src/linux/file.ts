/**
 * Content of files by descriptor: open, read, write, times, owners.
 *
 * @module
 */

import { O_CLOEXEC } from "./constants.ts";
import {
  checked,
  cString,
  failure,
  lastErrno,
  libc,
  type Place,
} from "./libc.ts";

const ENOENT = 2;
const EINTR = 4;
const MAX_CHUNK = 0x4000_0000;

/** A directory that names are looked up in. */
interface Directory extends Place {
  readonly fd: number;
}

/**
 * Opens or creates a file.
 *
 * @param dir Directory to look in.
 * @param name Name in that directory.
 * @param flags Flags such as `O_WRONLY | O_CREAT`.
 * @param mode Permission bits of a file that is created.
 * @returns A descriptor that the caller closes.
 */
export function openAt(
  dir: Directory,
  name: string,
  flags: number,
  mode = 0,
): number {
  const path = cString(name);
  return checked(
    libc.openat(dir.fd, path, flags | O_CLOEXEC, mode),
    "openat",
    dir,
    name,
  );
}

/** Like {@linkcode openAt}; `undefined` if the kernel answers `ENOENT`. */
export function tryOpenAt(
  dir: Directory,
  name: string,
  flags: number,
): number | undefined {
  const path = cString(name);
  const fd = libc.openat(dir.fd, path, flags | O_CLOEXEC, 0);
  if (fd >= 0) return fd;
  const errno = lastErrno();
  if (errno === ENOENT) return undefined;
  throw failure(errno, "openat", dir, name);
}

/** Closes a descriptor. */
export function closeFd(fd: number): void {
  libc.close(fd);
}

/**
 * Reads once.
 *
 * @param fd Descriptor.
 * @param into Where the bytes go; at most 1 GiB is asked for.
 * @param path Path for the error message.
 * @returns Number of bytes read, 0 at the end.
 */
export function readFd(
  fd: number,
  into: Uint8Array<ArrayBuffer>,
  path: string,
): number {
  const count = BigInt(Math.min(into.length, MAX_CHUNK));
  for (;;) {
    const length = libc.read(fd, into, count);
    if (length >= 0) return length;
    const errno = lastErrno();
    if (errno !== EINTR) throw failure(errno, "read", path);
  }
}

/**
 * Writes all of `bytes`.
 *
 * @param fd Descriptor.
 * @param bytes What to write.
 * @param path Path for the error message.
 */
export function writeFd(fd: number, bytes: Uint8Array, path: string): void {
  let rest = bytes as Uint8Array<ArrayBuffer>;
  while (rest.length > 0) {
    const count = BigInt(Math.min(rest.length, MAX_CHUNK));
    const length = libc.write(fd, rest, count);
    if (length === rest.length) return;
    if (length > 0) rest = rest.subarray(length);
    else {
      const errno = lastErrno();
      if (errno !== EINTR) throw failure(errno, "write", path);
    }
  }
}

/** Sets the length of an open file; what is new reads as zeros. */
export function truncateFd(fd: number, length: number, path: string): void {
  checked(libc.ftruncate(fd, BigInt(length)), "ftruncate", path);
}

/** Waits until an open file's content is on the disk. */
export function syncFd(fd: number, path: string): void {
  checked(libc.fsync(fd), "fsync", path);
}

const SYNC_FILE_RANGE_WRITE = 2;
const SYNC_FILE_RANGE_WAIT_AFTER = 4;

/**
 * Has the kernel begin to write an open file's content, and waits for nothing:
 * {@linkcode syncFd} of several files then finds most of its work done. What
 * goes wrong is told by that one.
 */
export function beginSyncFd(fd: number): void {
  libc.sync_file_range(fd, 0n, 0n, SYNC_FILE_RANGE_WRITE);
}

/**
 * Waits until an open file's content is written, so that names which the file
 * system's journal records from now on never show the file without it. The disk
 * may hold both back: {@linkcode syncFd} and {@linkcode syncFileSystem} wait for
 * that, too.
 */
export function writeOutFd(fd: number, path: string): void {
  const flags = SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  const result = libc.sync_file_range(fd, 0n, 0n, flags);
  checked(result, "sync_file_range", path);
}

const EIO = 5;

/**
 * Waits on another thread until all of a file system is on the disk: syncfs(2).
 *
 * What could not be written since `fd` was opened is an error, which the kernel
 * tells once: should asking again find nothing, it was `EIO`.
 *
 * @param fd Any descriptor on the file system.
 * @param path Path for the error message.
 * @throws {SyscallError} such as `EIO`, `ENOSPC`, `EDQUOT`.
 */
export async function syncFileSystem(fd: number, path: string): Promise<void> {
  if (await libc.syncfsLater(fd) === 0) return;
  checked(libc.syncfs(fd), "syncfs", path);
  throw failure(EIO, "syncfs", path);
}

/** Sets the mode bits of an open file. */
export function chmodFd(fd: number, mode: number, path: string): void {
  checked(libc.fchmod(fd, mode), "fchmod", path);
}

/** Sets the owner of an open file. */
export function chownFd(
  fd: number,
  uid: number,
  gid: number,
  path: string,
): void {
  checked(libc.fchown(fd, uid, gid), "fchown", path);
}

/** A point in time. */
export interface Timestamp {
  /** Whole seconds since 1970. */
  readonly seconds: number;
  /** Nanoseconds after that second. */
  readonly nanoseconds: number;
}

const timespecs = new Uint8Array(32);
const timespecView = new DataView(timespecs.buffer);

/** Fills the reused pair of `struct timespec`. */
export function timePair(
  atime: Timestamp,
  mtime: Timestamp,
): Uint8Array<ArrayBuffer> {
  putTime(0, atime);
  putTime(16, mtime);
  return timespecs;
}

function putTime(at: number, time: Timestamp): void {
  const high = Math.floor(time.seconds / 0x1_0000_0000);
  timespecView.setUint32(at, time.seconds - high * 0x1_0000_0000, true);
  timespecView.setInt32(at + 4, high, true);
  timespecView.setUint32(at + 8, time.nanoseconds, true);
}

/** Sets the times of an open file. */
export function utimesFd(
  fd: number,
  atime: Timestamp,
  mtime: Timestamp,
  path: string,
): void {
  const times = timePair(atime, mtime);
  checked(libc.futimens(fd, times), "futimens", path);
}

/**
 * Long enough for the event loop to fall asleep, in microseconds: the kernel
 * makes it some 50 more, and waking two threads takes as long again.
 */
const MOMENT_US = 1;

/**
 * Comes back after a moment on another thread. The event loop sleeps meanwhile,
 * and so looks at its timers, sockets and signals; a callback queued within the
 * process would not make it look at the last two.
 */
export async function awhile(): Promise<void> {
  await libc.usleep(MOMENT_US);
}
