/**
 * What the decompressors share.
 *
 * @module
 */

import { DriverError } from "../errors.ts";

/** Bytes in pieces of any size. */
export type Chunks = AsyncGenerator<Uint8Array, void>;

/**
 * Makes the error of a compressed stream that is damaged.
 *
 * @param format Name of the compression.
 * @param reason What is wrong with it.
 * @param cause The error behind it, if any.
 */
export function damaged(
  format: string,
  reason: string,
  cause?: unknown,
): DriverError {
  return new DriverError(
    "EBADMSG",
    `Cannot unpack the ${format} archive: ${reason}`,
    { cause },
  );
}
