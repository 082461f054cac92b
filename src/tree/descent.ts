/**
 * A way down into a tree, however deep, with few open descriptors.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { type FileStatus, sameFile } from "../linux/stat.ts";

/** Directories held open above the current one. */
const MOST_OPEN = 64;

interface Level<T> {
  dir: Dir;
  readonly state: T;
  /** What the directory was, once its descriptor is closed. */
  closed: FileStatus | undefined;
}

/** A stack of directories, each in the one before. */
export class Descent<T> implements Disposable {
  readonly #levels: Level<T>[] = [];

  /** The innermost directory and what goes with it; `undefined` above the root. */
  get top(): { readonly dir: Dir; readonly state: T } | undefined {
    return this.#levels.at(-1);
  }

  /**
   * Goes into a directory.
   *
   * @param dir Directory, closed by this object, whatever happens.
   * @param read Reads what goes with it.
   */
  enter(dir: Dir, read: (dir: Dir) => T): void {
    this.#levels.push({
      dir,
      state: readOrClose(dir, read),
      closed: undefined,
    });
    const outer = this.#levels.at(-1 - MOST_OPEN);
    if (outer === undefined) return;
    outer.closed = outer.dir.self();
    outer.dir[Symbol.dispose]();
  }

  /**
   * Leaves the innermost directory, opening the one around it again if needed.
   *
   * @throws {DriverError} `EIO` if directories were moved meanwhile.
   */
  leave(): void {
    using dir = this.#levels.pop()!.dir;
    const outer = this.#levels.at(-1);
    if (outer?.closed) {
      outer.dir = dir.openDir("..");
      if (!sameFile(outer.dir.self(), outer.closed)) throw moved(dir.path);
      outer.closed = undefined;
    }
  }

  /** Closes all directories. */
  [Symbol.dispose](): void {
    for (const { dir } of this.#levels) dir[Symbol.dispose]();
  }
}

function readOrClose<T>(dir: Dir, read: (dir: Dir) => T): T {
  try {
    return read(dir);
  } catch (error) {
    dir[Symbol.dispose]();
    throw error;
  }
}

function moved(path: string): DriverError {
  return new DriverError(
    "EIO",
    `Cannot read ${path}: directories were moved meanwhile`,
  );
}
