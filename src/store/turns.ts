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
 * @returns Nothing if the lock is ours at once.
 * @throws {DriverError} `ECANCELED` if the caller gave up.
 */
export function lockDir(
  dir: Dir,
  signal?: AbortSignal,
): Promise<void> | undefined {
  return tryLock(dir.fd, dir.path) ? undefined : waitForLock(dir, signal);
}

async function waitForLock(dir: Dir, signal?: AbortSignal): Promise<void> {
  let wait = FIRST_WAIT_MS;
  do {
    refuseAborted(signal);
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  } while (!tryLock(dir.fd, dir.path));
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
