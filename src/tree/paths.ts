/**
 * Paths of archive entries; pure.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { SyscallError } from "../linux/errno.ts";
import { quoteName } from "../tar/error.ts";

/** Makes the error of an entry that must not be unpacked. */
export function badEntry(
  name: string,
  fault: string,
  options?: ErrorOptions,
): DriverError {
  return new DriverError(
    "EBADMSG",
    `Cannot unpack ${quoteName(name)}: ${fault}`,
    options,
  );
}

/** What the kernel says of names and values that no file can have. */
const FAULTS: Readonly<Record<string, string>> = {
  E2BIG: "an attribute is too long",
  EINVAL: "the kernel takes a name or a value of it for invalid",
  ENAMETOOLONG: "a name or a path of it is too long",
  ERANGE: "the name of an attribute is too long",
};

/**
 * Tells an entry that no file system takes from one that this one cannot take now.
 *
 * @param error What unpacking the entry has thrown.
 * @param name Name of the entry.
 * @returns An error of the archive, `EBADMSG`, or the same one.
 */
export function explainRefusal(error: unknown, name: string): unknown {
  if (!(error instanceof SyscallError)) return error;
  const fault = FAULTS[error.code];
  return fault === undefined ? error : badEntry(name, fault, { cause: error });
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
