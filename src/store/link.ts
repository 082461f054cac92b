/**
 * Short links: the names that keep mount options short.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { readShortName } from "./layer.ts";
import { LINKS, linkTarget, newShortName } from "./layout.ts";

/** Makes a short link under a name that is free. */
export function linkTo(links: Dir, id: string): string {
  for (;;) {
    const short = newShortName();
    try {
      links.symlink(linkTarget(id), short);
      return short;
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
  }
}

/** Short links that lead to a layer: the one on record, or all if that is unusable. */
export function shortNamesOf(
  home: Dir,
  links: Dir,
  dir: Dir,
  id: string,
): string[] {
  const target = linkTarget(id);
  try {
    const short = readShortName(dir, id);
    return links.tryStat(short)?.type === "symlink" &&
        links.readlink(short) === target
      ? [short]
      : [];
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
  }
  using all = home.openDir(LINKS);
  return all.names().map((entry) => entry.name).filter((name) =>
    links.stat(name).type === "symlink" && links.readlink(name) === target
  );
}

/** Whether a directory is a layer of that very name. */
export function isLinked(home: Dir, name: string): boolean {
  try {
    using dir = home.openDir(name);
    const short = readShortName(dir, name);
    return home.readlink(`${LINKS}/${short}`) === linkTarget(name);
  } catch (error) {
    if (error instanceof DriverError || hasCode(error, "ENOENT", "EINVAL")) {
      return false;
    }
    throw error;
  }
}
