/**
 * How much a tree holds.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { DT_DIR, DT_UNKNOWN } from "../linux/dirent.ts";
import type { FileStatus } from "../linux/stat.ts";

/** Adds sizes up, each file once however many names it has. */
export class Tally {
  readonly #linked = new Set<string>();
  /** Bytes so far; a symbolic link counts the length of its target. */
  bytes = 0;

  /** Counts a file that is not a directory. */
  add(status: FileStatus): void {
    if (status.size === 0 || status.type === "dir") return;
    if (status.nlink > 1) {
      const key = `${status.dev}:${status.ino}`;
      if (this.#linked.has(key)) return;
      this.#linked.add(key);
    }
    this.bytes += status.size;
  }
}

/**
 * Adds up the sizes of the files below a directory; yields after each file.
 *
 * @param root Root of the tree; stays open.
 * @returns Bytes, without directories.
 */
export function* usage(root: Dir): Generator<void, number> {
  const tally = new Tally();
  using dir = root.reopen();
  yield* addUp(dir, tally);
  return tally.bytes;
}

function* addUp(dir: Dir, tally: Tally): Generator<void> {
  for (const { name, type } of dir.names()) {
    const status = type === DT_DIR ? undefined : dir.tryStat(name);
    if (status !== undefined) tally.add(status);
    if (type === DT_DIR || (type === DT_UNKNOWN && status?.type === "dir")) {
      using inner = dir.tryOpenDir(name);
      if (inner) yield* addUp(inner, tally);
    }
    yield;
  }
}
