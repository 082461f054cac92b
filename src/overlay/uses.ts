/**
 * Whether something is mounted, and how often it is in use.
 *
 * @module
 */

import { AT_FDCWD } from "../linux/constants.ts";
import { tryStatAt } from "../linux/stat.ts";
import { fsMagic } from "../linux/statfs.ts";

/** Magic number of overlayfs in statfs(2). */
const OVERLAY_MAGIC = 0x794c7630;

interface Use {
  /** What tells the layer from later ones of the same path. */
  readonly layer: string;
  /** Uses that this process asked for. */
  own: number;
  /** Whether somebody else's mount was found, which counts as one use. */
  adopted: boolean;
}

/**
 * Counts uses of mountpoints.
 *
 * A path that nobody counted yet but that is mounted already, by an earlier or
 * another process, counts as used once: so a process that starts anew releases
 * what its predecessor mounted.
 *
 * Another process may remove a layer and make another of the same path. Uses of
 * the one are none of the other: each call names the layer by something that
 * belongs to no other one, its short name.
 */
export class Uses {
  readonly #uses = new Map<string, Use>();
  /** Asks the kernel whether a path is mounted. */
  readonly isMounted: (path: string) => boolean;

  /**
   * Makes a counter.
   *
   * @param isMounted Asks the kernel about a path.
   */
  constructor(isMounted: (path: string) => boolean) {
    this.isMounted = isMounted;
  }

  /**
   * Counts one use more.
   *
   * @param path Mountpoint.
   * @param layer The layer that belongs there.
   * @param mounted Whether the path is mounted, for whoever knows.
   * @returns Whether the path is mounted already.
   */
  add(
    path: string,
    layer: string,
    mounted: boolean = this.isMounted(path),
  ): boolean {
    const use = this.#of(path, layer) ?? { layer, own: 0, adopted: mounted };
    // A mount that is gone is nobody's use any more.
    if (!mounted) use.adopted = false;
    use.own++;
    this.#uses.set(path, use);
    return mounted;
  }

  /**
   * Counts one use less.
   *
   * @param path Mountpoint.
   * @param layer The layer that belongs there.
   * @returns Whether nobody uses the path any more.
   */
  drop(path: string, layer: string): boolean {
    const use = this.#of(path, layer);
    if (use === undefined) return true;
    if (use.own > 0) use.own--;
    else use.adopted = false;
    const unused = use.own === 0 && !use.adopted;
    if (unused) this.#uses.delete(path);
    return unused;
  }

  /** Whether uses of the layer are counted. */
  counts(path: string, layer: string): boolean {
    return this.#of(path, layer) !== undefined;
  }

  /** Forgets a path. */
  forget(path: string): void {
    this.#uses.delete(path);
  }

  /** Whether this process uses the mount, or the kernel has it. */
  inUse(path: string, layer: string): boolean {
    return (this.#of(path, layer)?.own ?? 0) > 0 || this.isMounted(path);
  }

  #of(path: string, layer: string): Use | undefined {
    const use = this.#uses.get(path);
    return use?.layer === layer ? use : undefined;
  }
}

/**
 * Tells whether `path` is a mountpoint.
 *
 * The kernel says so since 5.8; before, any directory on overlayfs counts.
 *
 * @param path Absolute path; a missing one is no mountpoint.
 */
export function isMountpoint(path: string): boolean {
  const status = tryStatAt({ fd: AT_FDCWD, path: "" }, path);
  if (status === undefined) return false;
  return status.mountRoot ?? fsMagic(path) === OVERLAY_MAGIC;
}
