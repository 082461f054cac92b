/**
 * Bytes to an output as they are made: small ones in large buffers, large
 * content by the output itself.
 *
 * @module
 */

import { hasCode } from "../linux/errno.ts";
import type { Body } from "../tree/archive.ts";
import { orGivenUp, outputError, type Sink, writeAll } from "./streams.ts";

/** Bytes per write. */
const BUFFER = 1 << 20;
/** From this size on content is left to the output. */
const LARGE = 1 << 18;

/** Bytes that are made piece by piece, such as an archive's. */
export interface Pieces {
  /**
   * Puts the next bytes into a buffer; tells how many, 0 at the end or before
   * content of `large` bytes or more.
   */
  fill(buffer: Uint8Array<ArrayBuffer>, large: number): number;
  /** Content of a file that comes next. */
  readonly body: Body | undefined;
  /** Passes over so many bytes of it; 0 says that the file has no more. */
  passBody(length: number): void;
}

/**
 * Writes bytes as they are made. While some are written the next are made.
 *
 * @param pieces Makes them.
 * @param sink Where to.
 * @param name What the sink is, for error messages.
 * @param signal Gives up when it aborts.
 * @param onProgress Called with the bytes written so far.
 * @throws {ClosedPipeError} if nobody reads the pipe.
 * @throws {CommandError} if the sink cannot be written, or `ECANCELED`.
 */
export async function writePieces(
  pieces: Pieces,
  sink: Sink,
  name: string,
  signal: AbortSignal,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const buffers = [new Uint8Array(BUFFER), new Uint8Array(BUFFER)] as const;
  let large = sink.take ? LARGE : Infinity;
  let written = 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    for (let turn: 0 | 1 = 0;; turn = turn ? 0 : 1) {
      const count = pieces.fill(buffers[turn], large);
      await writing;
      onProgress(written);
      const body = pieces.body;
      if (count > 0) {
        const bytes = buffers[turn].subarray(0, count);
        // A write into a pipe that nobody reads would wait for ever.
        writing = orGivenUp(writeAll(sink, bytes, name), signal);
        written += count;
      } else if (body) {
        const moved = await orGivenUp(take(sink, body, name), signal);
        if (moved === undefined) large = Infinity;
        else pieces.passBody(moved);
        written += moved ?? 0;
      } else return;
    }
  } finally {
    await writing.catch(() => {});
  }
}

/** Hands content to the output; `undefined` if it does not take any. */
async function take(
  sink: Sink,
  body: Body,
  name: string,
): Promise<number | undefined> {
  try {
    return await sink.take!(body);
  } catch (error) {
    // Nothing was moved: an output to append to, a device.
    if (hasCode(error, "EINVAL")) return undefined;
    throw outputError(name, error);
  }
}
