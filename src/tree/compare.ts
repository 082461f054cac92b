/**
 * What changed between two trees, by reading both. What vanishes while it is read
 * is passed over.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import type { Dirent } from "../linux/dirent.ts";
import type { FoundChange } from "./changes.ts";
import { flattened, Nested, type Steps } from "./nested.ts";
import { namesIn, openIfDir } from "./races.ts";
import { isSame, type Located } from "./same.ts";
import { walk } from "./walk.ts";

/**
 * Every file of a tree as an addition.
 *
 * @param root Root of the tree; stays open.
 * @param prefix Path of the root in the answer; `""` for the layer's own.
 */
export function* additions(root: Dir, prefix = ""): Generator<FoundChange> {
  for (const { path, status } of walk(root, namesIn)) {
    yield { kind: "A", path: `${prefix}/${path}`, status };
  }
}

/**
 * Compares two trees, as mounted; parents come before what they hold.
 *
 * @param before Root of the older tree; stays open.
 * @param after Root of the newer tree; stays open.
 */
export function* compareTrees(before: Dir, after: Dir): Generator<FoundChange> {
  using old = before.reopen();
  using now = after.reopen();
  yield* flattened(compareDirs(old, now, ""));
}

function locate(dir: Dir, name: string): Located | undefined {
  const status = dir.tryStat(name);
  return status && { dir, name, status };
}

function* compareDirs(
  before: Dir,
  after: Dir,
  parent: string,
): Steps<FoundChange> {
  const old = namesIn(before);
  for (const name of union(old, namesIn(after))) {
    const path = `${parent}/${name}`;
    const was = locate(before, name);
    const is = locate(after, name);
    if (is === undefined) {
      if (was) yield { kind: "D", path, status: undefined };
    } else if (was === undefined) {
      yield { kind: "A", path, status: is.status };
      yield* below(is, path);
    } else yield* compareFiles(was, is, path);
  }
}

function union(a: readonly Dirent[], b: readonly Dirent[]): Set<string> {
  const names = new Set<string>();
  for (const { name } of a) names.add(name);
  for (const { name } of b) names.add(name);
  return names;
}

function* below(file: Located, path: string): Generator<FoundChange> {
  if (file.status.type !== "dir") return;
  using dir = openIfDir(file.dir, file.name);
  if (dir !== undefined) yield* additions(dir, path);
}

function* compareFiles(
  was: Located,
  is: Located,
  path: string,
): Steps<FoundChange> {
  const same = isSame(was, is);
  const self: FoundChange = { kind: "C", path, status: is.status };
  if (!same) yield self;
  if (is.status.type !== "dir") return;
  if (was.status.type !== "dir") {
    yield* below(is, path);
    return;
  }
  using before = openIfDir(was.dir, was.name);
  using after = openIfDir(is.dir, is.name);
  if (before === undefined || after === undefined) return;
  const within = compareDirs(before, after, path);
  yield same ? new Nested(within, self) : new Nested(within);
}
