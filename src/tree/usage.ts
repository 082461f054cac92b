/**
 * How much a tree holds.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { type Dirent, DT_DIR } from "../linux/dirent.ts";
import type { FileStatus } from "../linux/stat.ts";
import { Descent } from "./descent.ts";
import { namesIn } from "./races.ts";
import { walk } from "./walk.ts";

/** Unit of what statx(2) says of space on the disk, in bytes. */
const BLOCK = 512;

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
  using descent = new Descent<Dirent[]>();
  const start = root.reopen();
  descent.enter(start, (dir) => dir.names());
  for (let top = descent.top; top; top = descent.top) {
    const entry = top.state.pop();
    if (entry === undefined) descent.leave();
    else {
      const inner = count(top.dir, entry, tally);
      if (inner) descent.enter(inner, namesIn);
      yield;
    }
  }
  return tally.bytes;
}

/** What a tree takes on the disk. */
export interface DiskUsage {
  /** Bytes of all blocks. */
  readonly bytes: number;
  /** How many files, each once however many names it has. */
  readonly inodes: number;
}

/**
 * Adds up what a tree takes on the disk, its directories and its root included,
 * as containerd counts; yields after each file.
 *
 * @param root Root of the tree; stays open.
 */
export function* diskUsage(root: Dir): Generator<void, DiskUsage> {
  const linked = new Set<string>();
  let inodes = 0;
  let blocks = 0;
  const add = (status: FileStatus) => {
    if (status.nlink > 1 && status.type !== "dir") {
      const key = `${status.dev}:${status.ino}`;
      if (linked.has(key)) return;
      linked.add(key);
    }
    inodes++;
    blocks += status.blocks;
  };
  add(root.self());
  for (const { status } of walk(root)) {
    add(status);
    yield;
  }
  return { bytes: blocks * BLOCK, inodes };
}

/** Counts a file, or opens the directory that it is; what vanished is passed over. */
function count(
  dir: Dir,
  { name, type }: Dirent,
  tally: Tally,
): Dir | undefined {
  if (type === DT_DIR) return dir.tryOpenDir(name);
  const status = dir.tryStat(name);
  if (status?.type === "dir") return dir.tryOpenDir(name);
  if (status) tally.add(status);
  return undefined;
}
