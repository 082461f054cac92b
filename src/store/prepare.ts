/**
 * A home made ready.
 *
 * @module
 */

import { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { correctDir } from "./files.ts";
import { notAHome, openHome } from "./home.ts";
import { isUnfinished, LINKS } from "./layout.ts";

/** What a new file system has of its own. */
const LOST_AND_FOUND = "lost+found";

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
