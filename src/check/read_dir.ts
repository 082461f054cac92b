/**
 * Reads the facts of one directory in a home. Writes nothing, follows nothing.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import type { FileStatus } from "../linux/stat.ts";
import { readSmall } from "../store/files.ts";
import { COMMITTED, DIFF, LINK, LOWER, MERGED, WORK } from "../store/layout.ts";
import type { DirFacts, RecordFile } from "./facts.ts";

/** Where the kernel keeps what other kernels must know before they mount. */
const INCOMPAT = "work/incompat";

/** What damaged or vanished files answer. */
const UNREADABLE = [
  "ENOENT",
  "ENOTDIR",
  "ELOOP",
  "EIO",
  "ESTALE",
  "EUCLEAN",
  "EACCES",
  "EPERM",
  "ENXIO",
  "EINVAL",
  "EBADMSG",
];

/** What `read` gives; `otherwise` if the file is damaged, gone or out of reach. */
export function unlessUnreadable<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (hasCode(error, ...UNREADABLE)) return otherwise;
    throw error;
  }
}

/**
 * Reads one directory.
 *
 * @param home Open home directory.
 * @param name Name of the directory.
 * @param self What it is.
 * @returns Its facts; `undefined` if it has vanished.
 */
export function readDir(
  home: Dir,
  name: string,
  self: FileStatus,
): DirFacts | undefined {
  const opened = unlessUnreadable(() => home.openDir(name), undefined);
  if (opened === undefined) {
    return home.tryStat(name) && { ...UNKNOWN, name, self };
  }
  using dir = opened;
  const names = unlessUnreadable(
    () => dir.names().map((entry) => entry.name),
    undefined,
  );
  const has = new Set(names);
  const stat = (file: string) =>
    has.has(file)
      ? unlessUnreadable(() => dir.tryStat(file), undefined)
      : undefined;
  const diff = stat(DIFF);
  const merged = stat(MERGED);
  const work = stat(WORK);
  return {
    name,
    self,
    names,
    diff,
    isEmpty: diff === undefined ||
      (!has.has(LINK) && diff.type === "dir" && isEmpty(dir, DIFF)),
    link: readRecord(dir, LINK, stat(LINK)),
    lower: readRecord(dir, LOWER, stat(LOWER)),
    committed: stat(COMMITTED),
    work,
    incompat: work?.type === "dir" ? incompatNames(dir) : [],
    merged,
    mergedIsEmpty: merged?.type === "dir" && merged.mountRoot !== true &&
      isEmpty(dir, MERGED),
  };
}

const UNKNOWN = {
  names: undefined,
  diff: undefined,
  isEmpty: false,
  link: undefined,
  lower: undefined,
  committed: undefined,
  work: undefined,
  incompat: [],
  merged: undefined,
  mergedIsEmpty: false,
} as const;

function isEmpty(dir: Dir, name: string): boolean {
  return unlessUnreadable(() => {
    using inner = dir.openDir(name);
    return inner.names().length === 0;
  }, false);
}

function readRecord(
  dir: Dir,
  name: string,
  status: FileStatus | undefined,
): RecordFile | undefined {
  if (status === undefined) return undefined;
  const text = status.type === "file"
    ? unlessUnreadable(() => readSmall(dir, name), undefined)
    : undefined;
  return { status, text };
}

function incompatNames(layer: Dir): string[] {
  return unlessUnreadable(() => {
    using work = layer.openDir(WORK);
    if (work.tryStat(WORK) === undefined) return [];
    using found = work.openInRoot(INCOMPAT);
    return found.names().map((entry) => entry.name);
  }, []);
}
