/**
 * Open directories of a tree that is being unpacked.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { isWhiteout } from "../linux/stat.ts";
import { badEntry, baseName, parentPath } from "./paths.ts";

/** Most directories that are held open. */
const MOST_OPEN = 64;
/** Most symbolic links that lead from one to the next, as in the kernel's lookups. */
const MOST_LINKS = 40;
/** Most directories above one that is made: what a path can name, and no more open at once. */
const MOST_DEEP = 2048;
const CIRCLE = "its links lead in a circle";

/** Goes up, at most to the root. */
function stepUp(way: Dir[]): void {
  if (way.length > 1) way.pop()![Symbol.dispose]();
}

/** What {@linkcode Parents} needs from the unpacker. */
export interface ParentSettings {
  /** Makes a directory that the archive implies but does not hold. */
  readonly makeImplied: (parent: Dir, name: string) => void;
  /** Turns a whiteout into a directory that hides what the whiteout hid. */
  readonly replaceWhiteout: (parent: Dir, name: string) => void;
}

/** Finds, makes and remembers the directories that entries lie in. */
export class Parents implements Disposable {
  readonly #root: Dir;
  readonly #settings: ParentSettings;
  readonly #open = new Map<string, Dir>();
  #lastPath = "";
  #last: Dir;
  /** Was forgotten while somebody works in it. */
  #kept: Dir | undefined;

  /**
   * Makes an empty memory.
   *
   * @param root Root of the tree; stays open.
   * @param settings How missing directories are made.
   */
  constructor(root: Dir, settings: ParentSettings) {
    this.#root = root;
    this.#settings = settings;
    this.#last = root;
  }

  /**
   * Opens a directory, making it and those above it where they are missing.
   *
   * @param path Clean path below the root; `""` for the root.
   * @returns The directory, open until the next call of this object.
   * @throws {DriverError} `EBADMSG` if a file stands in the way.
   */
  get(path: string): Dir {
    if (path === this.#lastPath) return this.#last;
    this.#release();
    const dir = path === "" ? this.#root : this.#remembered(path) ??
      this.#remember(
        path,
        this.#find(path) ?? this.#extend(path) ?? this.#make(path),
      );
    this.#lastPath = path;
    this.#last = dir;
    return dir;
  }

  /** Opens a directory; `undefined` if it is missing or something else stands there. */
  existing(path: string): Dir | undefined {
    if (path === "") return this.#root;
    const known = this.#remembered(path);
    if (known) return known;
    const found = this.#find(path);
    return found && this.#remember(path, found);
  }

  #remembered(path: string): Dir | undefined {
    return this.#open.get(path);
  }

  #remember(path: string, dir: Dir): Dir {
    if (this.#open.size >= MOST_OPEN) {
      const [oldest, stale] = this.#open.entries().next().value!;
      this.#open.delete(oldest);
      stale[Symbol.dispose]();
      if (stale === this.#last) this.#reset();
    }
    this.#open.set(path, dir);
    return dir;
  }

  #find(path: string): Dir | undefined {
    try {
      return this.#root.openInRoot(path);
    } catch (error) {
      if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
      if (hasCode(error, "ELOOP")) {
        throw badEntry(path, CIRCLE);
      }
      throw error;
    }
  }

  /** Makes a directory in one that is there; `undefined` if it takes more than that. */
  #extend(path: string): Dir | undefined {
    const parent = this.existing(parentPath(path));
    const name = baseName(path);
    if (parent === undefined || parent.tryStat(name)) return undefined;
    this.#settings.makeImplied(parent, name);
    return parent.openDir(name);
  }

  /**
   * Goes to `path` step by step, as the kernel would with the root for `/`, and
   * makes what is missing on the way, also behind links.
   */
  #make(path: string): Dir {
    const way = [this.#root.reopen()];
    try {
      const todo = path.split("/");
      for (let links = 0; todo.length > 0;) {
        const name = todo.shift()!;
        if (name === "..") stepUp(way);
        else if (name !== "" && name !== ".") {
          const text = this.#step(way, name, path);
          if (text === undefined) continue;
          if (++links > MOST_LINKS) throw badEntry(path, CIRCLE);
          if (text.startsWith("/")) { while (way.length > 1) stepUp(way); }
          todo.unshift(...text.split("/"));
        }
      }
      return way.pop()!;
    } finally {
      for (const dir of way) dir[Symbol.dispose]();
    }
  }

  /** Goes one name further, or gives the text of the link that it is. */
  #step(way: Dir[], name: string, path: string): string | undefined {
    const dir = way.at(-1)!;
    const status = dir.tryStat(name);
    if (status?.type === "symlink") return dir.readlink(name);
    if (status === undefined) this.#settings.makeImplied(dir, name);
    else if (isWhiteout(status)) this.#settings.replaceWhiteout(dir, name);
    else if (status.type !== "dir") {
      throw badEntry(path, "an entry lies below it, and it is not a directory");
    }
    if (way.length > MOST_DEEP) throw badEntry(path, "it lies too deep");
    way.push(dir.openDir(name));
    return undefined;
  }

  /**
   * Forgets all directories, because what was replaced may lie on the way to any
   * of them: links can lead to a directory by way of one that it holds.
   *
   * @param kept Directory that {@linkcode Parents.get} gave; it stays open until
   * the next lookup.
   */
  forget(kept: Dir): void {
    for (const dir of this.#open.values()) {
      if (dir !== kept) dir[Symbol.dispose]();
    }
    this.#open.clear();
    this.#reset();
    if (kept !== this.#root) this.#kept = kept;
  }

  #release(): void {
    this.#kept?.[Symbol.dispose]();
    this.#kept = undefined;
  }

  #reset(): void {
    this.#lastPath = "";
    this.#last = this.#root;
  }

  /** Forgets all directories, because one of them was replaced. */
  clear(): void {
    for (const dir of this.#open.values()) dir[Symbol.dispose]();
    this.#open.clear();
    this.#release();
    this.#reset();
  }

  /** Closes all directories. */
  [Symbol.dispose](): void {
    this.clear();
  }
}
