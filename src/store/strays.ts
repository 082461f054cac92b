/**
 * What killed processes left in a layer's directory.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { removeTree } from "../linux/remove.ts";
import { TEMPORARY } from "./layout.ts";

/**
 * Deletes temporary files and directories; yields after each file.
 *
 * @param layer A layer's directory, with its lock held.
 * @param purposes What they were for, such as `"diff"`; none means all of them.
 * @returns Their names.
 */
export function* removeStrays(
  layer: Dir,
  ...purposes: readonly string[]
): Generator<void, string[]> {
  using listing = layer.reopen();
  const prefixes = purposes.length > 0
    ? purposes.map((purpose) => TEMPORARY + purpose)
    : [TEMPORARY];
  const strays = listing.names().map((entry) => entry.name)
    .filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
  for (const name of strays) yield* removeTree(layer, name);
  return strays;
}

/** Whether a layer's directory holds temporary files or directories. */
export function hasStrays(layer: Dir): boolean {
  using listing = layer.reopen();
  return listing.names().some(({ name }) => name.startsWith(TEMPORARY));
}
