/**
 * The data path: standard input, standard output and files, in large pieces.
 *
 * @module
 */

import { printableName } from "../text.ts";
import { CommandError } from "./command.ts";

/** Bytes per read of a regular file. */
const FILE_CHUNK = 1 << 20;

/** Bytes per read of anything else: what a pipe holds. */
const PIPE_CHUNK = 1 << 16;

/** Small pieces are joined up to this many bytes before they are written. */
const WRITE_CHUNK = 1 << 18;

/** Pause before a descriptor that is not ready is tried again, in ms. */
const RETRY_DELAY = 5;

/** Nobody reads what is written: the pipe is closed. */
export class ClosedPipeError extends Error {
  /** Always `"ClosedPipeError"`. */
  override readonly name = "ClosedPipeError";
}

/** Where bytes can be written. */
export interface Sink {
  /** Writes some of `bytes`; tells how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** An open source of bytes. */
export interface Input {
  /** The bytes; reading or cancelling them to the end closes the source. */
  readonly stream: ReadableStream<Uint8Array>;
  /** How many bytes there are to come, if that is known. */
  readonly size: number | undefined;
}

/**
 * Turns what the system said into an error of the command line.
 *
 * @param what What was attempted, such as `read "x"`.
 * @param error The error of a `Deno` function.
 * @returns The error to throw.
 */
export function systemError(what: string, error: unknown): CommandError {
  if (!(error instanceof Error)) throw error;
  const code = "code" in error ? String(error.code) : "EIO";
  const text = error.message.split(" (os error")[0]!;
  const reason = text.charAt(0).toLowerCase() + text.slice(1);
  return new CommandError(code, `Cannot ${what}: ${reason}`, { cause: error });
}

/**
 * Opens standard input.
 *
 * @param signal Ends the stream with an error, even while a read waits.
 */
export function openStandardInput(signal: AbortSignal): Input {
  return inputOf(Deno.stdin, "standard input", signal);
}

/**
 * Opens a file for reading.
 *
 * @param path Path of the file.
 * @param signal Ends the stream with an error, even while a read waits.
 * @throws {CommandError} if the file cannot be opened.
 */
export async function openFile(
  path: string,
  signal: AbortSignal,
): Promise<Input> {
  const name = `"${printableName(path)}"`;
  if (!path.isWellFormed()) {
    throw new CommandError("EILSEQ", `Cannot read ${name}: it is not UTF-8`);
  }
  try {
    return inputOf(await Deno.open(path), name, signal);
  } catch (error) {
    throw systemError(`read ${name}`, error);
  }
}

/** The part of `Deno.FsFile` that standard input has, too. */
interface Source {
  read(buffer: Uint8Array): Promise<number | null>;
  close(): void;
}

function inputOf(source: Source, name: string, signal: AbortSignal): Input {
  const size = sizeOf(source);
  const stream = new ReadableStream(
    new SourceReader(source, `read ${name}`, signal, size !== undefined),
    { highWaterMark: 0 },
  );
  return { stream, size };
}

/** Reads a source on demand, and closes it at the end. */
class SourceReader implements UnderlyingDefaultSource<Uint8Array> {
  readonly #source: Source;
  readonly #what: string;
  readonly #signal: AbortSignal;
  readonly #chunk: number;
  #giveUp = () => {};

  constructor(
    source: Source,
    what: string,
    signal: AbortSignal,
    isFile: boolean,
  ) {
    this.#source = source;
    this.#what = what;
    this.#signal = signal;
    this.#chunk = isFile ? FILE_CHUNK : PIPE_CHUNK;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#giveUp = () => {
      this.cancel();
      controller.error(canceled(this.#what));
    };
    this.#signal.addEventListener("abort", this.#giveUp);
    if (this.#signal.aborted) this.#giveUp();
  }

  async pull(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    const buffer = new Uint8Array(this.#chunk);
    let count: number | null;
    try {
      count = await whenReady(() => this.#source.read(buffer));
    } catch (error) {
      this.cancel();
      throw systemError(this.#what, error);
    }
    if (this.#signal.aborted) return;
    if (count !== null) return controller.enqueue(buffer.subarray(0, count));
    this.cancel();
    controller.close();
  }

  cancel(): void {
    this.#signal.removeEventListener("abort", this.#giveUp);
    this.#source.close();
  }
}

/** Size of a regular file; it is not opened for that, a pipe would wait. */
function sizeOf(source: Source): number | undefined {
  try {
    const info = source instanceof Deno.FsFile
      ? source.statSync()
      : Deno.statSync("/dev/stdin");
    return info.isFile ? info.size : undefined;
  } catch {
    return undefined;
  }
}

function canceled(what: string): CommandError {
  return new CommandError("ECANCELED", `Cannot ${what}: interrupted`);
}

/** Repeats a call while its descriptor, set not to block, is not ready. */
async function whenReady<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
    }
  }
}

/**
 * Writes all of `bytes`.
 *
 * @param sink Where to.
 * @param bytes What to write.
 * @param name What the sink is, for error messages.
 * @throws {ClosedPipeError} if nobody reads the pipe.
 * @throws {CommandError} if it cannot be written.
 */
export async function writeAll(
  sink: Sink,
  bytes: Uint8Array,
  name: string,
): Promise<void> {
  let rest = bytes;
  try {
    while (rest.length > 0) {
      const part = rest;
      rest = part.subarray(await whenReady(() => sink.write(part)));
    }
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) {
      throw new ClosedPipeError("Nobody reads the output", { cause: error });
    }
    throw systemError(`write ${name}`, error);
  }
}

/**
 * Writes a whole stream, in large pieces.
 *
 * @param stream The bytes.
 * @param sink Where to.
 * @param name What the sink is, for error messages.
 * @param signal Gives up when it aborts.
 * @param onProgress Called with the bytes written so far.
 * @throws {ClosedPipeError} if nobody reads the pipe.
 * @throws {CommandError} if the sink cannot be written, or `ECANCELED`.
 */
export async function writeStream(
  stream: ReadableStream<Uint8Array>,
  sink: Sink,
  name: string,
  signal: AbortSignal,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const reader = stream.getReader();
  const gaveUp = Promise.withResolvers<never>();
  const giveUp = () => gaveUp.reject(canceled(`write ${name}`));
  signal.addEventListener("abort", giveUp);
  if (signal.aborted) giveUp();
  try {
    const writing = writeChunks(reader, sink, name, onProgress);
    // A write into a pipe that nobody reads would wait for ever.
    await Promise.race([gaveUp.promise, writing]);
  } catch (error) {
    // What ended the work is told, not how the source takes that.
    await reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

async function writeChunks(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  sink: Sink,
  name: string,
  onProgress: (bytes: number) => void,
): Promise<void> {
  let written = 0;
  for await (const chunk of joined(reader)) {
    await writeAll(sink, chunk, name);
    written += chunk.length;
    onProgress(written);
  }
}

/** Joins small chunks, and passes large ones on as they are. */
async function* joined(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(WRITE_CHUNK);
  let filled = 0;
  for (;;) {
    const { done, value } = await reader.read();
    const length = value?.length ?? 0;
    if (filled > 0 && (done || filled + length > WRITE_CHUNK)) {
      yield buffer.subarray(0, filled);
      filled = 0;
    }
    if (done) return;
    if (length >= WRITE_CHUNK) yield value;
    else {
      buffer.set(value, filled);
      filled += length;
    }
  }
}
