/**
 * Paths of archive entries; pure.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { printableName } from "../text.ts";

/** Makes the error of an entry that must not be unpacked. */
export function badEntry(name: string, fault: string): DriverError {
  return new DriverError(
    "EBADMSG",
    `Cannot unpack "${printableName(name)}": ${fault}`,
  );
}

/** Matches what is not a plain path: empty, `.` and `..` components. */
const UNCLEAN_REGEXP = /(?:^|\/)\.{0,2}(?:\/|$)/;

/**
 * Cleans the name of an entry lexically.
 *
 * @param name Name as the archive has it.
 * @returns The path below the root, without slashes at its ends; `""` for the
 * root; `undefined` if it leads out of the root.
 */
export function cleanPath(name: string): string | undefined {
  if (!UNCLEAN_REGEXP.test(name)) return name;
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}

/** Like {@linkcode cleanPath}; refuses what leads out of the root. */
export function localPath(name: string): string {
  const path = cleanPath(name);
  if (path !== undefined) return path;
  throw badEntry(name, "the name leads out of the layer");
}

/** Directory part of a clean path; `""` for the root. */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** Last component of a clean path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
