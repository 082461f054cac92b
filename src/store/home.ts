/**
 * The home directory itself.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { printableName } from "../text.ts";
import { LINKS } from "./layout.ts";

/**
 * Opens a home.
 *
 * @param path Absolute path.
 * @throws {DriverError} `ENOENT` if there is no such directory.
 */
export function openHome(path: string): Dir {
  try {
    return Dir.open(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    throw new DriverError(
      "ENOENT",
      `Cannot use the home ${printableName(path)}: it does not exist`,
    );
  }
}

/**
 * Opens a home's directory of short links.
 *
 * @throws {DriverError} `ENOENT` if there is none, so that it is no home.
 */
export function openLinks(home: Dir): Dir {
  const links = home.tryOpenDir(LINKS);
  if (links !== undefined) return links;
  throw notAHome("ENOENT", home.path);
}

/** The error of a directory that somebody else uses, or nobody yet. */
export function notAHome(code: "ENOENT" | "EINVAL", path: string): DriverError {
  return new DriverError(
    code,
    `Cannot use the home ${
      printableName(path)
    }: it is no home of overlay2, which would have a directory "${LINKS}"`,
  );
}
