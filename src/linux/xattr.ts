/**
 * Extended attributes by descriptor.
 *
 * Files that must not be opened (links, devices) are reached as
 * `/proc/self/fd/N/name`, since the kernel has no `*xattrat` before 6.13.
 *
 * @module
 */

import { decodeName } from "../text.ts";
import { hasCode } from "./errno.ts";
import { procPath } from "./dir.ts";
import { checked, cString, cString2, libc, type Place } from "./libc.ts";

/** Largest value, and largest list of names, on Linux, in bytes. */
const XATTR_SIZE_MAX = 65536;
const scratch = new Uint8Array(XATTR_SIZE_MAX);
const ROOM = BigInt(XATTR_SIZE_MAX);

interface Directory extends Place {
  readonly fd: number;
}

function absentAsUndefined(
  read: () => number,
): Uint8Array<ArrayBuffer> | undefined {
  try {
    return scratch.slice(0, read());
  } catch (error) {
    if (hasCode(error, "ENODATA", "EOPNOTSUPP")) return undefined;
    throw error;
  }
}

/**
 * Reads an attribute of an open file.
 *
 * @param fd Descriptor.
 * @param name Full name, such as `"trusted.overlay.opaque"`.
 * @param path Path for the error message.
 * @returns Its value; `undefined` if there is none.
 */
export function getXattrFd(
  fd: number,
  name: string,
  path: string,
): Uint8Array<ArrayBuffer> | undefined {
  const attribute = cString(name);
  return absentAsUndefined(() =>
    checked(libc.fgetxattr(fd, attribute, scratch, ROOM), "fgetxattr", path)
  );
}

/** Reads an attribute of `file` in `dir`, which is not followed. */
export function getXattrAt(
  dir: Directory,
  file: string,
  name: string,
): Uint8Array<ArrayBuffer> | undefined {
  const path = cString(procPath(dir, file));
  const attribute = cString2(name);
  return absentAsUndefined(() =>
    checked(
      libc.lgetxattr(path, attribute, scratch, ROOM),
      "lgetxattr",
      dir,
      file,
    )
  );
}

/** Names of the attributes of an open file. */
export function listXattrsFd(fd: number, path: string): string[] {
  try {
    return splitNames(
      checked(libc.flistxattr(fd, scratch, ROOM), "flistxattr", path),
    );
  } catch (error) {
    if (hasCode(error, "EOPNOTSUPP")) return [];
    throw error;
  }
}

/** Names of the attributes of `file` in `dir`, which is not followed. */
export function listXattrsAt(dir: Directory, file: string): string[] {
  const path = cString(procPath(dir, file));
  try {
    return splitNames(
      checked(libc.llistxattr(path, scratch, ROOM), "llistxattr", dir, file),
    );
  } catch (error) {
    if (hasCode(error, "EOPNOTSUPP")) return [];
    throw error;
  }
}

const NONE: string[] = [];

function splitNames(length: number): string[] {
  if (length === 0) return NONE;
  return decodeName(scratch, 0, length - 1).split("\0");
}

/** Sets an attribute of an open file. */
export function setXattrFd(
  fd: number,
  name: string,
  value: Uint8Array,
  path: string,
): void {
  const attribute = cString(name);
  const bytes = value as Uint8Array<ArrayBuffer>;
  const size = BigInt(value.length);
  checked(libc.fsetxattr(fd, attribute, bytes, size, 0), "fsetxattr", path);
}

/** Sets an attribute of `file` in `dir`, which is not followed. */
export function setXattrAt(
  dir: Directory,
  file: string,
  name: string,
  value: Uint8Array,
): void {
  const path = cString(procPath(dir, file));
  const attribute = cString2(name);
  const bytes = value as Uint8Array<ArrayBuffer>;
  const size = BigInt(value.length);
  checked(
    libc.lsetxattr(path, attribute, bytes, size, 0),
    "lsetxattr",
    dir,
    file,
  );
}

/** Removes an attribute of `file` in `dir`, which is not followed. */
export function removeXattrAt(
  dir: Directory,
  file: string,
  name: string,
): void {
  const path = cString(procPath(dir, file));
  const attribute = cString2(name);
  checked(libc.lremovexattr(path, attribute), "lremovexattr", dir, file);
}
