/**
 * What an apply wrote, put on record.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { paced } from "../pace.ts";
import { MANIFEST, temporaryName } from "../store/layout.ts";
import { LineWriter } from "../store/lines.ts";
import { recordTree } from "../tree/manifest.ts";

/**
 * Records what a layer's directory holds.
 *
 * @param layer The layer's directory, locked.
 * @param name Directory in it that holds the files.
 * @returns Puts the record in its place; called once the files are in theirs.
 */
export async function recordFiles(
  layer: Dir,
  name: string,
): Promise<() => void> {
  const temporary = temporaryName(MANIFEST);
  using root = layer.openDir(name);
  using file = new LineWriter(layer, temporary, 0o600);
  await paced(recordTree(root), (line) => {
    if (line !== undefined) file.add(line);
  });
  file.finish();
  return () => layer.rename(temporary, layer, MANIFEST);
}
