/**
 * What a layer changes, and how much that is.
 *
 * @module
 */

import { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { dirMarks } from "../overlay/marks.ts";
import { type Layer, readLayer } from "../store/layer.ts";
import { compareNames } from "../text.ts";
import { type FoundChange, upperChanges } from "../tree/changes.ts";
import { additions, compareTrees } from "../tree/compare.ts";
import { LowerDir } from "../tree/lowers.ts";
import { NeedsMount } from "../tree/pack.ts";
import { Tally, usage } from "../tree/usage.ts";
import type { Change } from "../types.ts";
import type { Context } from "./context.ts";
import { explain } from "./mounting.ts";
import { readsUpper, type Relation, relationOf } from "./relation.ts";
import { paced } from "../pace.ts";
import { View } from "./view.ts";

/** Changes of a layer, sorted by the bytes of their paths. */
export async function layerChanges(
  context: Context,
  id: string,
  parent: string | undefined,
): Promise<Change[]> {
  const found = await findChanges(context, relationOf(context, id, parent));
  return found.map(({ path, kind }) => ({ path, kind }));
}

async function findChanges(
  context: Context,
  relation: Relation,
): Promise<FoundChange[]> {
  if (readsUpper(context, relation)) {
    try {
      return await upperChangesOf(context, relation.layer);
    } catch (error) {
      // Only the kernel can tell, or each lower at each level is one file too many.
      if (!(error instanceof NeedsMount) && !hasCode(error, "EMFILE")) {
        throw error;
      }
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

async function upperChangesOf(
  context: Context,
  layer: Layer,
): Promise<FoundChange[]> {
  using view = View.ofUpper(context, layer);
  try {
    using below = openLowers(context, layer);
    const { namespace } = context.support;
    const found = await collect(
      layer.lowers.length === 0
        ? additions(view.root)
        : upperChanges(view.root, below, namespace),
    );
    view.confirm();
    return found;
  } catch (error) {
    throw view.explain(error);
  }
}

function openLowers(context: Context, layer: Layer): LowerDir {
  const dirs: Dir[] = [];
  try {
    const { namespace } = context.support;
    for (const lower of layer.lowers) {
      const dir = Dir.open(context.path(lower));
      dirs.push(dir);
      if (dirMarks(dir, namespace).foreign) throw new NeedsMount(lower);
    }
    return new LowerDir(dirs, namespace);
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
  using after = await View.ofMerged(context, layer);
  using before = against === ""
    ? undefined
    : await View.ofMerged(context, readOther(context, against));
  try {
    const found = await collect(
      before ? compareTrees(before.root, after.root) : additions(after.root),
    );
    before?.confirm();
    after.confirm();
    return found;
  } catch (error) {
    const fault = after.explain(error);
    throw before?.explain(fault) ?? fault;
  }
}

function readOther({ store }: Context, id: string): Layer {
  return store.withHome((home) => readLayer(home, id));
}

/** Size of what a layer adds and changes, in bytes, as Docker counts it. */
export async function layerSize(
  context: Context,
  id: string,
  parent: string | undefined,
): Promise<number> {
  const relation = relationOf(context, id, parent);
  if (readsUpper(context, relation)) {
    return await upperSize(context, relation.layer);
  }
  const tally = new Tally();
  for (const { status } of await mountedChanges(context, relation)) {
    if (status) tally.add(status);
  }
  return tally.bytes;
}

async function upperSize(context: Context, layer: Layer): Promise<number> {
  using view = View.ofUpper(context, layer);
  try {
    const size = await paced(usage(view.root));
    view.confirm();
    return size;
  } catch (error) {
    throw view.explain(error);
  }
}
