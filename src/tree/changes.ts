/**
 * What a layer changes, read from its upper directory alone.
 *
 * The answer is that of comparing the two mounted trees; the cost grows with the
 * layer and not with what lies below it.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { type FileStatus, isWhiteout } from "../linux/stat.ts";
import { dirMarks, type Namespace } from "../overlay/marks.ts";
import type { Change } from "../types.ts";
import type { LowerDir } from "./lowers.ts";
import { NeedsMount } from "./pack.ts";
import { isSame } from "./same.ts";
import { walk } from "./walk.ts";

/** A change and, unless it is a deletion, what the file is now. */
export interface FoundChange extends Change {
  /** What the file is now. */
  readonly status: FileStatus | undefined;
}

/**
 * Changes of an upper directory against what lies below it, parents first.
 *
 * @param upper Directory `diff` of a layer; stays open.
 * @param below The merged lowers.
 * @param namespace Namespace of overlayfs's attributes.
 * @throws {NeedsMount} if only the kernel can tell.
 */
export function* upperChanges(
  upper: Dir,
  below: LowerDir,
  namespace: Namespace,
): Generator<FoundChange> {
  using dir = upper.reopen();
  const { foreign } = dirMarks(dir, namespace);
  if (foreign) throw new NeedsMount("the root is redirected");
  // Overlayfs merges the roots of its layers whatever their marks.
  yield* changesIn(dir, below, "", false, namespace);
}

function* changesIn(
  upper: Dir,
  below: LowerDir,
  path: string,
  opaque: boolean,
  namespace: Namespace,
): Generator<FoundChange> {
  const names = upper.names().map((entry) => entry.name);
  const present = new Set<string>();
  for (const name of names) {
    const status = upper.stat(name);
    if (!isWhiteout(status)) {
      present.add(name);
      yield* changeOf(upper, below, path, name, status, namespace);
    } else if (!opaque && below.find(name)) {
      yield { kind: "D", path: `${path}/${name}`, status: undefined };
    }
  }
  if (opaque) yield* hidden(below, present, path);
}

/** Everything below an opaque directory that it does not hold itself. */
function* hidden(
  below: LowerDir,
  present: ReadonlySet<string>,
  path: string,
): Generator<FoundChange> {
  for (const name of below.names()) {
    if (present.has(name)) continue;
    yield { kind: "D", path: `${path}/${name}`, status: undefined };
  }
}

function* changeOf(
  upper: Dir,
  below: LowerDir,
  parent: string,
  name: string,
  status: FileStatus,
  namespace: Namespace,
): Generator<FoundChange> {
  const path = `${parent}/${name}`;
  const old = below.find(name);
  if (old === undefined) {
    yield { kind: "A", path, status };
    if (status.type === "dir") yield* added(upper, name, path, namespace);
    return;
  }
  const same = isSame({ dir: upper, name, status }, old);
  if (!same) yield { kind: "C", path, status };
  if (status.type !== "dir") return;
  if (old.status.type !== "dir") {
    yield* added(upper, name, path, namespace);
    return;
  }
  using inner = upper.openDir(name);
  const { opaque, foreign } = dirMarks(inner, namespace);
  if (foreign) throw new NeedsMount(`${path} is redirected`);
  using lower = below.descend(name);
  const within = changesIn(inner, lower, path, opaque, namespace);
  yield* same ? afterParent({ kind: "C", path, status }, within) : within;
}

/** A directory counts as changed, before what changed in it, if anything did. */
export function* afterParent(
  parent: FoundChange,
  changes: Iterable<FoundChange>,
): Generator<FoundChange> {
  let first = true;
  for (const change of changes) {
    if (first) yield parent;
    first = false;
    yield change;
  }
}

function* added(
  upper: Dir,
  name: string,
  path: string,
  namespace: Namespace,
): Generator<FoundChange> {
  using dir = upper.openDir(name);
  if (dirMarks(dir, namespace).foreign) {
    throw new NeedsMount(`${path} is redirected`);
  }
  for (const file of walk(dir)) {
    if (isWhiteout(file.status)) continue;
    if (file.dir && dirMarks(file.dir, namespace).foreign) {
      throw new NeedsMount(`${path}/${file.path} is redirected`);
    }
    yield { kind: "A", path: `${path}/${file.path}`, status: file.status };
  }
}
