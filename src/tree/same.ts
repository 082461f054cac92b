/**
 * Whether a file counts as changed; the rules are Docker's.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import type { FileStatus } from "../linux/stat.ts";
import { getXattrAt, getXattrFd } from "../linux/xattr.ts";
import { CAPABILITY } from "./pack.ts";
import { isGone } from "./races.ts";

/** A file where it lies. */
export interface Located {
  /** Directory that holds it. */
  readonly dir: Dir;
  /** Its name there. */
  readonly name: string;
  /** What it is. */
  readonly status: FileStatus;
  /** Its own descriptor, if it is open. */
  readonly fd?: number | undefined;
}

/** Equal, or equal to the second where one side has no fraction, as after a tar. */
function sameTime(a: FileStatus, b: FileStatus): boolean {
  if (a.mtime !== b.mtime) return false;
  return a.mtimeNs === b.mtimeNs || a.mtimeNs === 0 || b.mtimeNs === 0;
}

function sameStatus(a: FileStatus, b: FileStatus): boolean {
  return a.type === b.type && a.mode === b.mode && a.uid === b.uid &&
    a.gid === b.gid && a.rdevMajor === b.rdevMajor &&
    a.rdevMinor === b.rdevMinor &&
    (a.type === "dir" || (a.size === b.size && sameTime(a, b)));
}

function capability({ dir, name, fd }: Located): string {
  if (fd !== undefined) {
    return String(getXattrFd(fd, CAPABILITY, `${dir.path}/${name}`) ?? "");
  }
  try {
    return String(getXattrAt(dir, name, CAPABILITY) ?? "");
  } catch (error) {
    // It may have vanished since it was looked at.
    if (isGone(error, dir, name)) return "";
    throw error;
  }
}

/**
 * Tells whether two files of one path count as the same.
 *
 * Compared are type, mode, owner, device number, capability and, except for
 * directories, size and time. Content is not.
 */
export function isSame(a: Located, b: Located): boolean {
  return sameStatus(a.status, b.status) && capability(a) === capability(b);
}
