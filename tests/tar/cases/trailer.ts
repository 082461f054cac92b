/**
 * The end of an archive.
 *
 * @module
 */

import { END, join } from "../fixture.ts";

/** Puts the end mark after each archive. */
export function withTrailer(
  cases: Record<string, Uint8Array>,
): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(cases).map(([name, entry]) => [name, join(entry, END)]),
  );
}
