/**
 * Lines out of chunks of bytes.
 *
 * @module
 */

import type { Source } from "../driver/source.ts";
import { decodeName } from "../text.ts";

const LINE_FEED = 0x0a;

/**
 * Gives the lines that a source holds, some at a time: as many as have come.
 *
 * @param source Where the bytes come from.
 * @returns Lines without their ends, decoded as names are; never none at once.
 */
export async function* linesOf(source: Source): AsyncGenerator<string[]> {
  let begun: Uint8Array[] = [];
  for (;;) {
    const chunk = await source.next();
    if (chunk === undefined) break;
    const end = chunk.lastIndexOf(LINE_FEED);
    if (end >= 0) {
      yield decodeName(joined([...begun, chunk.subarray(0, end)])).split("\n");
      begun = [];
    }
    // The source's chunk is its own again at the next call.
    if (end + 1 < chunk.length) begun.push(chunk.slice(end + 1));
  }
  if (begun.length > 0) yield [decodeName(joined(begun))];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
