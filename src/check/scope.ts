/**
 * Which faults a check of some layers is about; pure.
 *
 * @module
 */

import type { Fault } from "./fault.ts";
import type { View } from "./view.ts";

/** Faults that keep all layers above from being mounted. */
const BREAKING: ReadonlySet<string> = new Set([
  "diff-missing",
  "diff-type",
  "layer-unreadable",
  "links-missing",
  "links-type",
  "short-link-missing",
  "short-link-target",
  "short-link-type",
]);

/**
 * Picks the faults of some layers, with those of the layers below that keep them
 * from being mounted.
 *
 * @param faults Faults of the home.
 * @param view The home.
 * @param ids Layers; `undefined` for all.
 */
export function within(
  faults: readonly Fault[],
  view: View,
  ids: readonly string[] | undefined,
): readonly Fault[] {
  if (ids === undefined) return faults;
  const below = new Set<string | undefined>([undefined]);
  for (const id of ids) {
    for (const short of view.lists.get(id) ?? []) {
      below.add(view.ownerOf(short));
    }
  }
  return faults.filter(({ id, name }) =>
    (id !== undefined && ids.includes(id)) ||
    (BREAKING.has(name) && below.has(id))
  );
}
