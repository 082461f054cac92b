/**
 * Who may work on what between processes.
 *
 * @module
 */

import { refuseAborted } from "../giving_up.ts";
import { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { tryLock } from "../linux/lock.ts";
import { isStillAt } from "../linux/stat.ts";
import { openLinks } from "./home.ts";
import { openLayer } from "./layer.ts";
import { checkId } from "./layout.ts";
import type { Store } from "./store.ts";

/**
 * Opens a layer's directory with its lock, so that no other process mounts,
 * fills or removes it.
 *
 * @param store The home.
 * @param id Id of the layer.
 * @param signal Ends the waiting.
 * @returns The directory; closing it gives the lock back.
 * @throws {DriverError} `EINVAL`, `ENOENT`, `EUCLEAN`, `ECANCELED`.
 */
export async function lockLayer(
  store: Store,
  id: string,
  signal?: AbortSignal,
): Promise<Dir> {
  for (;;) {
    const dir = open(store, id);
    try {
      await lockDir(dir, signal);
      if (isStillAt(dir.fd, dir.path)) return dir;
    } catch (error) {
      dir[Symbol.dispose]();
      throw error;
    }
    dir[Symbol.dispose]();
  }
}

/** Like {@linkcode lockLayer}; `undefined` if that has to be waited for. */
export function lockLayerAtOnce(store: Store, id: string): Dir | undefined {
  const dir = open(store, id);
  let ours = false;
  try {
    ours = tryLock(dir.fd, dir.path) && isStillAt(dir.fd, dir.path);
  } finally {
    if (!ours) dir[Symbol.dispose]();
  }
  return ours ? dir : undefined;
}

/** Opens a layer's directory by its path; step by step to say why not. */
function open(store: Store, id: string): Dir {
  checkId(id);
  try {
    const dir = Dir.tryOpenItself(`${store.home}/${id}`);
    if (dir !== undefined) return dir;
  } catch (error) {
    if (!hasCode(error, "ENOTDIR", "ELOOP")) throw error;
  }
  return store.withHome((home) => openLayer(home, id));
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
