/**
 * A layer's changes as an archive.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Layer } from "../store/layer.ts";
import { EXACT, quote } from "../store/layout.ts";
import { Archive, type ArchiveItem, encoded } from "../tree/archive.ts";
import { SAME_OWNERS } from "../tree/owners.ts";
import { NeedsMount, type PackItem } from "../tree/pack.ts";
import { packChanges, packLayer, packTree } from "../tree/pack_tree.ts";
import { mountedChanges } from "./changes.ts";
import { Chunks } from "./chunks.ts";
import type { Context } from "./context.ts";
import type { Kept } from "./exact.ts";
import { Pace } from "../pace.ts";
import { readsUpper, type Relation, relationOf } from "./relation.ts";
import { View } from "./view.ts";

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
  const relation = relationOf(context, id, parent);
  const own = relation.direct ? await openOwn(context, relation) : undefined;
  return own ?? await openMerged(context, relation);
}

/** Begins an archive of a layer's own files, if they can be read by themselves. */
async function openOwn(
  context: Context,
  relation: Relation,
): Promise<OpenDiff | undefined> {
  const { layer } = relation;
  const view = View.ofUpper(context, layer);
  try {
    const kept = await openKept(context, layer, view);
    if (kept) return opened(confirmed(layer, view, kept.items), view, kept);
    if (readsUpper(context, relation)) {
      const items = packLayer(view.root, context.packing);
      return opened(encoded(confirmed(layer, view, items)), view);
    }
  } catch (error) {
    using _ = view;
    throw view.explain(error);
  }
  view[Symbol.dispose]();
  return undefined;
}

async function openKept(
  { store }: Context,
  { id }: Layer,
  { root }: View,
): Promise<Kept | undefined> {
  using dir = store.withHome((home) => home.tryOpenDir(id));
  if (dir?.tryStat(EXACT) === undefined) return undefined;
  const { keptArchive } = await import("./exact.ts");
  return keptArchive(dir, root);
}

async function openMerged(
  context: Context,
  relation: Relation,
): Promise<OpenDiff> {
  const { layer } = relation;
  const view = await View.ofMerged(context, layer);
  try {
    const items = await packMerged(context, relation, view);
    return opened(encoded(confirmed(layer, view, items)), view);
  } catch (error) {
    view[Symbol.dispose]();
    throw error;
  }
}

function opened(
  items: Generator<ArchiveItem>,
  ...rest: readonly Disposable[]
): OpenDiff {
  const archive = new Archive(items);
  return {
    archive,
    close() {
      for (const part of [archive, ...rest]) part[Symbol.dispose]();
    },
  };
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
function* confirmed<T>(
  layer: Layer,
  view: View,
  items: Generator<T>,
): Generator<T> {
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

type Controller = ReadableStreamDefaultController<Uint8Array>;

/** A layer's archive as a web stream, made at the reader's pace. */
export function diffStream(
  context: Context,
  id: string,
  parent: string | undefined,
): ReadableStream<Uint8Array> {
  const pace = new Pace();
  let open: (OpenDiff & { readonly chunks: Chunks }) | undefined;
  let pulling = Promise.resolve();
  const close = async () => {
    const closing = open;
    open = undefined;
    await closing?.chunks.settle();
    closing?.close();
  };
  const pull = async (controller: Controller) => {
    try {
      // Before, not after: whoever has the last bytes need not wait for a rest.
      await pace.rest();
      open ??= inChunks(await openDiff(context, id, parent));
      const chunk = await open.chunks.next();
      if (chunk) return controller.enqueue(chunk);
      await close();
      controller.close();
    } catch (error) {
      await close();
      throw error;
    }
  };
  return new ReadableStream<Uint8Array>({
    pull: (controller) => pulling = pull(controller),
    async cancel() {
      await pulling.catch(() => {});
      await close();
    },
  }, { highWaterMark: 0 });
}

function inChunks(diff: OpenDiff): OpenDiff & { readonly chunks: Chunks } {
  return { ...diff, chunks: new Chunks(diff.archive) };
}
