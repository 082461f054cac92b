/**
 * What is expected of an archive of the corpus.
 *
 * @module
 */

import { archive, type Member } from "../../tar_builder.ts";
import type { Way } from "../../driver/apply_ways.ts";

/** Archives by what they are. */
export type Corpus = Readonly<Record<string, Expected>>;

/** An archive, and what each way of applying it has to answer. */
export interface Expected {
  /** The archive. */
  readonly bytes: Uint8Array;
  /** The code of the error; `""` if it is taken. */
  readonly code: (way: Way) => string;
}

function bytesOf(parts: readonly (Member | Uint8Array)[]): Uint8Array {
  const [first, ...rest] = parts;
  const whole = first instanceof Uint8Array && rest.length === 0;
  return whole ? first : archive(...parts);
}

/** Members, or a whole archive, that each way has to take. */
export function taken(...parts: (Member | Uint8Array)[]): Expected {
  return { bytes: bytesOf(parts), code: () => "" };
}

/** Members, or a whole archive, that each way has to refuse. */
export function refused(...parts: (Member | Uint8Array)[]): Expected {
  return { bytes: bytesOf(parts), code: () => "EBADMSG" };
}

/** Members that are taken unless they are applied to a mounted tree. */
export function refusedInMount(...parts: Member[]): Expected {
  return {
    bytes: bytesOf(parts),
    code: ({ mounted }) => mounted ? "EBADMSG" : "",
  };
}

/** Members that are taken only if they are applied to a mounted tree. */
export function takenInMount(...parts: Member[]): Expected {
  return {
    bytes: bytesOf(parts),
    code: ({ mounted }) => mounted ? "" : "EBADMSG",
  };
}
