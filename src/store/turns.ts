/**
 * Who may work on what within this process.
 *
 * @module
 */

import { orGivenUp, refuseAborted } from "../giving_up.ts";

/** Runs tasks of one key one after the other, those of different keys at once. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Runs `task` when all earlier ones of `key` have ended: at once if they have.
   *
   * @param key What the task works on.
   * @param task What to do.
   * @param signal Ends the waiting; the task is not run then.
   * @returns What the task returns.
   * @throws {DriverError} `ECANCELED` if the caller gave up before.
   */
  run<T>(
    key: string,
    task: () => T | Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const before = this.#last.get(key);
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    this.#last.set(key, ended);
    const end = () => {
      resolve();
      if (this.#last.get(key) === ended) this.#last.delete(key);
    };
    if (before === undefined) {
      const result = begin(task, signal);
      result.then(end, end);
      return result;
    }
    const result = orGivenUp(before, signal).then(() => begin(task, signal));
    // Whoever gives up waiting ends before the one that was waited for.
    Promise.allSettled([before, result]).then(end);
    return result;
  }
}

/** Runs a task unless the caller gave up. */
function begin<T>(
  task: () => T | Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  try {
    refuseAborted(signal);
    return Promise.resolve(task());
  } catch (error) {
    return Promise.reject(error);
  }
}
