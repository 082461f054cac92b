/**
 * A layer's changes as an archive.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Layer } from "../store/layer.ts";
import { quote } from "../store/layout.ts";
import { Archive } from "../tree/archive.ts";
import { SAME_OWNERS } from "../tree/owners.ts";
import { NeedsMount, type PackItem } from "../tree/pack.ts";
import { packChanges, packLayer, packTree } from "../tree/pack_tree.ts";
import { mountedChanges } from "./changes.ts";
import type { Context, Relation } from "./context.ts";
import { Pace } from "../pace.ts";
import { View } from "./view.ts";

/** Bytes handed on at once. */
const CHUNK = 256 * 1024;

/** An archive that is being made of a layer. */
export interface OpenDiff {
  /** Its bytes. */
  readonly archive: Archive;
  /** Lets go of the layer; to be called once. */
  close(): void;
}

/**
 * Begins an archive of what a layer changes.
 *
 * @throws {DriverError} `EINVAL`, `ENOENT`, `EUCLEAN`.
 */
export async function openDiff(
  context: Context,
  id: string,
  parent: string | undefined,
): Promise<OpenDiff> {
  const relation = context.relation(id, parent);
  const upper = context.readsUpper(relation);
  const view = upper
    ? View.ofUpper(context, relation.layer)
    : await View.ofMerged(context, relation.layer);
  try {
    const items = upper
      ? packLayer(view.root, context.packing)
      : await packMerged(context, relation, view);
    const archive = new Archive(confirmed(relation.layer, view, items));
    return {
      archive,
      close() {
        archive[Symbol.dispose]();
        view[Symbol.dispose]();
      },
    };
  } catch (error) {
    view[Symbol.dispose]();
    throw error;
  }
}

async function packMerged(
  context: Context,
  relation: Relation,
  { root }: View,
): Promise<Generator<PackItem>> {
  if (relation.against === "") {
    // Docker does not translate owners when it packs a whole tree.
    return packTree(root, { ...context.packing, owners: SAME_OWNERS });
  }
  const changes = await mountedChanges(context, relation);
  return packChanges(root, changes, context.packing);
}

/**
 * Makes sure that an archive that ends is whole, and says what the caller can do
 * where an upper directory cannot be read by itself.
 */
function* confirmed(
  layer: Layer,
  view: View,
  items: Generator<PackItem>,
): Generator<PackItem> {
  try {
    yield* items;
    view.confirm();
  } catch (error) {
    if (!(error instanceof NeedsMount)) throw view.explain(error);
    throw new DriverError(
      "ENOTSUP",
      `Cannot archive layer ${
        quote(layer.id)
      }: ${error.message}, which only a mount can read; its marks come from a kernel with redirect_dir or metacopy`,
      { cause: error },
    );
  }
}

/** A layer's archive as a web stream, made at the reader's pace. */
export function diffStream(
  context: Context,
  id: string,
  parent: string | undefined,
): ReadableStream<Uint8Array> {
  const pace = new Pace();
  let open: OpenDiff | undefined;
  const close = () => {
    open?.close();
    open = undefined;
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        // Before, not after: whoever has the last bytes need not wait for a rest.
        await pace.rest();
        open ??= await openDiff(context, id, parent);
        const buffer = new Uint8Array(CHUNK);
        const length = open.archive.fill(buffer);
        if (length > 0) controller.enqueue(buffer.subarray(0, length));
        else {
          close();
          controller.close();
        }
      } catch (error) {
        close();
        throw error;
      }
    },
    cancel: close,
  }, { highWaterMark: 0 });
}
