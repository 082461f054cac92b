/**
 * Reads the facts of a home. Writes nothing.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { hasCode, SyscallError } from "../linux/errno.ts";
import { type MountRecord, mountsBelow } from "../linux/mountinfo.ts";
import type { FileStatus } from "../linux/stat.ts";
import { LINKS } from "../store/layout.ts";
import type { DirFacts, HomeFacts, LinkEntry } from "./facts.ts";
import { readDir, unlessUnreadable } from "./read_dir.ts";

/**
 * Reads a home; yields after each layer.
 *
 * @param home Open home directory.
 */
export function* readHome(home: Dir): Generator<void, HomeFacts> {
  const dirs = new Map<string, DirFacts>();
  const others = new Map<string, FileStatus>();
  const unreadable = new Set<string>();
  const linkEntries = yield* readLinks(home, unreadable);
  using listing = home.reopen();
  for (const { name } of listing.names()) {
    if (name === LINKS) continue;
    const status = statOr(home, name, () => unreadable.add(name));
    if (status === undefined) continue;
    if (status.type !== "dir") others.set(name, status);
    else {
      const facts = readDir(home, name, status);
      if (facts !== undefined) dirs.set(name, facts);
    }
    yield;
  }
  return {
    self: home.self(),
    links: home.tryStat(LINKS),
    linkEntries,
    dirs,
    others,
    unreadable,
    mounts: mountsIn(home.path),
  };
}

function* readLinks(
  home: Dir,
  unreadable: Set<string>,
): Generator<void, Map<string, LinkEntry>> {
  const entries = new Map<string, LinkEntry>();
  if (home.tryStat(LINKS)?.type !== "dir") return entries;
  using links = home.openDir(LINKS);
  for (const { name } of links.names()) {
    const tell = () => unreadable.add(`${LINKS}/${name}`);
    const status = statOr(links, name, tell);
    if (status === undefined) continue;
    const target = status.type === "symlink"
      ? unlessUnreadable(() => links.readlink(name), undefined)
      : undefined;
    entries.set(name, { status, target });
    yield;
  }
  return entries;
}

/** What `name` is; `undefined` if it is gone or, which is told, cannot be read. */
function statOr(
  dir: Dir,
  name: string,
  tell: () => void,
): FileStatus | undefined {
  try {
    return dir.tryStat(name);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    tell();
    return undefined;
  }
}

/** Mounts below the home, by path relative to it; none where `/proc` is missing. */
function mountsIn(path: string): MountRecord[] {
  try {
    const real = Deno.realPathSync(path);
    return mountsBelow(real).map((mount) => ({
      ...mount,
      mountpoint: mount.mountpoint.slice(real.length + 1),
    }));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}
