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
import { keepsChanging, LOOKS, namesIn, openIfDir } from "./races.ts";

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

function listing(prefix: string, names: Dirent[]): Listing {
  names.sort((a, b) => compareNames(a.name, b.name));
  return { prefix, names, next: 0 };
}

/**
 * Walks a tree; the root itself is left out.
 *
 * @param root Root of the tree; stays open.
 * @param namesOf How the names in the root are read: {@linkcode namesIn} for one
 * that may be deleted meanwhile.
 * @throws {SyscallError} if anything cannot be read; what vanishes is passed over.
 */
export function* walk(
  root: Dir,
  namesOf = (dir: Dir) => dir.names(),
): Generator<TreeFile> {
  using descent = new Descent<Listing>();
  const start = root.reopen();
  descent.enter(start, (dir) => listing("", namesOf(dir)));
  for (let top = descent.top; top; top = descent.top) {
    const entry = top.state.names[top.state.next++];
    if (entry === undefined) {
      descent.leave();
      continue;
    }
    const file = describe(top.dir, top.state.prefix, entry.name);
    if (file === undefined) continue;
    const prefix = `${file.path}/`;
    if (file.dir) {
      descent.enter(file.dir, (dir) => listing(prefix, namesIn(dir)));
    }
    yield file;
  }
}

/**
 * Looks at a name that was listed. Overlayfs lists a whiteout that hides nothing,
 * and no stat finds it; nor what vanished meanwhile.
 */
function describe(
  parent: Dir,
  prefix: string,
  name: string,
): TreeFile | undefined {
  const path = prefix + name;
  for (let looks = 0; looks < LOOKS; looks++) {
    const status = parent.tryStat(name);
    if (status === undefined) return undefined;
    const isDir = status.type === "dir";
    const dir = isDir ? openIfDir(parent, name) : undefined;
    if (dir || !isDir) return { path, name, parent, status, dir };
  }
  throw keepsChanging(`${parent.path}/${name}`);
}
