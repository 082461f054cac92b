/**
 * What a layer changes, read from its upper directory alone.
 *
 * The answer is that of comparing the two mounted trees; the cost grows with the
 * layer and not with what lies below it. What vanishes while it is read is passed
 * over.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { type FileStatus, isWhiteout } from "../linux/stat.ts";
import { dirMarks, type Namespace } from "../overlay/marks.ts";
import type { Change } from "../types.ts";
import type { LowerDir } from "./lowers.ts";
import { flattened, Nested, type Steps } from "./nested.ts";
import { NeedsMount } from "./pack.ts";
import { namesIn, openIfDir } from "./races.ts";
import { isSame, type Located } from "./same.ts";
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
  const root = { upper: dir, below, path: "", opaque: false };
  yield* flattened(changesIn(root, namespace));
}

/** A directory of the upper and what lies below it. */
interface Merging {
  readonly upper: Dir;
  readonly below: LowerDir;
  /** Path of the directory. */
  readonly path: string;
  /** Whether what lies below is hidden. */
  readonly opaque: boolean;
}

function* changesIn(
  at: Merging,
  namespace: Namespace,
): Steps<FoundChange> {
  const { upper, below, opaque } = at;
  const present = new Set<string>();
  for (const { name } of namesIn(upper)) {
    const status = upper.tryStat(name);
    if (status === undefined) continue;
    if (!isWhiteout(status)) {
      present.add(name);
      yield* changeOf(at, name, status, namespace);
    } else if (!opaque && below.find(name)) yield deletion(at, name);
  }
  if (!opaque) return;
  for (const name of below.names()) {
    if (!present.has(name)) yield deletion(at, name);
  }
}

function deletion(at: Merging, name: string): FoundChange {
  return { kind: "D", path: `${at.path}/${name}`, status: undefined };
}

function* changeOf(
  at: Merging,
  name: string,
  status: FileStatus,
  namespace: Namespace,
): Steps<FoundChange> {
  const { upper, below } = at;
  const path = `${at.path}/${name}`;
  const old = below.find(name);
  if (old === undefined) {
    yield { kind: "A", path, status };
    if (status.type === "dir") yield* added(upper, name, path, namespace);
    return;
  }
  if (status.type === "dir" && old.status.type === "dir") {
    yield* changesBelow(at, { dir: upper, name, status }, old, namespace);
    return;
  }
  if (!isSame({ dir: upper, name, status }, old)) {
    yield { kind: "C", path, status };
  }
  if (status.type === "dir") yield* added(upper, name, path, namespace);
}

function* changesBelow(
  at: Merging,
  now: Located,
  old: Located,
  namespace: Namespace,
): Steps<FoundChange> {
  const { name, status } = now;
  const path = `${at.path}/${name}`;
  using upper = openIfDir(at.upper, name);
  if (upper === undefined) return;
  const marks = dirMarks(upper, namespace);
  if (marks.foreign) throw new NeedsMount(`${path} is redirected`);
  using below = at.below.descend(name);
  const self: FoundChange = { kind: "C", path, status };
  const same = isSame({ ...now, fd: upper.fd }, { ...old, fd: below.fd });
  if (!same) yield self;
  // What is made inside an opaque directory merges with nothing either.
  const opaque = at.opaque || marks.opaque;
  const within = changesIn({ upper, below, path, opaque }, namespace);
  // A directory counts as changed, before what changed in it, if anything did.
  yield same ? new Nested(within, self) : new Nested(within);
}

function* added(
  upper: Dir,
  name: string,
  path: string,
  namespace: Namespace,
): Generator<FoundChange> {
  using dir = openIfDir(upper, name);
  if (dir === undefined) return;
  if (dirMarks(dir, namespace).foreign) {
    throw new NeedsMount(`${path} is redirected`);
  }
  for (const file of walk(dir, namesIn)) {
    if (isWhiteout(file.status)) continue;
    if (file.dir && dirMarks(file.dir, namespace).foreign) {
      throw new NeedsMount(`${path}/${file.path} is redirected`);
    }
    yield { kind: "A", path: `${path}/${file.path}`, status: file.status };
  }
}
