/**
 * What is wrong with an archive.
 *
 * @module
 */

import { printableName } from "../text.ts";

/** Longest part of a name in a message: a hostile one can have a megabyte. */
const SHOWN = 200;

/**
 * An archive that is malformed, hostile or cut short.
 *
 * The message reads `Cannot read the archive: <what is wrong>, <where>`, where
 * the place is the entry's name, if it is known, and the offset of its header
 * in bytes from the start of the archive.
 */
export class TarError extends Error {
  /** Always `"TarError"`. */
  override readonly name = "TarError";
  /** Always `"EBADMSG"`. */
  readonly code = "EBADMSG";
}

/**
 * A fault seen by a function that does not know where in the archive it is.
 *
 * Never leaves this folder: the reader turns it into a {@linkcode TarError}.
 */
export class Malformed extends Error {
  /** Always `"Malformed"`. */
  override readonly name = "Malformed";
}

/**
 * Quotes a name for a message.
 *
 * @param name Name of an entry.
 * @returns Its beginning, printable on one line, in double quotes.
 */
export function quoteName(name: string): string {
  const short = name.length > SHOWN ? `${name.slice(0, SHOWN)}…` : name;
  return `"${printableName(short)}"`;
}
