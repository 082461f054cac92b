/**
 * A layer's directory, or a whole tree, as archive entries.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { closeFd } from "../linux/file.ts";
import { isWhiteout } from "../linux/stat.ts";
import { dirMarks } from "../overlay/marks.ts";
import { plainEntry, type TarEntry } from "../tar/entry.ts";
import type { Change } from "../types.ts";
import {
  EntryMaker,
  NeedsMount,
  OPAQUE_MARKER,
  type PackItem,
  type PackSettings,
  WHITEOUT_PREFIX,
} from "./pack.ts";
import { type TreeFile, walk } from "./walk.ts";

/** Splits a path into directory (with its slash) and last component. */
function splitPath(path: string): [dir: string, name: string] {
  const cut = path.lastIndexOf("/") + 1;
  return [path.slice(0, cut), path.slice(cut)];
}

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
    if (isWhiteout(file.status)) whiteoutName(item.entry);
    try {
      yield item;
    } finally {
      close(item);
    }
    const marker = opaqueMarker(file, item.entry, settings);
    if (marker) yield marker;
  }
}

/** Renames the entry of a whiteout device; a link to an earlier one keeps its target, as in Docker. */
function whiteoutName(entry: TarEntry): void {
  const [dir, name] = splitPath(entry.name);
  entry.name = `${dir}${WHITEOUT_PREFIX}${name}`;
  entry.type = "0";
  entry.mode = 0o600;
  entry.size = 0;
  entry.devmajor = 0;
  entry.devminor = 0;
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
 * Entries of the files that a list of changes names.
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
    using parent = root.openInRoot(dirPath === "" ? "." : dirPath);
    const item = maker.make(parent, name, relative, parent.stat(name));
    if (item === undefined) continue;
    try {
      yield item;
    } finally {
      close(item);
    }
  }
}
