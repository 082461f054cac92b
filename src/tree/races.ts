/**
 * Files that others replace or delete while a tree is read.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import type { Dirent } from "../linux/dirent.ts";
import { hasCode } from "../linux/errno.ts";

/** How often a name is looked at whose file is another one each time. */
export const LOOKS = 16;

/**
 * Whether a call by name may have failed because the name has come to be another
 * file's, or nobody's, since it was looked at.
 */
export function isReplaced(error: unknown): boolean {
  return hasCode(
    error,
    "ENOENT",
    "ELOOP",
    "EINVAL",
    "ENXIO",
    "ENODEV",
    "ESTALE",
  );
}

/** Whether a call by name failed because there is no such name any more. */
export function isGone(error: unknown, dir: Dir, name: string): boolean {
  return hasCode(error, "ENOENT") && dir.tryStat(name) === undefined;
}

/** Opens what was a directory a moment ago; `undefined` if it is none any more. */
export function openIfDir(dir: Dir, name: string): Dir | undefined {
  try {
    return dir.tryOpenDir(name);
  } catch (error) {
    if (hasCode(error, "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}

/** Names in a directory below the root of a tree; none if it was deleted. */
export function namesIn(dir: Dir): Dirent[] {
  try {
    return dir.names();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** Makes the error of a name that is never the same file for long enough. */
export function keepsChanging(path: string): DriverError {
  return new DriverError(
    "EIO",
    `Cannot read ${path}: it was replaced while it was read`,
  );
}
