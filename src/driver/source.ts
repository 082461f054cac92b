/**
 * Where the bytes of an archive come from.
 *
 * @module
 */

import { readable, readFd, untilReadable } from "../linux/file.ts";
import { DriverError } from "../errors.ts";

/** Gives an archive chunk by chunk. */
export interface Source {
  /**
   * The next chunk; `undefined` at the end. A chunk is valid until the next call.
   */
  next(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Lets go of the input; called once, with the error that ended the work, if any. */
  close(error?: unknown): void | Promise<void>;
}

/** Makes the error of work that the caller gave up. */
function gaveUp(signal: AbortSignal): DriverError {
  return new DriverError(
    "ECANCELED",
    "Cannot read the archive: the caller gave up",
    { cause: signal.reason },
  );
}

/**
 * Reads a web stream.
 *
 * @param stream Stream of bytes.
 * @param signal Ends the waiting for a chunk that does not come.
 */
export function streamSource(
  stream: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): Source {
  const reader = stream.getReader();
  let giveUp = () => {};
  const aborted = signal && new Promise<never>((_, reject) => {
    giveUp = () => reject(gaveUp(signal));
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp);
  });
  aborted?.catch(() => {});
  return {
    async next() {
      const read = reader.read();
      const result = await (aborted ? Promise.race([read, aborted]) : read);
      return result.value;
    },
    async close(error) {
      signal?.removeEventListener("abort", giveUp);
      if (error !== undefined) await reader.cancel(error).catch(() => {});
      reader.releaseLock();
    },
  };
}

/** Bytes read at once from a descriptor. */
const CHUNK = 256 * 1024;

/**
 * Reads a descriptor: a file at once, a pipe as its bytes come.
 *
 * @param fd Descriptor; stays open.
 * @param path Path for error messages.
 * @param signal Ends the waiting for bytes that do not come.
 */
export function descriptorSource(
  fd: number,
  path: string,
  signal?: AbortSignal,
): Source {
  const buffer = new Uint8Array(CHUNK);
  const read = () => {
    const length = readFd(fd, buffer, path);
    return length === 0 ? undefined : buffer.subarray(0, length);
  };
  const wait = async () => {
    while (!readable(fd)) {
      if (signal?.aborted) throw gaveUp(signal);
      await untilReadable(fd);
    }
    return read();
  };
  return {
    next: () => readable(fd) ? read() : wait(),
    close() {},
  };
}
