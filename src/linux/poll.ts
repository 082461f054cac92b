/**
 * Waiting for descriptors, and the room that pipes have.
 *
 * @module
 */

import { libc } from "./libc.ts";

const POLLIN = 1;
const POLLOUT = 4;
/** Buffers that the kernel will write to: nothing else keeps them alive. */
const beingPolled = new Set<Uint8Array>();
const POLL_MS = 200;

/**
 * Tells whether a read would not wait.
 *
 * @param fd Descriptor, such as a pipe.
 */
export function readable(fd: number): boolean {
  return libc.poll(pollfd(fd, POLLIN), 1n, 0) > 0;
}

/**
 * Waits on another thread until a read would not wait, or some 200 ms.
 *
 * @param fd Descriptor, such as a pipe.
 */
export function untilReadable(fd: number): Promise<void> {
  return until(pollfd(fd, POLLIN));
}

/**
 * Waits, and holds its thread up, until a read would not wait, or some 200 ms.
 *
 * @param fd Descriptor, such as a pipe.
 * @returns Whether a read would not wait.
 */
export function waitReadable(fd: number): boolean {
  return libc.poll(pollfd(fd, POLLIN), 1n, POLL_MS) > 0;
}

/** Tells whether some bytes could be written at once, or it would fail. */
export function writable(fd: number): boolean {
  return libc.poll(pollfd(fd, POLLOUT), 1n, 0) > 0;
}

/** Waits on another thread until {@linkcode writable} is true, or some 200 ms. */
export function untilWritable(fd: number): Promise<void> {
  return until(pollfd(fd, POLLOUT));
}

async function until(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  beingPolled.add(bytes);
  try {
    await libc.pollLater(bytes, 1n, POLL_MS);
  } finally {
    beingPolled.delete(bytes);
  }
}

function pollfd(fd: number, events: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, fd, true);
  view.setInt16(4, events, true);
  return bytes;
}

const F_SETPIPE_SZ = 1031;
/** What a user without privileges may ask for: /proc/sys/fs/pipe-max-size. */
const PIPE_SIZE = 1 << 20;

/**
 * Lets a pipe hold 1 MiB, so that its two ends wait for each other less often;
 * leaves anything else, and a pipe that may not grow, as it is: fcntl(2).
 *
 * @param fd Either end.
 */
export function widenPipe(fd: number): void {
  libc.fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE);
}
