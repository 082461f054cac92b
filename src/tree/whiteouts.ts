/**
 * What an archive hides, carried out on disk: as overlayfs's marks in an upper
 * directory, or by deleting in a tree that is mounted.
 *
 * A whiteout hides lower layers only: what the same archive unpacks stays,
 * whichever comes first (OCI image specification, layer.md, "Whiteouts").
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import type { Dirent } from "../linux/dirent.ts";
import { hasCode } from "../linux/errno.ts";
import { removeTree } from "../linux/remove.ts";
import { isWhiteout } from "../linux/stat.ts";
import { makeWhiteout, markOpaque, type Namespace } from "../overlay/marks.ts";
import { Descent } from "./descent.ts";
import type { HostOwner } from "./metadata.ts";
import { parentPath } from "./paths.ts";

/** How what an archive hides is carried out; yields wherever it may rest. */
export interface Hiding {
  /**
   * Hides all lower content of a directory.
   *
   * @param dir The directory.
   * @param path Its clean path.
   */
  hideContent(dir: Dir, path: string): Iterable<void>;
  /**
   * Hides one name.
   *
   * @param dir Directory that holds it.
   * @param name The name.
   * @param path Its clean path.
   * @param owner Owner of the mark.
   */
  hide(
    dir: Dir,
    name: string,
    path: string,
    owner: HostOwner,
  ): Iterable<void>;
}

/** Nothing is left to do. */
const DONE: Iterable<void> = [];

/** Tells whether the archive itself unpacked a path. */
export type IsUnpacked = (path: string) => boolean;

/** Leaves marks for overlayfs in an upper directory. */
export class Marking implements Hiding {
  readonly #namespace: Namespace;
  readonly #isUnpacked: IsUnpacked | undefined;
  readonly #earlier: Deleting | undefined;

  /**
   * Makes one for an upper directory.
   *
   * @param namespace Namespace of its marks.
   * @param isUnpacked Tells what the archive unpacked; `undefined` for all there is.
   */
  constructor(namespace: Namespace, isUnpacked: IsUnpacked | undefined) {
    this.#namespace = namespace;
    this.#isUnpacked = isUnpacked;
    this.#earlier = isUnpacked && new Deleting(isUnpacked);
  }

  /** See {@linkcode Hiding.hideContent}. */
  hideContent(dir: Dir): Iterable<void> {
    markOpaque(dir, this.#namespace);
    return DONE;
  }

  /** See {@linkcode Hiding.hide}. */
  hide(
    dir: Dir,
    name: string,
    path: string,
    owner: HostOwner,
  ): Iterable<void> {
    try {
      makeWhiteout(dir, name);
      dir.chown(name, owner.uid, owner.gid);
      return DONE;
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    const status = dir.stat(name);
    if (isWhiteout(status)) return DONE;
    const isUnpacked = this.#isUnpacked;
    if (isUnpacked && !isUnpacked(path)) {
      return this.#replace(dir, name, path, owner);
    }
    if (status.type !== "dir") return DONE;
    using inner = dir.openDir(name);
    markOpaque(inner, this.#namespace);
    // What an earlier archive left in the directory is hidden by deleting it.
    return this.#earlier?.hide(dir, name, path) ?? DONE;
  }

  *#replace(
    dir: Dir,
    name: string,
    path: string,
    owner: HostOwner,
  ): Generator<void> {
    yield* removeTree(dir, name);
    this.hide(dir, name, path, owner);
  }
}

/** Deletes from a mounted tree, so that overlayfs leaves the marks itself. */
export class Deleting implements Hiding {
  readonly #isUnpacked: IsUnpacked;
  /** Directories with nothing left but the archive's own: it could name them for ever. */
  readonly #cleared = new Set<string>();

  /** Makes one that spares what `isUnpacked` names. */
  constructor(isUnpacked: IsUnpacked) {
    this.#isUnpacked = isUnpacked;
  }

  /** See {@linkcode Hiding.hideContent}. */
  *hideContent(dir: Dir, path: string): Generator<void> {
    if (this.#isCleared(path)) return;
    using descent = new Descent<Content>();
    descent.enter(dir.reopen(), contentOf(path));
    for (let top = descent.top; top; top = descent.top) {
      const name = top.state.names.pop()?.name;
      if (name === undefined) {
        descent.leave();
        continue;
      }
      const inner = top.state.prefix + name;
      const spared = yield* this.#spare(top.dir, name, inner);
      if (spared) descent.enter(spared, contentOf(inner));
      yield;
    }
    this.#cleared.add(path);
  }

  #isCleared(path: string): boolean {
    for (let at = path; at !== ""; at = parentPath(at)) {
      if (this.#cleared.has(at)) return true;
    }
    return this.#cleared.has("");
  }

  /** See {@linkcode Hiding.hide}. */
  *hide(dir: Dir, name: string, path: string): Generator<void> {
    using spared = yield* this.#spare(dir, name, path);
    if (spared) yield* this.hideContent(spared, path);
  }

  /** Deletes what is not the archive's own; gives a directory that is. */
  *#spare(
    dir: Dir,
    name: string,
    path: string,
  ): Generator<void, Dir | undefined> {
    if (!this.#isUnpacked(path)) yield* removeTree(dir, name);
    else if (dir.tryStat(name)?.type === "dir") return dir.openDir(name);
    return undefined;
  }
}

/** What is left to look at in a directory. */
interface Content {
  readonly prefix: string;
  readonly names: Dirent[];
}

function contentOf(path: string): (dir: Dir) => Content {
  const prefix = path === "" ? "" : `${path}/`;
  return (dir) => ({ prefix, names: dir.names() });
}
