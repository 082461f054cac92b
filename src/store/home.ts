/**
 * The home directory itself.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { printableName } from "../text.ts";
import { correctDir } from "./files.ts";
import { isUnfinished, LINKS } from "./layout.ts";

/** What a new file system has of its own. */
const LOST_AND_FOUND = "lost+found";

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

function notAHome(code: "ENOENT" | "EINVAL", path: string): DriverError {
  return new DriverError(
    code,
    `Cannot use the home ${
      printableName(path)
    }: it is no home of overlay2, which would have a directory "${LINKS}"`,
  );
}

/**
 * Makes the directory of a home, unless something lies there.
 *
 * @param path Absolute path; its parent exists.
 * @returns Takes it away again; `undefined` if it was there.
 */
export function makeHome(path: string): (() => void) | undefined {
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  using above = Dir.open(path.slice(0, slash + 1));
  if (!makeUnlessThere(() => above.mkdir(name, 0o710))) return undefined;
  return () => {
    using above = Dir.open(path.slice(0, slash + 1));
    removeEmpty(above, name);
  };
}

/**
 * Makes a home and its directory of links, or corrects their modes and owners.
 *
 * @param path Absolute path; its parent exists.
 * @param gid Group of the home: the mapped root's.
 * @throws {DriverError} `EINVAL` if something else lies there already.
 */
export function prepareHome(path: string, gid: number): void {
  makeHome(path);
  using home = openHome(path);
  if (home.tryStat(LINKS) === undefined) refuseForeign(home);
  const uid = Deno.uid()!;
  correctDir(home, ".", 0o710, { uid, gid });
  makeUnlessThere(() => home.mkdir(LINKS, 0o700));
  correctDir(home, LINKS, 0o700, { uid, gid: Deno.gid()! });
}

/**
 * A directory of somebody else's must not become ours by a slip of the pen. What
 * an interrupted trial left is ours.
 */
function refuseForeign(home: Dir): void {
  using listing = home.reopen();
  const foreign = listing.names().some(({ name }) =>
    name !== LOST_AND_FOUND && !isUnfinished(name)
  );
  if (foreign) throw notAHome("EINVAL", home.path);
}

/** Removes a directory; one that somebody put something into stays. */
function removeEmpty(dir: Dir, name: string): void {
  try {
    dir.rmdir(name);
  } catch (error) {
    if (!hasCode(error, "ENOTEMPTY", "EEXIST", "ENOENT")) throw error;
  }
}

/** Tells whether it was made. */
function makeUnlessThere(make: () => void): boolean {
  try {
    make();
    return true;
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    return false;
  }
}
