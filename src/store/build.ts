/**
 * A new layer's directory, built beside its place and renamed in.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { syncFd } from "../linux/file.ts";
import { removeTreeNow } from "../linux/remove.ts";
import { makeDir, type Owner, type Wait, Written } from "./files.ts";
import { DIFF, LOWER, quote, unfinishedName, WORK } from "./layout.ts";
import { giveShortName } from "./link.ts";

/** How layers are built. */
export interface BuildSettings {
  /** Owner of what is mapped to root in a container. */
  readonly root: Owner;
  /** The user that this process is. */
  readonly user: number;
  /** Whether a layer that was made or removed is so on the disk as well. */
  readonly durable: boolean;
}

/** A layer to be made. */
export interface Plan {
  /** What it stands on, nearest first; `undefined` for a base layer. */
  readonly lowers: readonly string[] | undefined;
  /** Called with its new, still empty directory. */
  readonly prepare: (dir: Dir) => void;
  /** What is waited for. */
  readonly wait: Wait;
}

/**
 * Builds a layer.
 *
 * @param settings How layers are built.
 * @param home Open home directory, locked.
 * @param links Its directory of short links.
 * @param id Id of the layer.
 * @param plan The layer.
 * @returns Its short name.
 * @throws {DriverError} `EEXIST`; nothing is left of a layer that failed.
 */
export function buildLayer(
  settings: BuildSettings,
  home: Dir,
  links: Dir,
  id: string,
  { lowers, prepare, wait }: Plan,
): string {
  const { root, user } = settings;
  const temporary = unfinishedName();
  let short: string | undefined;
  try {
    makeDir(home, temporary, 0o710, { uid: user, gid: root.gid });
    using dir = home.openDir(temporary);
    prepare(dir);
    makeDir(dir, DIFF, 0o755, root);
    if (lowers) makeDir(dir, WORK, 0o700, root);
    using lower = lowers && new Written(dir, LOWER, lowers.join(":"), 0o644);
    short = giveShortName(links, dir, id, lower, wait);
    persist(settings, dir, links);
    bringIn(settings, home, temporary, id);
    return short;
  } catch (error) {
    if (short !== undefined) links.unlink(short);
    removeTreeNow(home, temporary);
    throw hasCode(error, "EEXIST") ? alreadyExists(id) : error;
  }
}

/** Renames a layer in, or leaves it out if that does not reach the disk. */
function bringIn(
  settings: BuildSettings,
  home: Dir,
  temporary: string,
  id: string,
): void {
  home.rename(temporary, home, id, false);
  try {
    persist(settings, home);
  } catch (error) {
    home.rename(id, home, temporary, false);
    throw error;
  }
}

/** Waits until the names in directories are on the disk, if that is wanted. */
export function persist(
  { durable }: BuildSettings,
  ...dirs: readonly Dir[]
): void {
  if (!durable) return;
  for (const dir of dirs) syncFd(dir.fd, dir.path);
}

/** The error of an id that is taken. */
export function alreadyExists(id: string): DriverError {
  return new DriverError(
    "EEXIST",
    `Cannot create layer ${quote(id)}: it exists already`,
  );
}
