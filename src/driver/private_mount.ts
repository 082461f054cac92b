/**
 * Mounts for one call alone: they have no place in the tree of files and go away
 * with their descriptor, so that nobody else depends on them and nothing is left
 * when the process dies.
 *
 * @module
 */

import { Dir } from "../linux/dir.ts";
import type { OverlayMount } from "../overlay/data.ts";
import { detach, mountLayers, openOverlay } from "../overlay/mount.ts";
import type { Layer } from "../store/layer.ts";
import { MERGED, temporaryName } from "../store/layout.ts";
import type { Context } from "./context.ts";
import { dropMountpoint, explain, mountOf } from "./mounting.ts";
import { explainVolatile, liftVolatile } from "./volatile.ts";

/**
 * Mounts an overlay of a layer.
 *
 * @param context The driver's parts.
 * @param layer Layer on record.
 * @param mount What to mount; its target only serves error messages.
 * @returns Its root; the mount goes away with the last descriptor in it.
 */
export async function mountPrivately(
  context: Context,
  layer: Layer,
  mount: OverlayMount,
): Promise<Dir> {
  if (context.support.oneByOne) return openOverlay(mount);
  return await mountAndDetach(context, layer, mount);
}

/** Kernels that only mount in the tree of files: mounted, opened, and taken out again. */
async function mountAndDetach(
  context: Context,
  layer: Layer,
  mount: OverlayMount,
): Promise<Dir> {
  using place = new Mountpoint(context, layer);
  await mountLayers({ ...mount, target: place.target }, false);
  return Dir.open(context.path(place.target));
}

/** A layer that is open for writing. */
export interface WritableLayer extends Disposable {
  /** Root of its files. */
  readonly root: Dir;
}

/**
 * Opens a layer for writing over its parents.
 *
 * @param context The driver's parts.
 * @param layer Layer on record, locked and not mounted.
 * @param dir The layer's directory.
 * @param name Directory in it that takes what is written.
 * @returns Its root; disposing it unmounts.
 * @throws {DriverError} `EUCLEAN` if a lower is gone, or the layer was in use
 * with `volatile` and not given back.
 */
export async function openWritable(
  context: Context,
  layer: Layer,
  dir: Dir,
  name: string,
): Promise<WritableLayer> {
  if (layer.lowers.length === 0) return alone(dir.openDir(name));
  liftVolatile(context, dir, layer.id);
  const usual = mountOf(context, layer, layer.merged, true);
  const upper = `${layer.id}/${name}`;
  const mount = { ...usual, upper, volatile: false };
  try {
    return context.support.oneByOne
      ? alone(openOverlay(mount))
      : await mountForNow(context, layer, mount);
  } catch (error) {
    const explained = explainVolatile(dir, layer.id, error);
    throw explain(context, layer, explained);
  }
}

function alone(root: Dir): WritableLayer {
  return { root, [Symbol.dispose]: () => root[Symbol.dispose]() };
}

/** Stays mounted while it is in use: detached, the kernel would refuse every `..`. */
async function mountForNow(
  context: Context,
  layer: Layer,
  mount: OverlayMount,
): Promise<WritableLayer> {
  const place = new Mountpoint(context, layer);
  try {
    await mountLayers({ ...mount, target: place.target }, false);
    const root = Dir.open(context.path(place.target));
    return {
      root,
      [Symbol.dispose]() {
        root[Symbol.dispose]();
        place[Symbol.dispose]();
      },
    };
  } catch (error) {
    place[Symbol.dispose]();
    throw error;
  }
}

/** A mountpoint of its own in a layer's directory; if the process dies, it is cleaned up as other temporary files are. */
class Mountpoint implements Disposable {
  /** Path in the home. */
  readonly target: string;
  readonly #dir: Dir;
  readonly #name = temporaryName(MERGED);

  constructor(context: Context, layer: Layer) {
    this.target = `${layer.id}/${this.#name}`;
    this.#dir = Dir.open(context.path(layer.id));
    try {
      this.#dir.mkdir(this.#name, 0o700);
    } catch (error) {
      this.#dir[Symbol.dispose]();
      throw error;
    }
  }

  /** Unmounts and removes it. */
  [Symbol.dispose](): void {
    using dir = this.#dir;
    detach(`${dir.path}/${this.#name}`);
    dropMountpoint(dir, this.#name);
  }
}
