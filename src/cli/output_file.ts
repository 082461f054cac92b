/**
 * A file that appears when it is complete.
 *
 * @module
 */

import { loadPath } from "../deps.ts";
import { O_CREAT, O_EXCL, O_WRONLY } from "../linux/constants.ts";
import { printableName } from "../text.ts";
import { CommandError } from "./command.ts";
import { type Sink, systemError } from "./streams.ts";

/**
 * Writes a file beside its place, and puts it there once it is complete; a
 * failure leaves the place as it was. What is there already and is no regular
 * file, such as `/dev/null` or a named pipe, is written directly.
 *
 * @param path Path of the file.
 * @param fill Writes the content.
 * @throws {CommandError} if the file cannot be made; or what `fill` throws.
 */
export async function writeFileWhole(
  path: string,
  fill: (sink: Sink) => Promise<void>,
): Promise<void> {
  const name = `"${printableName(path)}"`;
  if (!path.isWellFormed()) {
    throw new CommandError("EILSEQ", `Cannot write ${name}: it is not UTF-8`);
  }
  const place = orSystemError(name, () => placeOf(path));
  const { openSink } = await import("./descriptor_sink.ts");
  if (place.special) {
    using file = openSink(path, O_WRONLY, 0, name);
    return await fill(file);
  }
  const temporary = await temporaryFor(place.path);
  const flags = O_WRONLY | O_CREAT | O_EXCL;
  const file = openSink(temporary, flags, place.mode, name);
  try {
    await fill(file);
    orSystemError(name, () => Deno.renameSync(temporary, place.path));
  } catch (error) {
    Deno.removeSync(temporary);
    throw error;
  } finally {
    file[Symbol.dispose]();
  }
}

/** Where the file comes to lie, links followed. */
interface Place {
  readonly path: string;
  readonly special: boolean;
  readonly mode: number;
}

function placeOf(path: string): Place {
  const info = unlessMissing(() => Deno.statSync(path));
  if (info === undefined) return { path, special: false, mode: 0o666 };
  const mode = (info.mode ?? 0o666) & 0o777;
  // What a link of /proc leads to, such as a pipe, has no path of its own.
  const real = unlessMissing(() => Deno.realPathSync(path));
  const special = !info.isFile || real === undefined;
  return { path: real ?? path, special, mode };
}

function unlessMissing<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function temporaryFor(path: string): Promise<string> {
  const { basename, dirname, join } = await loadPath();
  const random = crypto.randomUUID().slice(0, 8);
  return join(dirname(path), `.${basename(path).slice(0, 200)}.${random}`);
}

function orSystemError<T>(name: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw systemError(`write ${name}`, error);
  }
}
