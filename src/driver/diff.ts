/**
 * A layer's changes as an archive.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { Dir } from "../linux/dir.ts";
import type { Layer } from "../store/layer.ts";
import { quote } from "../store/layout.ts";
import { Archive } from "../tree/archive.ts";
import { SAME_OWNERS } from "../tree/owners.ts";
import { NeedsMount, type PackItem } from "../tree/pack.ts";
import { packChanges, packLayer, packTree } from "../tree/pack_tree.ts";
import { mountedChanges } from "./changes.ts";
import type { Context, Relation } from "./context.ts";
import { acquire, releaseUse } from "./mounting.ts";
import { giveTurn } from "./pace.ts";

/** Bytes handed on at once. */
const CHUNK = 256 * 1024;

/** An archive that is being made of a layer. */
export interface OpenDiff {
  /** Its bytes. */
  readonly archive: Archive;
  /** Lets go of the layer; to be called once. */
  close(): Promise<void>;
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
  if (!context.readsUpper(relation)) {
    return await openMounted(context, relation);
  }
  const { layer } = relation;
  const root = Dir.open(context.path(layer.diff));
  const items = confirmed(
    context,
    layer,
    root,
    packLayer(root, context.packing),
  );
  return openOn(root, items, () => Promise.resolve());
}

async function openMounted(
  context: Context,
  relation: Relation,
): Promise<OpenDiff> {
  const { layer, against } = relation;
  const changes = against === ""
    ? undefined
    : await mountedChanges(context, relation);
  const path = await acquire(context, layer.id);
  const release = () => releaseUse(context, layer.id);
  try {
    const root = Dir.open(path);
    // Docker does not translate owners when it packs a whole tree.
    const items = changes === undefined
      ? packTree(root, { ...context.packing, owners: SAME_OWNERS })
      : packChanges(root, changes, context.packing);
    const mounted = layer.lowers.length > 0;
    return openOn(
      root,
      mounted ? items : confirmed(context, layer, root, items),
      release,
    );
  } catch (error) {
    await release();
    throw error;
  }
}

function openOn(
  root: Dir,
  items: Iterator<PackItem>,
  release: () => Promise<void>,
): OpenDiff {
  const archive = new Archive(items);
  return {
    archive,
    close() {
      archive[Symbol.dispose]();
      root[Symbol.dispose]();
      return release();
    },
  };
}

/**
 * Makes sure that an archive that ends is whole, and says what the caller can do
 * where an upper directory cannot be read by itself.
 */
function* confirmed(
  context: Context,
  layer: Layer,
  root: Dir,
  items: Generator<PackItem>,
): Generator<PackItem> {
  try {
    yield* items;
    context.confirm(layer, root);
  } catch (error) {
    if (!(error instanceof NeedsMount)) throw error;
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
  let open: OpenDiff | undefined;
  const close = async () => {
    const closing = open;
    open = undefined;
    await closing?.close();
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        open ??= await openDiff(context, id, parent);
        const buffer = new Uint8Array(CHUNK);
        const length = open.archive.fill(buffer);
        if (length > 0) controller.enqueue(buffer.subarray(0, length));
        else {
          await close();
          controller.close();
        }
        await giveTurn();
      } catch (error) {
        await close();
        throw error;
      }
    },
    cancel: close,
  }, { highWaterMark: 0 });
}
