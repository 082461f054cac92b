/**
 * Deletes a tree by descriptor, never following a link.
 *
 * @module
 */

import type { Dir } from "./dir.ts";
import { DT_DIR, DT_UNKNOWN } from "./dirent.ts";
import { hasCode } from "./errno.ts";
import { MNT_DETACH, unmount } from "./mount.ts";
import { procPath } from "./dir.ts";

const BUSY_TRIES = 50;

/**
 * Deletes `name` in `dir` and all below it; a missing name is done already.
 *
 * Yields after each file, so that the caller can give other work a turn. What is
 * mounted below is unmounted.
 *
 * @param dir Directory that holds the name.
 * @param name Name of a file of any type.
 */
export function* removeTree(dir: Dir, name: string): Generator<void> {
  for (let tries = 1;; tries++) {
    try {
      const status = dir.tryStat(name);
      if (status === undefined) return;
      if (status.type !== "dir") return dir.unlink(name);
      yield* removeDirectory(dir, name);
      return;
    } catch (error) {
      if (!mayRetry(error, dir, name) || tries === BUSY_TRIES) throw error;
    }
    yield;
  }
}

/** Whether another attempt may succeed: something appeared, vanished or was mounted meanwhile. */
function mayRetry(error: unknown, dir: Dir, name: string): boolean {
  if (hasCode(error, "ENOTEMPTY", "ENOENT")) return true;
  return hasCode(error, "EBUSY") && unmounted(dir, name);
}

function* removeDirectory(dir: Dir, name: string): Generator<void> {
  {
    using inner = openUnmounted(dir, name);
    for (const entry of inner.names()) {
      const removed = entry.type !== DT_DIR && entry.type !== DT_UNKNOWN &&
        unlinked(inner, entry.name);
      if (!removed) yield* removeTree(inner, entry.name);
      yield;
    }
  }
  dir.rmdir(name);
}

/** Opens a directory after taking away what is mounted on it: that is not ours to delete. */
function openUnmounted(dir: Dir, name: string): Dir {
  for (;;) {
    const inner = dir.openDir(name);
    if (inner.self().mountRoot === false || !unmounted(dir, name)) return inner;
    inner[Symbol.dispose]();
  }
}

/** Unmounts `name` lazily; tells whether anything was mounted there. */
function unmounted(dir: Dir, name: string): boolean {
  try {
    unmount(procPath(dir, name), MNT_DETACH);
    return true;
  } catch (error) {
    if (hasCode(error, "EINVAL")) return false;
    throw error;
  }
}

function unlinked(dir: Dir, name: string): boolean {
  try {
    dir.unlink(name);
    return true;
  } catch (error) {
    if (hasCode(error, "EISDIR", "ENOENT")) return false;
    throw error;
  }
}

/** Runs {@linkcode removeTree} to its end at once. */
export function removeTreeNow(dir: Dir, name: string): void {
  for (const _ of removeTree(dir, name));
}
