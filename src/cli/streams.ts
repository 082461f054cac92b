/**
 * The data path: standard input, standard output and files, in large pieces.
 *
 * @module
 */

import type { Source } from "../driver/source.ts";
import type { Body } from "../tree/archive.ts";
import { printableName } from "../text.ts";
import { CommandError } from "./command.ts";

/** Bytes per read of anything else: what a pipe holds. */
const PIPE_CHUNK = 1 << 16;

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
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number>;
  /** Takes some of a file's content itself; tells how many bytes. */
  take?(body: Body): Promise<number>;
}

/** An open source of bytes. */
export interface Input {
  /** The bytes, chunk by chunk. */
  readonly source: Source;
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
  if (error instanceof CommandError) return error;
  if (!(error instanceof Error)) throw error;
  const code = "code" in error ? String(error.code) : "EIO";
  // The kernel's own words, where the driver asked it.
  const reason = "reason" in error
    ? String(error.reason)
    : withoutNumber(error.message);
  return new CommandError(code, `Cannot ${what}: ${reason}`, { cause: error });
}

function withoutNumber(message: string): string {
  const text = message.split(" (os error")[0]!;
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/**
 * Opens standard input.
 *
 * @param signal Ends the waiting for bytes that do not come.
 */
export async function openStandardInput(signal: AbortSignal): Promise<Input> {
  const { descriptorSource } = await import("../driver/source.ts");
  const source = descriptorSource(0, "standard input", signal);
  return { source, size: standardInputSize() };
}

/** Size of a regular file; it is not opened for that, a pipe would wait. */
function standardInputSize(): number | undefined {
  try {
    const info = Deno.statSync("/dev/stdin");
    return info.isFile ? info.size : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Opens a file for reading.
 *
 * @param path Path of the file; a named pipe or a device works, too.
 * @param signal Ends the waiting for bytes that do not come.
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
    const { isFile, isFifo, size } = Deno.statSync(path);
    if (isFile) return { source: await fileSource(path, name), size };
    // Elsewhere: a named pipe opens when its writer comes.
    const file = await orGivenUp(Deno.open(path), signal);
    const source = isFifo
      ? await namedPipeSource(file, path, name, signal)
      : deviceSource(file, name, signal);
    return { source, size: undefined };
  } catch (error) {
    throw systemError(`read ${name}`, error);
  }
}

/** Reads a regular file, for whose bytes nobody has to wait. */
async function fileSource(path: string, name: string): Promise<Source> {
  const { fileSource } = await import("../driver/source.ts");
  return fileSource(path, name);
}

/** Reads a pipe by a descriptor of our own; until there is one, `file` keeps its bytes. */
async function namedPipeSource(
  file: Deno.FsFile,
  path: string,
  name: string,
  signal: AbortSignal,
): Promise<Source> {
  using _open = file;
  const { namedPipeSource } = await import("../driver/source.ts");
  return namedPipeSource(path, name, signal);
}

/** Reads a file whose bytes have to be waited for. */
function deviceSource(
  file: Deno.FsFile,
  name: string,
  signal: AbortSignal,
): Source {
  return {
    async next() {
      const buffer = new Uint8Array(PIPE_CHUNK);
      try {
        const reading = whenReady(() => file.read(buffer));
        const count = await orGivenUp(reading, signal);
        return count === null ? undefined : buffer.subarray(0, count);
      } catch (error) {
        throw systemError(`read ${name}`, error);
      }
    },
    close: () => file.close(),
  };
}

/**
 * Waits for work, unless the user gives up first.
 *
 * @param work The work; what becomes of it after that is nobody's concern.
 * @param signal Aborts when the user gives up.
 * @throws {CommandError} `ECANCELED` if the user gives up.
 */
export async function orGivenUp<T>(
  work: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const gaveUp = Promise.withResolvers<never>();
  const giveUp = () => gaveUp.reject(interrupted());
  signal.addEventListener("abort", giveUp);
  if (signal.aborted) giveUp();
  try {
    return await Promise.race([work, gaveUp.promise]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

/** The user gave up. */
export function interrupted(): CommandError {
  return new CommandError("ECANCELED", "Cannot go on: interrupted");
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
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
): Promise<void> {
  let rest = bytes;
  try {
    while (rest.length > 0) {
      const part = rest;
      rest = part.subarray(await whenReady(() => sink.write(part)));
    }
  } catch (error) {
    throw outputError(name, error);
  }
}

/** What it means that an output cannot be written. */
export function outputError(name: string, error: unknown): Error {
  const closed = error instanceof Deno.errors.BrokenPipe ||
    error instanceof Error && "code" in error && error.code === "EPIPE";
  if (closed) {
    return new ClosedPipeError("Nobody reads the output", { cause: error });
  }
  return systemError(`write ${name}`, error);
}
