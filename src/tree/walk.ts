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
  /** The directory itself, if it is one. */
  readonly dir: Dir | undefined;
}

interface Frame {
  readonly dir: Dir;
  readonly prefix: string;
  readonly names: readonly Dirent[];
  next: number;
}

function openFrame(dir: Dir, prefix: string): Frame {
  const names = dir.names().sort((a, b) => compareNames(a.name, b.name));
  return { dir, prefix, names, next: 0 };
}

/**
 * Walks a tree; the root itself is left out.
 *
 * @param root Root of the tree; stays open.
 * @throws {SyscallError} if anything cannot be read.
 */
export function* walk(root: Dir): Generator<TreeFile> {
  const stack: Frame[] = [openFrame(root.reopen(), "")];
  try {
    for (;;) {
      const frame = stack.at(-1);
      if (frame === undefined) return;
      const entry = frame.names[frame.next++];
      if (entry === undefined) {
        stack.pop()!.dir[Symbol.dispose]();
        continue;
      }
      const file = describe(frame, entry.name);
      if (file === undefined) continue;
      if (file.dir) stack.push(openFrame(file.dir, `${file.path}/`));
      yield file;
    }
  } finally {
    for (const frame of stack) frame.dir[Symbol.dispose]();
  }
}

/** Overlayfs lists a whiteout that hides nothing, and no stat finds it. */
function describe(frame: Frame, name: string): TreeFile | undefined {
  const status = frame.dir.tryStat(name);
  if (status === undefined) return undefined;
  return {
    path: frame.prefix + name,
    name,
    parent: frame.dir,
    status,
    dir: status.type === "dir" ? frame.dir.openDir(name) : undefined,
  };
}
