/**
 * Content to descriptors on another thread: write(2), and sendfile(2), which
 * makes no detour through this process.
 *
 * Such a call's errno stays on its thread; so one that fails is made again on
 * this one, for so few bytes that it does not wait.
 *
 * @module
 */

import { checked, failure, lastErrno, libc } from "./libc.ts";
import { untilWritable, writable } from "./poll.ts";

/** Where content lies. */
export interface Extent {
  /** Descriptor of a regular file; its position stays. */
  readonly fd: number;
  /** Bytes of the file before the content. */
  readonly offset: number;
}

/** Bytes moved by one call: some ten milliseconds of work. */
const STEP = 32 << 20;
/** Bytes that a pipe takes at once if it takes any. */
const PIPE_BUF = 4096;
const EINTR = 4;
const EAGAIN = 11;

/** Buffers that the kernel will use: nothing else keeps them alive. */
const inUse = new Set<ArrayBufferView>();

/**
 * Moves a piece of a file to another descriptor, on another thread.
 *
 * @param out Where the bytes go: a file, at its position, or a pipe.
 * @param from Where they come from.
 * @param count At most so many bytes.
 * @param path Path for the error message.
 * @returns Number of bytes moved, 32 MiB at most; 0 at the end of the file.
 * @throws {SyscallError} such as `ENOSPC`, `EDQUOT`, `EIO`, `EPIPE`.
 */
export async function copyPiece(
  out: number,
  from: Extent,
  count: number,
  path: string,
): Promise<number> {
  const at = new BigInt64Array([BigInt(from.offset)]);
  const size = BigInt(Math.min(count, STEP));
  const few = BigInt(Math.min(count, PIPE_BUF));
  return await eitherThread(
    at,
    () => libc.sendfileLater(out, from.fd, at, size),
    () => libc.sendfile(out, from.fd, at, few),
    { out, syscall: "sendfile", path },
  );
}

/** Longest stretch of work without a turn for others, in milliseconds. */
const TURN_MS = 2;

/**
 * Moves a piece of a file into a pipe: on this thread as long as there is room,
 * since what a pipe holds is moved sooner than another thread could be asked.
 *
 * @param pipe A pipe's end for writing.
 * @param from Where the bytes come from.
 * @param count At most so many bytes.
 * @param path Path for the error message.
 * @returns Number of bytes moved; 0 at the end of the file.
 * @throws {SyscallError} such as `EIO`, `EPIPE`.
 */
export async function pipePiece(
  pipe: number,
  from: Extent,
  count: number,
  path: string,
): Promise<number> {
  const at = new BigInt64Array([BigInt(from.offset)]);
  const end = performance.now() + TURN_MS;
  let moved = 0;
  while (moved < count && performance.now() < end && writable(pipe)) {
    const size = BigInt(Math.min(count - moved, STEP));
    const length = libc.sendfile(pipe, from.fd, at, size);
    if (length <= 0) break;
    moved += length;
  }
  // At a fault too: it comes again there.
  return moved || await copyPiece(pipe, from, count, path);
}

/**
 * Writes some bytes on another thread.
 *
 * @param out Where to, a file or a pipe.
 * @param bytes What to write; must not change meanwhile.
 * @param path Path for the error message.
 * @returns Number of bytes written.
 * @throws {SyscallError} such as `ENOSPC`, `EDQUOT`, `EIO`, `EPIPE`.
 */
export async function writePiece(
  out: number,
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
): Promise<number> {
  const size = BigInt(Math.min(bytes.length, STEP));
  const few = BigInt(Math.min(bytes.length, PIPE_BUF));
  return await eitherThread(
    bytes,
    () => libc.writeLater(out, bytes, size),
    () => libc.write(out, bytes, few),
    { out, syscall: "write", path },
  );
}

/**
 * Reads content, on this thread.
 *
 * @param from Where it begins.
 * @param into Where the bytes go, less than 2 GiB.
 * @param path Path for the error message.
 * @returns Number of bytes read; 0 at the end of the file.
 */
export function readExtent(
  from: Extent,
  into: Uint8Array<ArrayBuffer>,
  path: string,
): number {
  const size = BigInt(into.length);
  const offset = BigInt(from.offset);
  for (;;) {
    const length = libc.pread(from.fd, into, size, offset);
    if (length >= 0) return length;
    const errno = lastErrno();
    if (errno !== EINTR) throw failure(errno, "pread", path);
  }
}

/** Like {@linkcode readExtent}, on another thread. */
export async function readExtentLater(
  from: Extent,
  into: Uint8Array<ArrayBuffer>,
  path: string,
): Promise<number> {
  inUse.add(into);
  try {
    const { fd, offset } = from;
    const size = BigInt(into.length);
    const length = await libc.preadLater(fd, into, size, BigInt(offset));
    return length >= 0 ? length : readExtent(from, into, path);
  } finally {
    inUse.delete(into);
  }
}

/** Where a call writes to, and what errors call it. */
interface Output {
  readonly out: number;
  readonly syscall: string;
  readonly path: string;
}

async function eitherThread(
  buffer: ArrayBufferView,
  there: () => Promise<number>,
  here: () => number,
  { out, syscall, path }: Output,
): Promise<number> {
  inUse.add(buffer);
  try {
    for (;;) {
      const length = await there();
      if (length >= 0) return length;
      while (!writable(out)) await untilWritable(out);
      const again = here();
      if (again >= 0) return again;
      const errno = lastErrno();
      if (errno !== EINTR && errno !== EAGAIN) {
        throw failure(errno, syscall, path);
      }
    }
  } finally {
    inUse.delete(buffer);
  }
}

const SEEK_SET = 0;
const SEEK_CUR = 1;

/** Moves the position of an open file. */
export function seekFd(fd: number, offset: number, path: string): void {
  seek(fd, offset, SEEK_SET, path);
}

/** Moves the position of an open file forward; what is passed over reads as zeros. */
export function skipFd(fd: number, length: number, path: string): void {
  seek(fd, length, SEEK_CUR, path);
}

/** Position of an open file, in bytes. */
export function positionOf(fd: number, path: string): number {
  return seek(fd, 0, SEEK_CUR, path);
}

function seek(
  fd: number,
  offset: number,
  whence: number,
  path: string,
): number {
  const at = libc.lseek(fd, BigInt(offset), whence);
  checked(at < 0n ? -1 : 0, "lseek", path);
  return Number(at);
}
