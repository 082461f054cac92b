/**
 * Long work in short turns, so that the event loop stays alive.
 *
 * @module
 */

import { awhile } from "./linux/file.ts";

/** Longest stretch of work without a turn for others, in milliseconds. */
const TURN_MS = 5;
/** How many steps are made between two looks at the clock. */
const STEPS = 32;

/** Tells when work has gone on long enough. */
export class Pace {
  #since = performance.now();

  /** Gives a turn to everything else if the last one was a while ago. */
  async rest(): Promise<void> {
    if (!this.due()) return;
    await awhile();
    this.#since = performance.now();
  }

  /** Whether a turn is due. */
  due(): boolean {
    return performance.now() - this.#since >= TURN_MS;
  }
}

/**
 * Runs the first steps of a work.
 *
 * @param steps The work.
 * @param milliseconds How long, about.
 * @param enough Whether to stop even before.
 * @returns Whether it is done.
 */
export function begun(
  steps: Generator<unknown>,
  milliseconds: number,
  enough: () => boolean,
): boolean {
  const end = performance.now() + milliseconds;
  for (;;) {
    if (steps.next().done) return true;
    if (enough() || performance.now() >= end) return false;
  }
}

/**
 * Runs a generator to its end, giving turns in between.
 *
 * @param steps The work; each yield is a place where it may rest.
 * @param onStep Called with each yielded value.
 * @returns What the generator returns.
 */
export async function paced<T, R>(
  steps: Generator<T, R>,
  onStep: (value: T) => void = () => {},
): Promise<R> {
  const pace = new Pace();
  try {
    for (let count = 1;; count++) {
      const { value, done } = steps.next();
      if (done) return value;
      onStep(value);
      if (count % STEPS === 0 && pace.due()) await pace.rest();
    }
  } finally {
    steps.return?.(undefined as R);
  }
}
