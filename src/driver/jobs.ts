/**
 * The jobs of a driver, each loaded when it is first asked for: together they
 * bring along most of the program.
 *
 * @module
 */

import { Later } from "./later.ts";
import type { Context } from "./context.ts";

/** Code that may not be there yet. */
export class Jobs {
  /** Fills a layer. */
  readonly apply = new Later(() => import("./apply.ts"));
  /** Lists what a layer changes, and how much that is. */
  readonly changes = new Later(() => import("./changes.ts"));
  /** Looks for damage. */
  readonly check = new Later(() => import("./check.ts"));
  /** Takes away what was left. */
  readonly cleanup = new Later(() => import("./cleanup.ts"));
  /** Archives a layer. */
  readonly diff = new Later(() => import("./diff.ts"));
  /** Makes a layer, and tells where it lies. */
  readonly layers = new Later(() => import("./layers.ts"));
  /** Mounts and unmounts. */
  readonly mounting = new Later(() => import("./mounting.ts"));
  /** Limits what a layer holds. */
  readonly quota = new Later(() => import("./quota.ts"));
  /** Writes a manifest. */
  readonly record = new Later(() => import("./record.ts"));
  /** Deletes a layer. */
  readonly remove = new Later(() => import("./remove.ts"));

  /**
   * Loads what layers need, so that calls come to their turns in the order in
   * which they are made, and need no file but those of layers.
   *
   * @param manifest Whether manifests are to be written.
   */
  async load(manifest: boolean): Promise<void> {
    const { check: _, record, ...always } = this;
    await Promise.all(Object.values(always).map((job) => job.load()));
    if (manifest) await record.load();
  }
}

/** What a function takes after the driver's parts. */
type Rest<F> = F extends (context: Context, ...rest: infer R) => unknown ? R
  : never;

/** As the function of the same name in `layers.ts`. */
export function createLayer(
  context: Context,
  ...rest: Rest<typeof import("./layers.ts").createLayer>
): Promise<void> {
  return context.jobs.layers.use((it) => it.createLayer(context, ...rest));
}

/** As the function of the same name in `layers.ts`; errors reject. */
export function layerPaths(
  context: Context,
  id: string,
): Promise<Record<string, string>> {
  // deno-lint-ignore require-await -- errors must reject, not throw
  return context.jobs.layers.use(async (it) => it.layerPaths(context, id));
}

/** As the function of the same name in `apply.ts`. */
export function applyStream(
  context: Context,
  ...rest: Rest<typeof import("./apply.ts").applyStream>
): Promise<number> {
  return context.jobs.apply.use((it) => it.applyStream(context, ...rest));
}

/** As the function of the same name in `mounting.ts`. */
export function acquire(
  context: Context,
  ...rest: Rest<typeof import("./mounting.ts").acquire>
): Promise<string> {
  return context.jobs.mounting.use((it) => it.acquire(context, ...rest));
}

/** As the function of the same name in `mounting.ts`. */
export function releaseUse(
  context: Context,
  ...rest: Rest<typeof import("./mounting.ts").releaseUse>
): Promise<void> {
  return context.jobs.mounting.use((it) => it.releaseUse(context, ...rest));
}

/** Unmounts what this driver mounted. */
export async function releaseMounted(context: Context): Promise<void> {
  const paths = [...context.mounted];
  if (paths.length === 0) return;
  await context.jobs.mounting.use((it) => it.releasePaths(context, paths));
}

/** As the function of the same name in `remove.ts`. */
export function removeLayer(
  context: Context,
  ...rest: Rest<typeof import("./remove.ts").removeLayer>
): Promise<void> {
  return context.jobs.remove.use((it) => it.removeLayer(context, ...rest));
}

/** As the function of the same name in `check.ts`. */
export function checkLayers(
  context: Context,
  ...rest: Rest<typeof import("./check.ts").checkLayers>
): ReturnType<typeof import("./check.ts").checkLayers> {
  return context.jobs.check.use((it) => it.checkLayers(context, ...rest));
}
