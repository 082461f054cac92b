/**
 * Does what mends a fault, after looking once more whether it is still there.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { syncFileSystem } from "../linux/file.ts";
import { tryLock } from "../linux/lock.ts";
import { removeTree } from "../linux/remove.ts";
import { type FileStatus, sameFile } from "../linux/stat.ts";
import { removeXattrAt } from "../linux/xattr.ts";
import { detach } from "../overlay/mount.ts";
import { unmarkVolatile } from "../overlay/volatile.ts";
import { correctDir, makeDir, writeAtomic } from "../store/files.ts";
import {
  COMMITTED,
  DIFF,
  LINK,
  LINKS,
  linkTarget,
  LOWER,
  MERGED,
  newShortName,
  TEMPORARY,
  WORK,
} from "../store/layout.ts";
import { baseName, parentPath } from "../tree/paths.ts";
import type { Action } from "./fault.ts";

/** A repair that was not done, and why. */
export class NotDone extends Error {
  /** Always `"NotDone"`. */
  override readonly name = "NotDone";
}

type Of<K extends Action["do"]> = Extract<Action, { readonly do: K }>;

const changed = () => new NotDone("it has changed meanwhile");
const inUse = () => new NotDone("somebody is at work there");

/** How each action is done; a promise is waited for. */
const DEEDS: {
  readonly [K in Action["do"]]: (
    home: Dir,
    action: Of<K>,
  ) => Generator<void> | Promise<void> | void;
} = {
  "make-links": (home) => makeDir(home, LINKS, 0o700, { uid: 0, gid: 0 }),
  "link": makeLink,
  "unlink": removeLink,
  "write": writeRecord,
  "name": giveName,
  "work": (home, { id, owner }) => {
    using layer = lockLayer(home, id);
    makeDir(layer, WORK, 0o700, owner);
  },
  "attributes": setAttributes,
  "delete-stray": deleteStray,
  "delete-dir": deleteDir,
  "delete-file": (home, { name }) => {
    if (home.stat(name).type !== "file") throw changed();
    home.unlink(name);
  },
  "drop": drop,
  "detach": (home, { path }) => {
    const at = `${Deno.realPathSync(home.path)}/${path}`;
    if (!detach(at)) throw new NotDone("it cannot be unmounted from here");
  },
  "settle": async (home, { id }) => {
    using layer = lockLayer(home, id);
    if (layer.tryStat(MERGED)?.mountRoot) throw inUse();
    using work = layer.openDir(WORK);
    await syncFileSystem(work.fd, work.path);
    unmarkVolatile(work);
  },
  "unmark": unmark,
};

/**
 * Does one thing; the home is locked.
 *
 * @param home Open home directory.
 * @param action What to do.
 * @returns Its steps.
 * @throws {NotDone} if it must not be done any more.
 */
export function perform<K extends Action["do"]>(
  home: Dir,
  action: Of<K>,
): Generator<void> | Promise<void> | void {
  const deed = DEEDS[action.do as K];
  return deed(home, action);
}

function lockLayer(home: Dir, id: string): Dir {
  const dir = home.openDir(id);
  try {
    if (tryLock(dir.fd, dir.path)) return dir;
    throw inUse();
  } catch (error) {
    dir[Symbol.dispose]();
    throw error;
  }
}

function makeLink(home: Dir, { short, id, instead }: Of<"link">): void {
  using links = home.openDir(LINKS);
  if (instead === undefined) return links.symlink(linkTarget(id), short);
  const fresh = newShortName();
  links.symlink(linkTarget(id), fresh);
  try {
    requireSame(links, short, instead);
    links.rename(fresh, links, short);
  } catch (error) {
    links.unlink(fresh);
    throw error;
  }
}

function removeLink(home: Dir, { short, target }: Of<"unlink">): void {
  using links = home.openDir(LINKS);
  if (links.readlink(short) !== target) throw changed();
  links.unlink(short);
}

function requireSame(
  dir: Dir,
  name: string,
  then: FileStatus | undefined,
): void {
  const now = dir.tryStat(name);
  if (then === undefined && now === undefined) return;
  const same = then && now && sameFile(then, now) && then.size === now.size &&
    then.mtime === now.mtime && then.mtimeNs === now.mtimeNs;
  if (!same) throw changed();
}

function writeRecord(
  home: Dir,
  { id, file, text, mode, instead }: Of<"write">,
): void {
  using layer = lockLayer(home, id);
  requireSame(layer, file, instead);
  writeAtomic(layer, file, text, mode);
}

function giveName(home: Dir, { id, instead }: Of<"name">): void {
  using layer = lockLayer(home, id);
  using links = home.openDir(LINKS);
  requireSame(layer, LINK, instead);
  const short = newShortName();
  links.symlink(linkTarget(id), short);
  try {
    writeAtomic(layer, LINK, short, 0o644);
  } catch (error) {
    links.unlink(short);
    throw error;
  }
}

function setAttributes(
  home: Dir,
  { path, type, mode, owner }: Of<"attributes">,
): void {
  using dir = parentPath(path) === ""
    ? home.reopen()
    : home.openDir(parentPath(path));
  const name = baseName(path) || ".";
  if (dir.stat(name).type !== type) throw changed();
  correctDir(dir, name, mode, owner);
}

function* deleteStray(
  home: Dir,
  { id, name }: Of<"delete-stray">,
): Generator<void> {
  using layer = lockLayer(home, id);
  yield* removeTree(layer, name);
}

function* deleteDir(
  home: Dir,
  { name, self, emptyOnly }: Of<"delete-dir">,
): Generator<void> {
  using dir = lockLayer(home, name);
  if (!sameFile(dir.self(), self)) throw changed();
  if (!emptyOnly) return yield* removeTree(home, name);
  using listing = dir.reopen();
  // What may hold content comes first: if it does, nothing is deleted.
  const names = listing.names().map((entry) => entry.name);
  for (const inner of [...new Set([DIFF, MERGED, ...names])]) {
    if (!names.includes(inner)) continue;
    if (inner === DIFF || inner === MERGED) dir.rmdir(inner);
    else if (isOfRecord(inner)) yield* removeTree(dir, inner);
  }
  // Fails if anything else is there.
  home.rmdir(name);
}

/** Whether something in a layer is no content. */
function isOfRecord(name: string): boolean {
  return name.startsWith(TEMPORARY) ||
    [COMMITTED, LINK, LOWER, WORK].includes(name);
}

function drop(home: Dir, { id, name }: Of<"drop">): void {
  using layer = lockLayer(home, id);
  const { type, size } = layer.stat(name);
  if (type === "dir") layer.rmdir(name);
  else if (type !== "file" || size === 0) layer.unlink(name);
  else throw changed();
}

function unmark(
  home: Dir,
  { id, file, type, attribute }: Of<"unmark">,
): void {
  using layer = lockLayer(home, id);
  using root = layer.openDir(DIFF);
  using parent = root.openInRoot(parentPath(file) || ".");
  const name = baseName(file);
  if (parent.stat(name).type !== type) throw changed();
  removeXattrAt(parent, name, attribute);
}
