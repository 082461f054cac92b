/**
 * Which layers stand on which, without reading the whole home each time.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { DT_DIR, DT_UNKNOWN } from "../linux/dirent.ts";
import { hasCode } from "../linux/errno.ts";
import type { FileStatus } from "../linux/stat.ts";
import { findChild, type Standing } from "./find_child.ts";
import { COMMITTED, isLayerName, LINKS } from "./layout.ts";
import { isLayer, lowersOf, targetOf } from "./stands.ts";
import type { Store } from "./store.ts";

/** What a link leads to that leads to no layer. */
const NO_LAYER = "";
/** Coarsest clock tick of file times, with some reserve. */
const TICK_MS = 20;
/** What tells one state of the links from another. */
type Stamp = Pick<FileStatus, "ino" | "mtime" | "mtimeNs">;

/** How far links are dated back, in seconds: more than any clock that stamps them lags. */
const BACK_S = 2;

/** The children in a home, which are found out when they are asked for. */
export function childrenOf(store: Store): Children {
  return store.children ??= new Children(store.settings.fineTimes);
}

/**
 * Children of each layer.
 *
 * Every create and remove changes the directory of short links, so its time of
 * change tells whether another process was at work since it was read: then the
 * names of the links are listed again, and only the layers of new ones are read.
 * A layer that was made anew has a new link. Where changes are stamped by a
 * coarse clock, a time that is younger than a tick proves nothing, and the
 * directory is dated back to a moment that no later change can give it.
 *
 * Use it only while the home is locked.
 */
export class Children {
  readonly #byLink = new Map<string, string>();
  /** Inode of each link, since one that was replaced may lead elsewhere. */
  readonly #inodes = new Map<string, number>();
  readonly #parentOf = new Map<string, string>();
  readonly #childrenOf = new Map<string, Set<string>>();
  /** Layers that do not say what they stand on. */
  readonly #unclear = new Set<string>();
  /** Layers whose parent's short link leads nowhere, and may be made again. */
  readonly #adrift = new Set<string>();
  readonly #fineTimes: boolean;
  #known = false;
  #stamp: Stamp | undefined;
  #scans: number;

  /**
   * Makes an empty index.
   *
   * @param fineTimes Whether two changes never carry the same time.
   * @param scans How often the home is looked through before an index is made,
   * which takes longer: most processes ask once.
   */
  constructor(fineTimes: boolean, scans = 1) {
    this.#fineTimes = fineTimes;
    this.#scans = scans;
  }

  /**
   * Tells what stands on `id`. At first the home is looked through for it; an
   * index is made for who goes on asking.
   */
  find(home: Dir, id: string): Standing {
    if (!this.#known && this.#scans > 0) {
      this.#scans--;
      return findChild(home, id);
    }
    const child = this.#anyChild(home, id);
    const unclear = child ?? this.#unclearChild(home, id);
    return { child, unclear: child === undefined ? unclear : undefined };
  }

  #anyChild(home: Dir, id: string): string | undefined {
    if (!this.#mayHaveNew(home, id)) return undefined;
    this.#refresh(home);
    // Somebody may have mended them meanwhile.
    for (const child of [...this.#unclear, ...this.#adrift]) {
      this.#readAgain(home, child);
    }
    for (const child of this.#childrenOf.get(id) ?? []) {
      if (isLayer(home, child)) return child;
    }
    return undefined;
  }

  /** A layer with an unreadable record may stand on `id`, if that was ever a parent. */
  #unclearChild(home: Dir, id: string): string | undefined {
    for (const child of this.#unclear) {
      if (child === id) continue;
      const wasParent = home.tryStat(`${id}/${COMMITTED}`) !== undefined;
      return wasParent ? child : undefined;
    }
    return undefined;
  }

  /** Whoever makes a child marks the parent, except for Docker before 20.10. */
  #mayHaveNew(home: Dir, id: string): boolean {
    return !this.#known || (this.#childrenOf.get(id)?.size ?? 0) > 0 ||
      home.tryStat(`${id}/${COMMITTED}`) !== undefined;
  }

  /** Whether nobody changed the home since it was read. */
  isCurrent(home: Dir): boolean {
    return this.#stamp !== undefined && isSame(this.#stamp, home.stat(LINKS));
  }

  #refresh(home: Dir): void {
    const now = home.stat(LINKS);
    if (this.#stamp !== undefined && isSame(this.#stamp, now)) return;
    for (const child of this.#readLinks(home)) this.#readAgain(home, child);
    if (!this.#known) this.#readUnlinked(home);
    this.#known = true;
    this.#restamp(home, now);
  }

  /** Reads which links there are; gives the layers whose links came or went. */
  #readLinks(home: Dir): Set<string> {
    using links = home.openDir(LINKS);
    const names = new Map(links.names().map(({ name, ino }) => [name, ino]));
    if (this.#someReplaced(names)) this.#forget();
    const changed = new Set<string>();
    for (const [name, child] of this.#byLink) {
      if (names.has(name)) continue;
      this.#byLink.delete(name);
      this.#inodes.delete(name);
      changed.add(child);
    }
    for (const [name, ino] of names) {
      this.#inodes.set(name, ino);
      if (this.#byLink.has(name)) continue;
      const child = targetOf(links, name) ?? NO_LAYER;
      this.#byLink.set(name, child);
      changed.add(child);
    }
    changed.delete(NO_LAYER);
    return changed;
  }

  /** Whether a link was mended, so that layers stand on others than before. */
  #someReplaced(names: ReadonlyMap<string, number>): boolean {
    for (const [name, ino] of this.#inodes) {
      if ((names.get(name) ?? ino) !== ino) return true;
    }
    return false;
  }

  #forget(): void {
    this.#known = false;
    for (
      const memory of [
        this.#byLink,
        this.#inodes,
        this.#parentOf,
        this.#childrenOf,
        this.#unclear,
        this.#adrift,
      ]
    ) memory.clear();
  }

  /** Forgets what a layer stands on, and reads it if the layer is still there. */
  #readAgain(home: Dir, child: string): void {
    this.#drop(child);
    this.#read(home, child);
  }

  /** Notes what a layer stands on: its parent or, if that is gone, all above. */
  #read(home: Dir, child: string): void {
    const lowers = lowersOf(home, child);
    if (lowers === "unclear") {
      if (isLayer(home, child)) this.#unclear.add(child);
      return;
    }
    for (const lower of lowers) {
      const id = this.#byLink.get(lower.slice(LINKS.length + 1)) ?? NO_LAYER;
      if (id === NO_LAYER) {
        this.#adrift.add(child);
        continue;
      }
      this.#add(id, child);
      break;
    }
  }

  /** Layers whose own link is lost still stand on others. */
  #readUnlinked(home: Dir): void {
    const linked = new Set<string>();
    for (const child of this.#byLink.values()) linked.add(child);
    using all = home.reopen();
    for (const { name, type } of all.names()) {
      const mayBe = type === DT_DIR || type === DT_UNKNOWN;
      if (mayBe && !linked.has(name) && isLayerName(name)) {
        this.#read(home, name);
      }
    }
  }

  /**
   * Notes a layer that was just made; only if the home was current before.
   *
   * @param home Open home directory.
   * @param link Its short name.
   * @param child Its id.
   * @param parent What it stands on.
   */
  noteMade(
    home: Dir,
    link: string,
    child: string,
    parent: string | undefined,
  ): void {
    this.#byLink.set(link, child);
    if (parent !== undefined) this.#add(parent, child);
    this.#restampFrom(home);
  }

  /**
   * Notes a layer that was just removed.
   *
   * @param home Open home directory.
   * @param current Whether the home was current before.
   * @param child Its id.
   * @param links Its short names, if it had any.
   */
  noteGone(
    home: Dir,
    current: boolean,
    child: string,
    links: readonly string[],
  ): void {
    for (const link of links) {
      this.#byLink.delete(link);
      this.#inodes.delete(link);
    }
    this.#drop(child);
    if (current) this.#restampFrom(home);
  }

  /** The change is made already: not knowing its time only costs another reading. */
  #restampFrom(home: Dir): void {
    try {
      this.#restamp(home, home.stat(LINKS));
    } catch {
      this.#stamp = undefined;
    }
  }

  #restamp(home: Dir, links: FileStatus): void {
    const age = Date.now() - (links.mtime * 1000 + links.mtimeNs / 1e6);
    const settled = this.#fineTimes || age > TICK_MS;
    this.#stamp = settled ? links : backdated(home);
  }

  #add(parent: string, child: string): void {
    this.#parentOf.set(child, parent);
    const known = this.#childrenOf.get(parent);
    if (known) known.add(child);
    else this.#childrenOf.set(parent, new Set([child]));
  }

  #drop(child: string): void {
    this.#unclear.delete(child);
    this.#adrift.delete(child);
    const parent = this.#parentOf.get(child);
    if (parent === undefined) return;
    this.#parentOf.delete(child);
    const children = this.#childrenOf.get(parent);
    children?.delete(child);
    if (children?.size === 0) this.#childrenOf.delete(parent);
  }
}

/**
 * Dates the links back to a moment of their own, so that any change shows.
 *
 * @returns Their stamp; `undefined` if the file system does not keep it.
 */
function backdated(home: Dir): Stamp | undefined {
  const [random] = crypto.getRandomValues(new Uint32Array(1));
  const seconds = Math.floor(Date.now() / 1000) - BACK_S;
  const time = { seconds, nanoseconds: random! % 1e9 };
  try {
    home.utimes(LINKS, time, time);
  } catch (error) {
    if (hasCode(error, "EROFS", "EPERM", "EACCES")) return undefined;
    throw error;
  }
  const links = home.stat(LINKS);
  const kept = links.mtime === seconds && links.mtimeNs === time.nanoseconds;
  return kept ? links : undefined;
}

function isSame(a: Stamp, b: Stamp): boolean {
  return a.mtimeNs === b.mtimeNs && a.mtime === b.mtime && a.ino === b.ino;
}
