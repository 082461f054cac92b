/**
 * Looks through the files of one layer for overlayfs's marks. Writes nothing.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { isWhiteout } from "../linux/stat.ts";
import {
  getXattrAt,
  getXattrFd,
  listXattrsAt,
  listXattrsFd,
} from "../linux/xattr.ts";
import { isOverlayXattr, type Namespace } from "../overlay/marks.ts";
import { marksNewDirs } from "../overlay/support.ts";
import { DIFF, quote } from "../store/layout.ts";
import { decodeName } from "../text.ts";
import { parentPath } from "../tree/paths.ts";
import { type TreeFile, walk } from "../tree/walk.ts";
import { Below } from "./below.ts";
import type { Fault } from "./fault.ts";
import { isHiding, type MarkedFile, markFaults } from "./rules/marks.ts";
import type { View } from "./view.ts";

/** How often a tree is begun again that changes while it is read. */
const TRIES = 3;

/**
 * Faults of the marks in one layer; yields after each file.
 *
 * @param home Open home directory.
 * @param view The home.
 * @param id Id of the layer.
 * @param standsKnown Whether what it stands on is known.
 * @param namespace Namespace of overlayfs's attributes in this home.
 */
export function* treeFaults(
  home: Dir,
  view: View,
  id: string,
  standsKnown: boolean,
  namespace: Namespace,
): Generator<void, Fault[]> {
  if (view.layers.get(id)?.diff?.type !== "dir") return [];
  const ids = standsKnown ? lowersOf(view, id) : undefined;
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      using below = new Below(home, ids, namespace);
      using layer = home.openDir(id);
      using root = layer.openDir(DIFF);
      return yield* faultsIn(root, id, below, namespace);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) return [unreadable(id, error)];
    }
  }
  return [];
}

/** Ids of the lowers; `undefined` if they are not all known. */
function lowersOf(view: View, id: string): readonly string[] | undefined {
  if (view.layers.get(id)?.lower === undefined) return [];
  const ids = view.lists.get(id)?.map((short) => view.ownerOf(short));
  return ids?.includes(undefined) ? undefined : ids as string[] | undefined;
}

function unreadable(id: string, error: unknown): Fault {
  if (!(error instanceof Error && "code" in error)) throw error;
  return {
    name: "tree-unreadable",
    severity: "error",
    id,
    path: `${id}/${DIFF}`,
    message: `The files of layer ${quote(id)} cannot all be read, so that it ` +
      `cannot be trusted: ${messageOf(error)}`,
  };
}

/** Directories that are being looked through and change what lies below them. */
interface Around {
  /** The outermost one that hides everything below it. */
  opaque: string | undefined;
  /** The outermost one whose lower content lies elsewhere. */
  redirected: string | undefined;
  /** Directories whose whiteouts may be attributes. */
  readonly marked: Set<string>;
  /** Whether the kernel made opaque what hides nothing, to save lookups. */
  generous: boolean;
}

function* faultsIn(
  root: Dir,
  id: string,
  below: Below,
  namespace: Namespace,
): Generator<void, Fault[]> {
  const found: Fault[] = [];
  const around: Around = {
    opaque: undefined,
    redirected: undefined,
    marked: new Set(),
    generous: marksNewDirs(),
  };
  const attributes = attributesOf(
    listXattrsFd(root.fd, root.path),
    (name) => getXattrFd(root.fd, name, root.path),
  );
  if (attributes.get(`${namespace}opaque`) === "x") around.marked.add("");
  if (attributes.size > 0) {
    found.push(...markFaults({ ...ROOT, id, attributes }, below, namespace));
  }
  for (const file of walk(root)) {
    const marked = examine(file, id, around, namespace);
    if (marked) found.push(...markFaults(marked, below, namespace));
    yield;
  }
  return around.generous
    ? found.filter(({ name }) => name !== "opaque-useless")
    : found;
}

const ROOT = {
  path: "",
  type: "dir",
  size: 0,
  isWhiteout: false,
  inOpaque: false,
  inRedirected: false,
  inMarked: false,
} as const;

/** Reads a file's marks; `undefined` if it has none, as most. */
function examine(
  file: TreeFile,
  id: string,
  around: Around,
  namespace: Namespace,
): MarkedFile | undefined {
  const { path, name, parent, status, dir } = file;
  const names = dir
    ? listXattrsFd(dir.fd, dir.path)
    : listXattrsAt(parent, name);
  const whiteout = isWhiteout(status);
  const counts = whiteout || isHiding(path);
  if (names.length === 0 && !counts) return undefined;
  const attributes = attributesOf(
    names,
    (attribute) =>
      dir
        ? getXattrFd(dir.fd, attribute, dir.path)
        : getXattrAt(parent, name, attribute),
  );
  if (attributes.size === 0 && !counts) return undefined;
  const marked: MarkedFile = {
    id,
    path,
    type: status.type,
    size: status.size,
    attributes,
    isWhiteout: whiteout,
    inOpaque: isIn(path, around.opaque),
    inRedirected: isIn(path, around.redirected),
    inMarked: around.marked.has(parentPath(path)),
  };
  note(around, path, attributes, namespace);
  return marked;
}

function note(
  around: Around,
  path: string,
  attributes: ReadonlyMap<string, string>,
  namespace: Namespace,
): void {
  const opaque = attributes.get(`${namespace}opaque`);
  around.generous ||= attributes.has(`${namespace}redirect`) ||
    attributes.has(`${namespace}metacopy`);
  if (opaque === "x") around.marked.add(path);
  if (opaque === "y" && !isIn(path, around.opaque)) around.opaque = path;
  if (
    attributes.has(`${namespace}redirect`) && !isIn(path, around.redirected)
  ) around.redirected = path;
}

function isIn(path: string, dir: string | undefined): boolean {
  return dir !== undefined && path.startsWith(`${dir}/`);
}

function attributesOf(
  names: readonly string[],
  read: (name: string) => Uint8Array | undefined,
): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of names) {
    if (!isOverlayXattr(name)) continue;
    const value = read(name);
    if (value) found.set(name, decodeName(value));
  }
  return found;
}
