/**
 * Which layers stand on which, without reading the whole home each time.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import type { FileStatus } from "../linux/stat.ts";
import { readSmall } from "./files.ts";
import {
  DIFF,
  idOfTarget,
  isLayerName,
  LINKS,
  LOWER,
  parseLower,
} from "./layout.ts";

/** Coarsest clock tick of file times, with some reserve. */
const TICK_MS = 20;

/**
 * Children of each layer.
 *
 * Every create and remove changes the directory of short links, so its time of
 * change tells whether another process was at work since the home was read.
 * Kernels before 6.13 stamp changes by a coarse clock: there a time that is
 * younger than a tick proves nothing, and the home is read again.
 *
 * Use it only while the home is locked.
 */
export class Children {
  readonly #parentOf = new Map<string, string>();
  readonly #childrenOf = new Map<string, Set<string>>();
  readonly #fineTimes: boolean;
  #stamp: string | undefined;

  /**
   * Makes an empty index.
   *
   * @param fineTimes Whether two changes never carry the same time.
   */
  constructor(fineTimes: boolean) {
    this.#fineTimes = fineTimes;
  }

  /** One of the children of `id`; `undefined` if it has none. */
  anyChild(home: Dir, id: string): string | undefined {
    this.refresh(home);
    return this.#childrenOf.get(id)?.values().next().value;
  }

  /** Reads the home again if another process changed it. */
  refresh(home: Dir): void {
    const now = home.stat(LINKS);
    const stamp = stampOf(now);
    if (this.#stamp === stamp) return;
    this.#parentOf.clear();
    this.#childrenOf.clear();
    for (const [child, parent] of readParents(home)) this.#put(child, parent);
    this.#stamp = this.#settled(now) ? stamp : undefined;
  }

  /** Notes a change of our own, made after {@linkcode refresh} under the same lock. */
  note(home: Dir, child: string, parent: string | undefined): void {
    if (this.#stamp === undefined) return;
    const old = this.#parentOf.get(child);
    if (old !== undefined) this.#childrenOf.get(old)?.delete(child);
    this.#parentOf.delete(child);
    if (parent !== undefined) this.#put(child, parent);
    const now = home.stat(LINKS);
    this.#stamp = this.#settled(now) ? stampOf(now) : undefined;
  }

  #settled(links: FileStatus): boolean {
    const age = Date.now() - (links.mtime * 1000 + links.mtimeNs / 1e6);
    return this.#fineTimes || age > TICK_MS;
  }

  #put(child: string, parent: string): void {
    this.#parentOf.set(child, parent);
    const known = this.#childrenOf.get(parent);
    if (known) known.add(child);
    else this.#childrenOf.set(parent, new Set([child]));
  }
}

function stampOf(status: FileStatus): string {
  return `${status.ino}:${status.mtime}.${status.mtimeNs}`;
}

/** Parent of every layer that has one, as far as the files are readable. */
function* readParents(home: Dir): Generator<[child: string, parent: string]> {
  using all = home.reopen();
  for (const { name } of all.names()) {
    if (!isLayerName(name)) continue;
    const parent = parentOf(home, name);
    if (parent !== undefined) yield [name, parent];
  }
}

function parentOf(home: Dir, name: string): string | undefined {
  try {
    using dir = home.openDir(name);
    const lowers = parseLower(readSmall(dir, LOWER) ?? "");
    if (lowers === undefined || dir.tryStat(DIFF) === undefined) {
      return undefined;
    }
    return idOfTarget(home.readlink(lowers[0]!));
  } catch (error) {
    // Not a layer, or a broken one: it keeps nothing alive.
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP", "EINVAL")) {
      return undefined;
    }
    throw error;
  }
}
