/**
 * Short names that layers list and no layer has; pure.
 *
 * A layer that has lost both its name and its link is still known by those that
 * were made on it: behind its name they repeat what it stands on.
 *
 * @module
 */

import { mayBeListed } from "../ownership.ts";
import { shortNameOf, type View } from "../view.ts";

/**
 * Finds the names of layers that have lost theirs.
 *
 * @param view The home.
 * @returns Short names by id, where there is one name for one layer only.
 */
export function lostNames(view: View): Map<string, string> {
  const orphans = [...view.listers.keys()].filter((short) =>
    view.ownerOf(short) === undefined
  );
  if (orphans.length === 0) return new Map();
  const nameless = [...view.layers.values()].filter((dir) =>
    dir.committed !== undefined && shortNameOf(dir) === undefined &&
    !view.linksTo.has(dir.name)
  );
  const pairs = nameless.flatMap((dir) =>
    orphans.filter((short) => mayBeListed(view, dir, short))
      .map((short) => [dir.name, short] as const)
  );
  const isOnly = (pair: readonly [string, string]) =>
    pairs.every((other) =>
      other === pair || (other[0] !== pair[0] && other[1] !== pair[1])
    );
  return new Map(pairs.filter(isOnly));
}
