/**
 * Locks between processes: flock(2). Nothing stays on disk, and the kernel lets
 * go when the process ends.
 *
 * @module
 */

import { failure, lastErrno, libc } from "./libc.ts";

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const EAGAIN = 11;
const EINTR = 4;

/**
 * Takes the exclusive lock of an open file if nobody has it.
 *
 * @param fd Descriptor; closing it gives the lock back.
 * @param path Path for the error message.
 * @returns Whether the lock is ours now.
 */
export function tryLock(fd: number, path: string): boolean {
  return tried(fd, LOCK_EX, path);
}

/**
 * Takes the lock of an open file together with others who only look, if nobody
 * has it exclusively.
 *
 * @param fd Descriptor; closing it gives the lock back.
 * @param path Path for the error message.
 * @returns Whether the lock is shared with us now.
 */
export function tryLockShared(fd: number, path: string): boolean {
  return tried(fd, LOCK_SH, path);
}

function tried(fd: number, how: number, path: string): boolean {
  for (;;) {
    if (libc.flock(fd, how | LOCK_NB) === 0) return true;
    const errno = lastErrno();
    if (errno === EAGAIN) return false;
    if (errno !== EINTR) throw failure(errno, "flock", path);
  }
}
