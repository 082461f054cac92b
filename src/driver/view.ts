/**
 * A layer's files as its mount shows them, for reading only. The mount is private
 * unless somebody has one already.
 *
 * @module
 */

import { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { sameFile } from "../linux/stat.ts";
import { MOST_LOWERS } from "../overlay/data.ts";
import { type Layer, openDiff, wentAway } from "../store/layer.ts";
import type { Context } from "./context.ts";
import { explain, mountOf } from "./mounting.ts";
import { mountPrivately } from "./private_mount.ts";

/** The files of a layer, open for reading. */
export class View implements Disposable {
  readonly #context: Context;
  readonly #layer: Layer;
  readonly #diff: Dir;
  /** Root of the files. */
  readonly root: Dir;

  private constructor(context: Context, layer: Layer, diff: Dir, root: Dir) {
    this.#context = context;
    this.#layer = layer;
    this.#diff = diff;
    this.root = root;
  }

  /**
   * Opens a layer's own directory alone.
   *
   * @param context The driver's parts.
   * @param layer Layer on record.
   * @throws {DriverError} `ENOENT`, `EIO` if it is not there any more.
   */
  static ofUpper(context: Context, layer: Layer): View {
    const diff = context.store.withHome((home) => openDiff(home, layer));
    return new View(context, layer, diff, diff);
  }

  /**
   * Opens a layer together with all that it stands on.
   *
   * @param context The driver's parts.
   * @param layer Layer on record.
   * @throws {DriverError} `EUCLEAN` if a lower is gone.
   * @throws {SyscallError} what mounting answers.
   */
  static async ofMerged(context: Context, layer: Layer): Promise<View> {
    const view = View.ofUpper(context, layer);
    if (layer.lowers.length === 0) return view;
    try {
      const root = openMounted(context, layer) ??
        await openPrivate(context, layer);
      return new View(context, layer, view.#diff, root);
    } catch (error) {
      using _ = view;
      throw view.explain(explain(context, layer, error));
    }
  }

  /**
   * Makes sure that the files stayed while they were read. Removal, and filling,
   * take the directory away before anything in it.
   *
   * @throws {DriverError} `EIO` otherwise.
   */
  confirm(): void {
    const { diff } = this.#layer;
    const now = this.#context.store.withHome((home) => home.tryStat(diff));
    if (now !== undefined && sameFile(now, this.#diff.self())) return;
    throw wentAway(this.#layer);
  }

  /** Says of a file or record that went away while it was read that the layer did. */
  explain(error: unknown): unknown {
    if (!hasCode(error, "ENOENT", "ESTALE", "EUCLEAN", "EIO")) return error;
    try {
      this.confirm();
      return error;
    } catch (gone) {
      return gone;
    }
  }

  /** Closes the files. */
  [Symbol.dispose](): void {
    this.#diff[Symbol.dispose]();
    this.root[Symbol.dispose]();
  }
}

/** The mount that somebody has of the layer; the descriptor keeps it. */
function openMounted(context: Context, layer: Layer): Dir | undefined {
  const merged = context.path(layer.merged);
  if (!context.uses.isMounted(merged)) return undefined;
  let root: Dir | undefined;
  let isOurs = false;
  try {
    root = Dir.open(merged);
    isOurs = root.self().mountRoot !== false;
  } catch (error) {
    // Somebody may have given it back meanwhile.
    if (!hasCode(error, "ENOENT")) throw error;
  } finally {
    if (!isOurs) root?.[Symbol.dispose]();
  }
  return isOurs ? root : undefined;
}

/** Mounts the layer for us alone. */
function openPrivate(context: Context, layer: Layer): Promise<Dir> {
  // Its own directory is one lower more, which the kernel may not take.
  const writable = layer.lowers.length === MOST_LOWERS;
  const mount = mountOf(context, layer, layer.merged, writable);
  return mountPrivately(context, layer, mount);
}
