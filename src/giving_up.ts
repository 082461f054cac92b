/**
 * What happens when the caller gives up.
 *
 * @module
 */

import { DriverError } from "./errors.ts";

function gaveUp(signal: AbortSignal): DriverError {
  return new DriverError("ECANCELED", "Cannot finish: interrupted", {
    cause: signal.reason,
  });
}

/**
 * Throws if the caller gave up.
 *
 * @throws {DriverError} `ECANCELED`.
 */
export function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw gaveUp(signal);
}

/**
 * Waits for something, but no longer than the caller wants.
 *
 * @param work What to wait for; it goes on if the caller gives up.
 * @param signal Aborts when the caller gives up.
 * @throws {DriverError} `ECANCELED` if it does.
 */
export async function orGivenUp<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(gaveUp(signal));
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
