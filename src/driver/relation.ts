/**
 * A layer and what it is compared with.
 *
 * @module
 */

import {
  type Layer,
  parentId,
  readLayer,
  readLayerWith,
} from "../store/layer.ts";
import { checkId } from "../store/layout.ts";
import type { Context } from "./context.ts";

/** A layer and the layer it is compared with. */
export interface Relation {
  /** The layer. */
  readonly layer: Layer;
  /** Id of the other layer; `""` for none. */
  readonly against: string;
  /** Whether the other one is the layer's own parent, or neither is there. */
  readonly direct: boolean;
}

/**
 * Reads a layer together with what it is to be compared with.
 *
 * @param context The driver's parts.
 * @param id Id of the layer.
 * @param parent Id as the caller gave it: `undefined` for the one on record,
 * `""` for none.
 */
export function relationOf(
  context: Context,
  id: string,
  parent: string | undefined,
): Relation {
  checkId(id);
  return context.store.withHome((home) => {
    const [layer, recorded] = readLayerWith(
      home,
      id,
      (layer) => [layer, parentId(home, layer) ?? ""],
    );
    const against = parent ?? recorded;
    if (against !== "" && against !== recorded) readLayer(home, against);
    return { layer, against, direct: against === recorded };
  });
}

/** Whether a layer's own directory tells how it differs from what it is compared with. */
export function readsUpper(context: Context, relation: Relation): boolean {
  return relation.direct && context.support.nativeDiffObstacle === undefined;
}
