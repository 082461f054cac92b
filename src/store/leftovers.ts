/**
 * Layer directories that are on their way out, of this process or of one that
 * died.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { tryLock } from "../linux/lock.ts";
import { isUnfinished } from "./layout.ts";
import { dropLostLink, isLinked } from "./link.ts";

/** A layer directory that was renamed away and waits to be deleted. */
export interface Doomed {
  /** Its name in the home. */
  readonly name: string;
  /** Holds the lock that tells other processes that somebody deletes it. */
  readonly lock: Dir;
}

/**
 * Finds what processes that died left half-made or half-deleted, and removes the
 * short links of such layers.
 *
 * @param home Open home directory, locked.
 * @returns What can be deleted now, locked against other cleaners.
 */
export function findLeftovers(home: Dir): Doomed[] {
  using all = home.reopen();
  const found: Doomed[] = [];
  try {
    for (const { name } of all.names()) {
      const lock = isLeftover(home, name)
        ? lockLeftover(home, name)
        : undefined;
      if (lock === undefined) continue;
      found.push({ name, lock });
      dropLostLink(home, name);
    }
    return found;
  } catch (error) {
    for (const { lock } of found) lock[Symbol.dispose]();
    throw error;
  }
}

/** A directory that unfinished work left, and that no short link of its own leads to. */
function isLeftover(home: Dir, name: string): boolean {
  return isUnfinished(name) && home.tryStat(name)?.type === "dir" &&
    !isLinked(home, name);
}

/** Opens and locks what somebody left; `undefined` if somebody is still at it. */
function lockLeftover(home: Dir, name: string): Dir | undefined {
  const dir = home.tryOpenDir(name);
  if (dir === undefined) return undefined;
  let ours = false;
  try {
    ours = tryLock(dir.fd, dir.path);
  } finally {
    if (!ours) dir[Symbol.dispose]();
  }
  return ours ? dir : undefined;
}
