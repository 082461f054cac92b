/**
 * Who may work on what, within this process and between processes.
 *
 * @module
 */

import { orGivenUp, refuseAborted } from "../giving_up.ts";
import type { Dir } from "../linux/dir.ts";
import { tryLock } from "../linux/lock.ts";
import { openLinks } from "./home.ts";

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

const FIRST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 50;

/**
 * Waits for the exclusive lock of a directory; closing it gives the lock back.
 *
 * The lock leaves nothing on disk, and the kernel gives it back when a process
 * dies, so that none is ever stale.
 *
 * @param dir Open directory.
 * @param signal Ends the waiting.
 * @throws {DriverError} `ECANCELED` if the caller gave up.
 */
export async function lockDir(dir: Dir, signal?: AbortSignal): Promise<void> {
  for (let wait = FIRST_WAIT_MS; !tryLock(dir.fd, dir.path);) {
    refuseAborted(signal);
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

/**
 * Runs `task` while no other process makes or removes layers of the home.
 *
 * Whoever needs a layer's lock as well takes that one first.
 *
 * @param home Open home directory.
 * @param task What to do, at once; gets the directory of links.
 * @param signal Ends the waiting.
 * @throws {DriverError} `ECANCELED` if the caller gave up before.
 */
export async function withHomeLocked<T>(
  home: Dir,
  task: (links: Dir) => T,
  signal?: AbortSignal,
): Promise<T> {
  using links = openLinks(home);
  await lockDir(links, signal);
  return task(links);
}
