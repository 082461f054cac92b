/**
 * What lies below a layer's files, as far as its lowers' directories tell.
 *
 * The lowers are opened when somebody asks. Where only the kernel could tell,
 * the answer is `undefined`.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { isWhiteout } from "../linux/stat.ts";
import { listXattrsAt } from "../linux/xattr.ts";
import { dirMarks, isMetacopy, type Namespace } from "../overlay/marks.ts";
import { DIFF } from "../store/layout.ts";
import { LowerDir } from "../tree/lowers.ts";
import { NeedsMount } from "../tree/pack.ts";
import { baseName, parentPath } from "../tree/paths.ts";
import { unlessUnreadable } from "./read_dir.ts";

/** The lowers of one layer. */
export class Below implements Disposable {
  readonly #home: Dir;
  readonly #ids: readonly string[] | undefined;
  readonly #namespace: Namespace;
  #roots: readonly Dir[] | undefined;
  #top: LowerDir | undefined;
  #at: { path: string; dir: LowerDir | undefined } | undefined;

  /**
   * Opens nothing yet.
   *
   * @param home Open home directory.
   * @param ids Ids of the lowers, nearest first; `undefined` if they are unknown.
   * @param namespace Namespace of overlayfs's attributes.
   */
  constructor(
    home: Dir,
    ids: readonly string[] | undefined,
    namespace: Namespace,
  ) {
    this.#home = home;
    this.#ids = ids;
    this.#namespace = namespace;
  }

  /** Whether the merged lowers show anything at `path`. */
  has(path: string): boolean | undefined {
    const dir = this.#dirAt(parentPath(path));
    return dir && unlessUnreadable(
      () => dir.find(baseName(path)) !== undefined,
      undefined,
    );
  }

  #dirAt(path: string): LowerDir | undefined {
    if (path === "") return this.#openTop();
    if (this.#at?.path !== path) {
      this.#at?.dir?.[Symbol.dispose]();
      this.#at = { path, dir: this.#open(path) };
    }
    return this.#at.dir;
  }

  #open(path: string): LowerDir | undefined {
    let dir = this.#openTop();
    try {
      for (const name of path.split("/")) {
        const outer = dir;
        using _done = outer === this.#top ? undefined : outer;
        dir = outer?.descend(name);
      }
      return dir;
    } catch (error) {
      if (error instanceof NeedsMount) return undefined;
      return unlessUnreadable(() => {
        throw error;
      }, undefined);
    }
  }

  /** The merged root, which is closed with all the others. */
  #openTop(): LowerDir | undefined {
    const roots = this.#openRoots();
    return this.#top ??= roots && new LowerDir(roots, this.#namespace);
  }

  #openRoots(): readonly Dir[] | undefined {
    if (this.#ids === undefined) return undefined;
    if (this.#roots === undefined) {
      const roots: Dir[] = [];
      this.#roots = roots;
      for (const id of this.#ids) {
        const root = unlessUnreadable(
          () => this.#home.openDir(`${id}/${DIFF}`),
          undefined,
        );
        if (root) roots.push(root);
      }
    }
    return this.#roots.length === this.#ids.length ? this.#roots : undefined;
  }

  /**
   * Whether any lower holds what a redirect or a metacopy leads to.
   *
   * @param path Path from the root of the layers.
   * @param type What it must be; a file must have its content with it.
   */
  holds(path: string, type: "dir" | "file"): boolean | undefined {
    return unlessUnreadable(() => this.#holds(path, type), undefined);
  }

  #holds(path: string, type: "dir" | "file"): boolean | undefined {
    const roots = this.#openRoots();
    if (roots === undefined) return undefined;
    for (const root of roots) {
      const answer = this.#look(root, path.split("/"), type);
      if (answer !== "further") return answer;
    }
    return false;
  }

  #look(
    root: Dir,
    path: readonly string[],
    type: "dir" | "file",
  ): boolean | undefined | "further" {
    using open = new DisposableStack();
    let dir = root;
    let last = false;
    for (const name of path.slice(0, -1)) {
      const status = dir.tryStat(name);
      if (status && isWhiteout(status)) return false;
      if (status?.type !== "dir") return last ? false : "further";
      dir = open.use(dir.openDir(name));
      const marks = dirMarks(dir, this.#namespace);
      if (marks.foreign) return undefined;
      last ||= marks.opaque;
    }
    const name = path.at(-1)!;
    const status = dir.tryStat(name);
    if (status && isWhiteout(status)) return false;
    if (status?.type === type) {
      if (type === "dir") return true;
      const names = listXattrsAt(dir, name);
      if (!isMetacopy(names, this.#namespace)) return true;
      if (names.includes(`${this.#namespace}redirect`)) return undefined;
    }
    return last ? false : "further";
  }

  /** Closes the lowers. */
  [Symbol.dispose](): void {
    this.#at?.dir?.[Symbol.dispose]();
    for (const root of this.#roots ?? []) root[Symbol.dispose]();
  }
}
