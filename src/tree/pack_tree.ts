/**
 * A layer's directory, or a whole tree, as archive entries.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { closeFd } from "../linux/file.ts";
import { dirMarks } from "../overlay/marks.ts";
import { plainEntry, type TarEntry } from "../tar/entry.ts";
import type { Change } from "../types.ts";
import {
  EntryMaker,
  NeedsMount,
  OPAQUE_MARKER,
  type PackItem,
  type PackSettings,
  splitPath,
  WHITEOUT_PREFIX,
} from "./pack.ts";
import { type TreeFile, walk } from "./walk.ts";

/**
 * Entries of an upper directory; overlayfs's marks become whiteout names.
 *
 * @param root Directory `diff` of a layer; stays open.
 * @param settings What the packer needs to know.
 * @throws {NeedsMount} if a mark must be read by the kernel.
 */
export function* packLayer(
  root: Dir,
  settings: PackSettings,
): Generator<PackItem> {
  const maker = new EntryMaker(settings, true);
  if (dirMarks(root, settings.namespace).foreign) {
    throw new NeedsMount("the root is redirected");
  }
  for (const file of walk(root)) {
    const item = maker.make(
      file.parent,
      file.name,
      file.path,
      file.status,
      file.dir,
    );
    if (item === undefined) continue;
    try {
      yield item;
    } finally {
      close(item);
    }
    const marker = opaqueMarker(file, item.entry, settings);
    if (marker) yield marker;
  }
}

function opaqueMarker(
  file: TreeFile,
  entry: TarEntry,
  settings: PackSettings,
): PackItem | undefined {
  if (file.dir === undefined) return undefined;
  const marks = dirMarks(file.dir, settings.namespace);
  if (marks.foreign) throw new NeedsMount(`${file.path} is redirected`);
  if (!marks.opaque) return undefined;
  const marker = plainEntry(`${file.path}/${OPAQUE_MARKER}`, "0");
  marker.mode = entry.mode & 0o777;
  marker.uid = entry.uid;
  marker.gid = entry.gid;
  return { entry: marker, fd: -1, path: file.path };
}

/** Closes the content of an item. */
function close({ fd }: PackItem): void {
  if (fd >= 0) closeFd(fd);
}

/**
 * Entries of a tree as it is, marks and all.
 *
 * @param root Root of the tree; stays open.
 * @param settings What the packer needs to know.
 */
export function* packTree(
  root: Dir,
  settings: PackSettings,
): Generator<PackItem> {
  const maker = new EntryMaker(settings, false);
  for (const { parent, name, path, status, dir } of walk(root)) {
    const item = maker.make(parent, name, path, status, dir);
    if (item === undefined) continue;
    try {
      yield item;
    } finally {
      close(item);
    }
  }
}

/**
 * Entries of the files that a list of changes names, if they are still there.
 *
 * @param root Root of the newer tree; stays open.
 * @param changes Changes, sorted by path.
 * @param settings What the packer needs to know.
 */
export function* packChanges(
  root: Dir,
  changes: readonly Change[],
  settings: PackSettings,
): Generator<PackItem> {
  const maker = new EntryMaker(settings, false);
  const now = Math.round(Date.now() / 1000);
  for (const { kind, path } of changes) {
    const relative = path.slice(1);
    const [dirPath, name] = splitPath(relative);
    if (kind === "D") {
      const entry = plainEntry(`${dirPath}${WHITEOUT_PREFIX}${name}`, "0");
      entry.mtime = { seconds: now, nanoseconds: 0 };
      yield { entry, fd: -1, path };
      continue;
    }
    using parent = tryOpenInRoot(root, dirPath === "" ? "." : dirPath);
    const status = parent?.tryStat(name);
    if (parent === undefined || status === undefined) continue;
    const item = maker.make(parent, name, relative, status);
    if (item === undefined) continue;
    try {
      yield item;
    } finally {
      close(item);
    }
  }
}

/** Opens a directory that was there a moment ago. */
function tryOpenInRoot(root: Dir, path: string): Dir | undefined {
  try {
    return root.openInRoot(path);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
