/**
 * Short links: the names that keep mount options short.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { type Wait, Written } from "./files.ts";
import { readShortName } from "./layer.ts";
import { idOfTarget, LINK, LINKS, linkTarget, newShortName } from "./layout.ts";

/**
 * Gives a new layer a short name that is free. Its record comes first, so that
 * whoever finds the layer half-made finds the link as well.
 *
 * @param links Directory of short links.
 * @param dir Directory of the layer.
 * @param id Id that the layer will have.
 * @param lower Another file of the layer that is to be on the disk, too.
 * @param wait What is waited for.
 * @returns The short name.
 */
export function giveShortName(
  links: Dir,
  dir: Dir,
  id: string,
  lower: Written | undefined,
  wait: Wait,
): string {
  for (;;) {
    const short = newShortName();
    syncRecord(dir, short, lower, wait);
    try {
      links.symlink(linkTarget(id), short);
      return short;
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
      dir.unlink(LINK);
    }
  }
}

function syncRecord(
  dir: Dir,
  short: string,
  lower: Written | undefined,
  wait: Wait,
): void {
  using link = new Written(dir, LINK, short, 0o644);
  lower?.begin();
  link.sync(wait);
  lower?.sync(wait);
}

/**
 * Removes the short link that a half-made or half-removed layer had, which leads
 * nowhere or to a later layer of the same id.
 *
 * @param home Open home directory, locked.
 * @param name Name of the directory that was left.
 */
export function dropLostLink(home: Dir, name: string): void {
  const short = recordedName(home, name);
  const id = short === undefined ? undefined : idLinkedBy(home, short);
  if (id === undefined || recordedName(home, id) === short) return;
  home.unlink(`${LINKS}/${short}`);
}

/** Short name that a directory records; `undefined` if it is no layer's. */
function recordedName(home: Dir, name: string): string | undefined {
  try {
    using dir = home.openDir(name);
    return readShortName(dir, name);
  } catch (error) {
    if (error instanceof DriverError || hasCode(error, ...NO_LAYER)) {
      return undefined;
    }
    throw error;
  }
}

/** What opening a directory answers that is no layer's. */
const NO_LAYER = ["ENOENT", "ENOTDIR", "ELOOP"];

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
    return targetOf(links, short) === target ? [short] : [];
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
  }
  using all = home.openDir(LINKS);
  return all.names().map((entry) => entry.name).filter((name) =>
    links.stat(name).type === "symlink" && links.readlink(name) === target
  );
}

/** Text of a symbolic link; `undefined` of anything else. */
function targetOf(links: Dir, name: string): string | undefined {
  try {
    return links.readlink(name);
  } catch (error) {
    if (hasCode(error, "ENOENT", "EINVAL")) return undefined;
    throw error;
  }
}

/** Whether a directory is a layer of that very name. */
export function isLinked(home: Dir, name: string): boolean {
  const short = recordedName(home, name);
  return short !== undefined && idLinkedBy(home, short) === name;
}

/** Id of the layer that a short link leads to; `undefined` if it leads to none. */
function idLinkedBy(home: Dir, short: string): string | undefined {
  const link = `${LINKS}/${short}`;
  if (home.tryStat(link)?.type !== "symlink") return undefined;
  return idOfTarget(home.readlink(link));
}
