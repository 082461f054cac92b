/**
 * Waiting that comes to an end.
 *
 * @module
 */

/**
 * Waits for something, but not for ever.
 *
 * @param milliseconds How long at most.
 * @param work What to wait for; it goes on if it takes longer.
 * @param signal Ends the waiting early.
 * @returns Whether it was done in time.
 */
export async function within(
  milliseconds: number,
  work: Promise<unknown>,
  signal?: AbortSignal,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const giveUp = () => resolve(false);
  const timer = setTimeout(giveUp, milliseconds);
  signal?.addEventListener("abort", giveUp);
  if (signal?.aborted) giveUp();
  try {
    return await Promise.race([work.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}
