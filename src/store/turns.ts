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
   * Runs `task` when all earlier ones of `key` have ended.
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
    const before = this.#last.get(key) ?? Promise.resolve();
    const turn = orGivenUp(before, signal);
    const result = turn.then(() => {
      refuseAborted(signal);
      return task();
    });
    const settled = Promise.all([before, result]).then(() => {}, () => before);
    this.#last.set(key, settled);
    settled.then(() => {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    });
    return result;
  }
}
