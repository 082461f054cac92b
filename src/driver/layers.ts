/**
 * Layers made, and where they lie.
 *
 * @module
 */

import { Dir } from "../linux/dir.ts";
import { childOf } from "../store/condemn.ts";
import { createIn } from "../store/create.ts";
import { lowerIds, readLayerWith } from "../store/layer.ts";
import { checkId, DIFF } from "../store/layout.ts";
import type { Wait } from "../store/files.ts";
import type { CreateOptions } from "../types.ts";
import type { Context } from "./context.ts";
import { parseLayerOptions } from "./options.ts";
import { relationOf } from "./relation.ts";

/**
 * Makes a layer.
 *
 * @param context The driver's parts.
 * @param id Id that is free.
 * @param parent Layer to stand on; none or `""` makes a base layer.
 * @param options Options of this layer.
 * @param writable Whether it may have a size.
 * @param wait What is waited for.
 */
export async function createLayer(
  context: Context,
  id: string,
  parent: string | undefined,
  { storageOpt = {}, signal }: CreateOptions,
  writable: boolean,
  wait: Wait = "disk",
): Promise<void> {
  const { jobs, settings, store } = context;
  checkId(id);
  const limits = parseLayerOptions(storageOpt, writable, settings.defaultSize);
  const quota = limits && (await jobs.quota.load()).quotaOf(context);
  quota?.require(`limit the size of layer "${id}"`);
  await createIn(
    store,
    id,
    parent || undefined,
    (dir) => {
      if (limits) store.withHome((home) => quota!.limit(home, dir, limits));
    },
    signal,
    wait,
  );
}

/** Where a layer lies on disk, by Docker's names. */
export function layerPaths(
  context: Context,
  id: string,
): Record<string, string> {
  const [layer, lowers] = context.store.withHome((home) =>
    readLayerWith(home, id, (layer) => [layer, lowerIds(home, layer)])
  );
  const lower = lowers.map((id) => context.path(`${id}/${DIFF}`)).join(":");
  return {
    WorkDir: context.path(layer.work),
    MergedDir: context.path(layer.merged),
    UpperDir: context.path(layer.diff),
    ...lower !== "" && { LowerDir: lower },
  };
}

/** Some layer that stands on `id`: its id, or `undefined`. */
export function childOfLayer(
  { store }: Context,
  id: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  return childOf(store, id, signal);
}

/** Whether a layer stands on `parent`, was not filled yet, and is not mounted. */
export function isPristine(
  context: Context,
  id: string,
  parent: string,
): boolean {
  const { layer, against } = relationOf(context, id, undefined);
  if (against !== parent || context.inUse(layer)) return false;
  using diff = Dir.open(context.path(layer.diff));
  return diff.names().length === 0;
}
