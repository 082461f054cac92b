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
 * @param purpose What they were for, such as `"diff"`; left out, all of them.
 * @returns Their names.
 */
export function* removeStrays(
  layer: Dir,
  purpose = "",
): Generator<void, string[]> {
  using listing = layer.reopen();
  const strays = listing.names().map((entry) => entry.name)
    .filter((name) => name.startsWith(TEMPORARY + purpose));
  for (const name of strays) yield* removeTree(layer, name);
  return strays;
}
