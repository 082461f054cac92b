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
  COMMITTED,
  idOfTarget,
  isLayerName,
  LINKS,
  LOWER,
  parseLower,
} from "./layout.ts";

/** Coarsest clock tick of file times, with some reserve. */
const TICK_MS = 20;

/** A layer and what it stands on. */
interface Descent {
  readonly child: string;
  readonly parent: string | undefined;
}

/**
 * Children of each layer.
 *
 * Every create and remove changes the directory of short links, so its time of
 * change tells whether another process was at work since it was read. Where
 * changes are stamped by a coarse clock, a time that is younger than a tick
 * proves nothing: then the names of the links are listed again, and only the
 * layers of new ones are read. A layer that was made anew has a new link.
 *
 * Use it only while the home is locked.
 */
export class Children {
  readonly #byLink = new Map<string, Descent>();
  readonly #childrenOf = new Map<string, Set<string>>();
  readonly #fineTimes: boolean;
  #known = false;
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
    if (this.#mayHaveNew(home, id)) this.#refresh(home);
    return this.#childrenOf.get(id)?.values().next().value;
  }

  /** Whoever makes a child marks the parent, except for Docker before 20.10. */
  #mayHaveNew(home: Dir, id: string): boolean {
    return !this.#known || (this.#childrenOf.get(id)?.size ?? 0) > 0 ||
      home.tryStat(`${id}/${COMMITTED}`) !== undefined;
  }

  /** Whether nobody changed the home since it was read. */
  isCurrent(home: Dir): boolean {
    return this.#stamp !== undefined &&
      this.#stamp === stampOf(home.stat(LINKS));
  }

  #refresh(home: Dir): void {
    const now = home.stat(LINKS);
    if (this.#stamp === stampOf(now)) return;
    using links = home.openDir(LINKS);
    const names = new Set(links.names().map((entry) => entry.name));
    for (const name of this.#byLink.keys()) {
      if (!names.has(name)) this.#drop(name);
    }
    for (const name of names) {
      if (!this.#byLink.has(name)) this.#put(name, readLink(home, name));
    }
    if (!this.#known) this.#readUnlinked(home);
    this.#known = true;
    this.#restamp(now);
  }

  /** Layers whose own link is lost still stand on others. */
  #readUnlinked(home: Dir): void {
    const linked = new Set<string>();
    for (const { child } of this.#byLink.values()) linked.add(child);
    using all = home.reopen();
    for (const { name } of all.names()) {
      if (!isLayerName(name) || linked.has(name)) continue;
      const parent = parentOf(home, name);
      if (parent !== undefined) this.#add(parent, name);
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
    this.#put(link, { child, parent });
    this.#restamp(home.stat(LINKS));
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
    for (const link of links) this.#drop(link);
    // One without a link was found by its directory.
    if (links.length === 0) {
      for (const siblings of this.#childrenOf.values()) siblings.delete(child);
    }
    if (current) this.#restamp(home.stat(LINKS));
  }

  #restamp(links: FileStatus): void {
    const age = Date.now() - (links.mtime * 1000 + links.mtimeNs / 1e6);
    const settled = this.#fineTimes || age > TICK_MS;
    this.#stamp = settled ? stampOf(links) : undefined;
  }

  #put(link: string, descent: Descent): void {
    this.#byLink.set(link, descent);
    if (descent.parent !== undefined) this.#add(descent.parent, descent.child);
  }

  #add(parent: string, child: string): void {
    const known = this.#childrenOf.get(parent);
    if (known) known.add(child);
    else this.#childrenOf.set(parent, new Set([child]));
  }

  #drop(link: string): void {
    const descent = this.#byLink.get(link);
    this.#byLink.delete(link);
    if (descent?.parent === undefined) return;
    this.#childrenOf.get(descent.parent)?.delete(descent.child);
  }
}

function stampOf(status: FileStatus): string {
  return `${status.ino}:${status.mtime}.${status.mtimeNs}`;
}

/** The layer that a short link leads to, and what that stands on. */
function readLink(home: Dir, link: string): Descent {
  const child = targetOf(home, `${LINKS}/${link}`);
  if (child === undefined) return { child: "", parent: undefined };
  return { child, parent: parentOf(home, child) };
}

function targetOf(home: Dir, path: string): string | undefined {
  return unlessBroken(() => idOfTarget(home.readlink(path)));
}

function parentOf(home: Dir, id: string): string | undefined {
  const text = unlessBroken(() => {
    using dir = home.openDir(id);
    return readSmall(dir, LOWER);
  });
  const nearest = parseLower(text ?? "")?.[0];
  return nearest === undefined ? undefined : targetOf(home, nearest);
}

/** What is not a layer, or a broken one, keeps nothing alive. */
function unlessBroken<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP", "EINVAL")) {
      return undefined;
    }
    throw error;
  }
}
