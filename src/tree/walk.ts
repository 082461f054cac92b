/**
 * A directory tree in the order of an archive: each directory before its
 * content, names within a directory by their bytes.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import type { Dirent } from "../linux/dirent.ts";
import type { FileStatus } from "../linux/stat.ts";
import { compareNames } from "../text.ts";
import { Descent } from "./descent.ts";

/** One file of a tree. */
export interface TreeFile {
  /** Path from the root of the tree, without a leading slash. */
  readonly path: string;
  /** Last component of {@linkcode path}. */
  readonly name: string;
  /** Directory that holds it; closed once the walk goes on. */
  readonly parent: Dir;
  /** What it is. */
  readonly status: FileStatus;
  /** The directory itself, if it is one; closed when the walk has left it. */
  readonly dir: Dir | undefined;
}

interface Listing {
  readonly prefix: string;
  readonly names: readonly Dirent[];
  next: number;
}

function listing(dir: Dir, prefix: string): Listing {
  const names = dir.names().sort((a, b) => compareNames(a.name, b.name));
  return { prefix, names, next: 0 };
}

/**
 * Walks a tree; the root itself is left out.
 *
 * @param root Root of the tree; stays open.
 * @throws {SyscallError} if anything cannot be read.
 */
export function* walk(root: Dir): Generator<TreeFile> {
  using descent = new Descent<Listing>();
  const start = root.reopen();
  descent.enter(start, (dir) => listing(dir, ""));
  for (let top = descent.top; top; top = descent.top) {
    const entry = top.state.names[top.state.next++];
    if (entry === undefined) {
      descent.leave();
      continue;
    }
    const file = describe(top.dir, top.state.prefix, entry.name);
    if (file === undefined) continue;
    const prefix = `${file.path}/`;
    if (file.dir) descent.enter(file.dir, (dir) => listing(dir, prefix));
    yield file;
  }
}

/** Overlayfs lists a whiteout that hides nothing, and no stat finds it. */
function describe(
  parent: Dir,
  prefix: string,
  name: string,
): TreeFile | undefined {
  const status = parent.tryStat(name);
  if (status === undefined) return undefined;
  const dir = status.type === "dir" ? parent.openDir(name) : undefined;
  return { path: prefix + name, name, parent, status, dir };
}
