/**
 * What a layer changes, and how much that is.
 *
 * @module
 */

import { Dir } from "../linux/dir.ts";
import type { Layer } from "../store/layer.ts";
import { compareNames } from "../text.ts";
import { type FoundChange, upperChanges } from "../tree/changes.ts";
import { additions, compareTrees } from "../tree/compare.ts";
import { LowerDir } from "../tree/lowers.ts";
import { NeedsMount } from "../tree/pack.ts";
import { Tally, usage } from "../tree/usage.ts";
import type { Change } from "../types.ts";
import type { Context, Relation } from "./context.ts";
import { acquire, explain, releaseUse } from "./mounting.ts";
import { paced } from "./pace.ts";

/** Changes of a layer, sorted by the bytes of their paths. */
export async function layerChanges(
  context: Context,
  id: string,
  parent: string | undefined,
): Promise<Change[]> {
  const found = await findChanges(context, context.relation(id, parent));
  return found.map(({ path, kind }) => ({ path, kind }));
}

async function findChanges(
  context: Context,
  relation: Relation,
): Promise<FoundChange[]> {
  if (context.readsUpper(relation)) {
    try {
      return await collect(readUpper(context, relation));
    } catch (error) {
      if (!(error instanceof NeedsMount)) throw error;
    }
  }
  return await mountedChanges(context, relation);
}

async function collect(
  changes: Generator<FoundChange>,
): Promise<FoundChange[]> {
  const found: FoundChange[] = [];
  await paced(changes, (change) => found.push(change));
  return found.sort((a, b) => compareNames(a.path, b.path));
}

function* readUpper(
  context: Context,
  { layer }: Relation,
): Generator<FoundChange> {
  using upper = Dir.open(context.path(layer.diff));
  if (layer.lowers.length === 0) yield* additions(upper);
  else {
    const { namespace } = context.support;
    using below = openLowers(context, layer);
    yield* upperChanges(upper, below, namespace);
  }
  context.confirm(layer, upper);
}

function openLowers(context: Context, layer: Layer): LowerDir {
  const dirs: Dir[] = [];
  try {
    for (const lower of layer.lowers) dirs.push(Dir.open(context.path(lower)));
    return new LowerDir(dirs, context.support.namespace);
  } catch (error) {
    for (const dir of dirs) dir[Symbol.dispose]();
    throw explain(context, layer, error);
  }
}

/**
 * Compares two layers as they are mounted.
 *
 * @param context The driver's parts.
 * @param relation The layer and what it is compared with.
 */
export async function mountedChanges(
  context: Context,
  { layer, against }: Relation,
): Promise<FoundChange[]> {
  return await withTree(context, layer.id, (after) => {
    if (against === "") return collect(additions(after));
    return withTree(
      context,
      against,
      (before) => collect(compareTrees(before, after)),
    );
  });
}

/** Runs `task` on the root of a layer's files, mounted meanwhile. */
async function withTree<T>(
  context: Context,
  id: string,
  task: (root: Dir) => Promise<T>,
): Promise<T> {
  const path = await acquire(context, id);
  try {
    using root = Dir.open(path);
    return await task(root);
  } finally {
    await releaseUse(context, id);
  }
}

/** Size of what a layer adds and changes, in bytes, as Docker counts it. */
export async function layerSize(
  context: Context,
  id: string,
  parent: string | undefined,
): Promise<number> {
  const relation = context.relation(id, parent);
  if (context.readsUpper(relation)) {
    using upper = Dir.open(context.path(relation.layer.diff));
    const size = await paced(usage(upper));
    context.confirm(relation.layer, upper);
    return size;
  }
  const tally = new Tally();
  for (const { status } of await mountedChanges(context, relation)) {
    if (status) tally.add(status);
  }
  return tally.bytes;
}
