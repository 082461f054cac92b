/**
 * Where the bytes of an archive come from.
 *
 * @module
 */

import { type Extent, positionOf, seekFd } from "../linux/copy.ts";
import { AT_FDCWD, O_NONBLOCK, O_RDONLY } from "../linux/constants.ts";
import { closeFd, openAt, readFd } from "../linux/file.ts";
import { readable, untilReadable, widenPipe } from "../linux/poll.ts";
import { statFd } from "../linux/stat.ts";
import { DriverError } from "../errors.ts";
import { orGivenUp, refuseAborted } from "../giving_up.ts";

/** Gives an archive chunk by chunk. */
export interface Source {
  /**
   * The next chunk; `undefined` at the end. A chunk is valid until the next call.
   */
  next(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /**
   * Passes over bytes, if they lie in a regular file, and tells where; `undefined`
   * if they do not, or not all are there.
   */
  pass?(length: number): Extent | undefined;
  /** Descriptor that all of it comes from, so that others can read on there. */
  readonly fd?: number;
  /** Lets go of the input; called once, with the error that ended the work, if any. */
  close(error?: unknown): void | Promise<void>;
}

/** Callers without types hand in other views of bytes, too. */
function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new DriverError(
    "EINVAL",
    "Cannot read the archive: its stream gives something other than bytes",
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
  return {
    async next() {
      const result = await orGivenUp(reader.read(), signal);
      return result.done ? undefined : asBytes(result.value);
    },
    close(error) {
      // A source that does not answer must not hold the caller up.
      if (error !== undefined) reader.cancel(error).catch(() => {});
      reader.releaseLock();
    },
  };
}

/** Bytes read at once from a file. */
const FILE_CHUNK = 256 * 1024;
/** Bytes read at once from a pipe: what it holds when it is wide. */
const PIPE_CHUNK = 1 << 20;

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
  const isFile = statFd(fd, path).type === "file";
  const buffer = new Uint8Array(isFile ? FILE_CHUNK : PIPE_CHUNK);
  const read = () => {
    const length = readFd(fd, buffer, path);
    return length === 0 ? undefined : buffer.subarray(0, length);
  };
  if (isFile) {
    const passed = (length: number) => pass(fd, length, path);
    return { fd, next: read, pass: passed, close() {} };
  }
  widenPipe(fd);
  const wait = async () => {
    while (!readable(fd)) {
      refuseAborted(signal);
      await untilReadable(fd);
    }
    return read();
  };
  return {
    fd,
    next: () => readable(fd) ? read() : wait(),
    close() {},
  };
}

/**
 * Opens a regular file to read it.
 *
 * @param path Path of the file.
 * @param name What error messages call it.
 */
export function fileSource(path: string, name: string): Source {
  const fd = openAt({ fd: AT_FDCWD, path: "" }, path, O_RDONLY);
  return { ...descriptorSource(fd, name), close: () => closeFd(fd) };
}

/**
 * Opens a named pipe to read it, whose writer has come already.
 *
 * @param path Path of the pipe.
 * @param name What error messages call it.
 * @param signal Ends the waiting for bytes that do not come.
 */
export function namedPipeSource(
  path: string,
  name: string,
  signal: AbortSignal,
): Source {
  // The writer may have left again, which is no reason to wait for another one.
  const flags = O_RDONLY | O_NONBLOCK;
  const fd = openAt({ fd: AT_FDCWD, path: "" }, path, flags);
  return {
    ...descriptorSource(fd, name, signal),
    close: () => closeFd(fd),
  };
}

function pass(fd: number, length: number, path: string): Extent | undefined {
  const offset = positionOf(fd, path);
  if (statFd(fd, path).size - offset < length) return undefined;
  seekFd(fd, offset + length, path);
  return { fd, offset };
}
