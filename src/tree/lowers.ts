/**
 * The lower layers as overlayfs merges them, one directory at a time.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { isWhiteout } from "../linux/stat.ts";
import { dirMarks, type Namespace } from "../overlay/marks.ts";
import { NeedsMount } from "./pack.ts";
import type { Located } from "./same.ts";

/** One directory of the merged lowers: the directories it is made of. */
export class LowerDir implements Disposable {
  readonly #dirs: readonly Dir[];
  readonly #namespace: Namespace;

  /**
   * Makes a merged directory.
   *
   * @param dirs Directories of the same path in each layer, nearest first; closed by disposal.
   * @param namespace Namespace of overlayfs's attributes.
   */
  constructor(dirs: readonly Dir[], namespace: Namespace) {
    this.#dirs = dirs;
    this.#namespace = namespace;
  }

  /** Descriptor of the directory whose owner, mode and attributes are shown. */
  get fd(): number | undefined {
    return this.#dirs[0]?.fd;
  }

  /** What `name` is in the merged directory; `undefined` if it is not there. */
  find(name: string): Located | undefined {
    for (const dir of this.#dirs) {
      const status = dir.tryStat(name);
      if (status === undefined) continue;
      return isWhiteout(status) ? undefined : { dir, name, status };
    }
    return undefined;
  }

  /**
   * Opens the merged subdirectory `name`, which is a directory.
   *
   * @throws {NeedsMount} if only the kernel can tell what it is made of.
   */
  descend(name: string): LowerDir {
    const found: Dir[] = [];
    try {
      for (const dir of this.#dirs) {
        const inner = tryOpen(dir, name);
        if (inner === undefined) continue;
        if (inner === "other") break;
        found.push(inner);
        if (this.#endsHere(inner)) break;
      }
      return new LowerDir(found, this.#namespace);
    } catch (error) {
      for (const dir of found) dir[Symbol.dispose]();
      throw error;
    }
  }

  #endsHere(dir: Dir): boolean {
    const marks = dirMarks(dir, this.#namespace);
    if (marks.foreign) throw new NeedsMount(`${dir.path} is redirected`);
    return marks.opaque;
  }

  /** Names in the merged directory. */
  *names(): Generator<string> {
    const seen = new Set<string>();
    for (const dir of this.#dirs) {
      using listing = dir.reopen();
      for (const { name } of listing.names()) {
        if (seen.has(name)) continue;
        seen.add(name);
        if (this.find(name)) yield name;
      }
    }
  }

  /** Closes the directories. */
  [Symbol.dispose](): void {
    for (const dir of this.#dirs) dir[Symbol.dispose]();
  }
}

/** Opens a directory; `undefined` if there is no such name. */
function tryOpen(dir: Dir, name: string): Dir | "other" | undefined {
  try {
    return dir.tryOpenDir(name);
  } catch (error) {
    if (hasCode(error, "ENOTDIR", "ELOOP")) return "other";
    throw error;
  }
}
