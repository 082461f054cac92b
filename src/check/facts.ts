/**
 * A home as it was found: plain values, read once.
 *
 * @module
 */

import type { MountRecord } from "../linux/mountinfo.ts";
import type { FileStatus } from "../linux/stat.ts";
import type { Namespace } from "../overlay/marks.ts";
import type { Owner } from "../store/files.ts";

/** A small file of a layer's record. */
export interface RecordFile {
  /** What it is. */
  readonly status: FileStatus;
  /** Its content; `undefined` if it is no regular file or cannot be read. */
  readonly text: string | undefined;
}

/** An entry of the directory of short links. */
export interface LinkEntry {
  /** What it is. */
  readonly status: FileStatus;
  /** Text of the link; `undefined` if it is none. */
  readonly target: string | undefined;
}

/** A directory in the home. */
export interface DirFacts {
  /** Its name. */
  readonly name: string;
  /** What it is. */
  readonly self: FileStatus;
  /** Names in it; `undefined` if it cannot be read. */
  readonly names: readonly string[] | undefined;
  /** What `diff` is. */
  readonly diff: FileStatus | undefined;
  /** Whether `diff` is missing or has nothing in it; asked only where there is no `link`. */
  readonly isEmpty: boolean;
  /** The file `link`. */
  readonly link: RecordFile | undefined;
  /** The file `lower`. */
  readonly lower: RecordFile | undefined;
  /** What `committed` is. */
  readonly committed: FileStatus | undefined;
  /** What `work` is. */
  readonly work: FileStatus | undefined;
  /** Names in `work/work/incompat`, which keep the kernel from mounting. */
  readonly incompat: readonly string[];
  /** What `merged` is. */
  readonly merged: FileStatus | undefined;
  /** Whether `merged` is a directory with nothing in it. */
  readonly mergedIsEmpty: boolean;
}

/** Everything about a home but the content of its layers. */
export interface HomeFacts {
  /** What the home is. */
  readonly self: FileStatus;
  /** What `l` is. */
  readonly links: FileStatus | undefined;
  /** Entries of `l` by name. */
  readonly linkEntries: ReadonlyMap<string, LinkEntry>;
  /** Directories other than `l`, by name. */
  readonly dirs: ReadonlyMap<string, DirFacts>;
  /** Whatever else lies in the home, by name. */
  readonly others: ReadonlyMap<string, FileStatus>;
  /** Paths of what the file system cannot tell anything about. */
  readonly unreadable: ReadonlySet<string>;
  /** Mounts below the home, deepest first; their paths are relative to it. */
  readonly mounts: readonly MountRecord[];
}

/** What a home is measured by. */
export interface Expected {
  /** Owner of what is mapped to root in a container; `undefined` if no map was given. */
  readonly root: Owner | undefined;
  /** Namespace of overlayfs's attributes for mounts that this process makes. */
  readonly namespace: Namespace;
}
