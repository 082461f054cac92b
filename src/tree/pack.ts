/**
 * Files to archive entries: the bytes' meaning is Docker's, so that digests agree.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from "../linux/constants.ts";
import type { Dir } from "../linux/dir.ts";
import { closeFd, openAt } from "../linux/file.ts";
import { type FileStatus, isWhiteout } from "../linux/stat.ts";
import {
  getXattrAt,
  getXattrFd,
  listXattrsAt,
  listXattrsFd,
} from "../linux/xattr.ts";
import { isMetacopy, type Namespace } from "../overlay/marks.ts";
import { plainEntry, type TarEntry } from "../tar/entry.ts";
import type { Owners } from "./owners.ts";
import { portableCapability } from "./capability.ts";
import { isReplaced, keepsChanging, LOOKS } from "./races.ts";

/** Attribute that travels: the file's capabilities. */
export const CAPABILITY = "security.capability";
/** Prefix of names that hide a file of a lower layer in an archive. */
export const WHITEOUT_PREFIX = ".wh.";
/** Name that hides all of a directory's lower content in an archive. */
export const OPAQUE_MARKER = ".wh..wh..opq";

/** An entry and where its content is. */
export interface PackItem {
  /** Header fields. */
  readonly entry: TarEntry;
  /** File to read {@linkcode TarEntry.size} bytes from, or -1; closed by the packer. */
  readonly fd: number;
  /** Path for error messages. */
  readonly path: string;
}

/** What a packer needs to know. */
export interface PackSettings {
  /** Namespace of overlayfs's attributes. */
  readonly namespace: Namespace;
  /** How owners are translated. */
  readonly owners: Owners;
  /** Is told of files that are left out. */
  readonly warn: (message: string) => void;
}

const TYPE_OF: Readonly<Record<FileStatus["type"], string | undefined>> = {
  file: "0",
  dir: "5",
  symlink: "2",
  char: "3",
  block: "4",
  fifo: "6",
  socket: undefined,
  other: undefined,
};

/** Thrown where a directory must be read through a mount after all. */
export class NeedsMount extends Error {
  /** Always `"NeedsMount"`. */
  override readonly name = "NeedsMount";
}

/** Turns files into entries, remembering hard links across one archive. */
export class EntryMaker {
  readonly #settings: PackSettings;
  readonly #upper: boolean;
  readonly #firstName = new Map<string, string>();

  /**
   * Makes a maker for one archive.
   *
   * @param settings What the packer needs to know.
   * @param upper Whether the files lie in an upper directory, where a metacopy
   * has no content; a mount shows it.
   */
  constructor(settings: PackSettings, upper: boolean) {
    this.#settings = settings;
    this.#upper = upper;
  }

  /**
   * Describes one file, as a name that others may give to another one meanwhile:
   * then that one is described, so that no entry is a mixture of both.
   *
   * @param parent Directory that holds it.
   * @param name Its name there.
   * @param path Its path in the archive.
   * @param status What it is.
   * @param dir The directory itself, if it is one.
   * @returns The entry and its open content; `undefined` if it is left out, or
   * gone.
   * @throws {NeedsMount} if its content lies in a lower layer.
   * @throws {DriverError} `EIO` if it became a directory.
   */
  make(
    parent: Dir,
    name: string,
    path: string,
    status: FileStatus,
    dir?: Dir,
  ): PackItem | undefined {
    let now = status;
    for (let looks = 1;; looks++) {
      try {
        return this.#make(parent, name, path, now, dir);
      } catch (error) {
        if (dir || looks === LOOKS || !isReplaced(error)) throw error;
      }
      const next = parent.tryStat(name);
      if (next === undefined) return undefined;
      // What lies in it would be missing.
      const isNew = next.type === "dir" && now.type !== "dir";
      if (isNew) throw keepsChanging(`${parent.path}/${name}`);
      now = next;
    }
  }

  #make(
    parent: Dir,
    name: string,
    path: string,
    status: FileStatus,
    dir: Dir | undefined,
  ): PackItem | undefined {
    const entry = this.#describe(parent, name, path, status);
    if (entry === undefined || !this.#mapOwner(entry, name, status)) {
      return undefined;
    }
    this.#linkToFirst(entry, status);
    const fd = entry.type === "0" && entry.size > 0
      ? openAt(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
      : -1;
    try {
      this.#addCapability(entry, parent, name, dir?.fd ?? fd);
    } catch (error) {
      if (fd >= 0) closeFd(fd);
      throw error;
    }
    this.#noteFirst(entry, status);
    if (this.#upper && isWhiteout(status)) whiteoutName(entry);
    return { entry, fd, path: `${parent.path}/${name}` };
  }

  #describe(
    parent: Dir,
    name: string,
    path: string,
    status: FileStatus,
  ): TarEntry | undefined {
    const type = TYPE_OF[status.type];
    if (type === undefined) {
      this.#leaveOut(path, `archives cannot hold a ${status.type}`);
      return undefined;
    }
    const entry = plainEntry(type === "5" ? `${path}/` : path, type);
    entry.mode = status.mode;
    entry.uid = status.uid;
    entry.gid = status.gid;
    entry.mtime = { seconds: status.mtime, nanoseconds: 0 };
    if (type === "0") entry.size = status.size;
    if (type === "2") entry.linkname = parent.readlink(name);
    if (type === "3" || type === "4") {
      entry.devmajor = status.rdevMajor;
      entry.devminor = status.rdevMinor;
    }
    return entry;
  }

  #leaveOut(path: string, reason: string): void {
    this.#settings.warn(`Left out ${path}: ${reason}`);
  }

  #mapOwner(entry: TarEntry, name: string, status: FileStatus): boolean {
    if (isWhiteout(status) || name.startsWith(WHITEOUT_PREFIX)) return true;
    const { users, groups } = this.#settings.owners;
    const uid = users.toContainer(entry.uid);
    const gid = groups.toContainer(entry.gid);
    if (uid === undefined || gid === undefined) {
      const id = uid === undefined ? entry.uid : entry.gid;
      this.#leaveOut(
        entry.name,
        `host ID ${id} cannot be mapped to a container ID`,
      );
      return false;
    }
    entry.uid = uid;
    entry.gid = gid;
    return true;
  }

  #linkToFirst(entry: TarEntry, status: FileStatus): void {
    if (entry.type === "5" || status.nlink < 2) return;
    const first = this.#firstName.get(keyOf(status));
    if (first === undefined) return;
    entry.type = "1";
    entry.linkname = first;
    entry.size = 0;
  }

  /** Once nothing can keep the entry out of the archive any more. */
  #noteFirst(entry: TarEntry, status: FileStatus): void {
    if (entry.type === "1" || entry.type === "5" || status.nlink < 2) return;
    this.#firstName.set(keyOf(status), entry.name);
  }

  #addCapability(entry: TarEntry, parent: Dir, name: string, fd: number): void {
    const names = fd >= 0 ? listXattrsFd(fd, name) : listXattrsAt(parent, name);
    if (names.length === 0) return;
    const { namespace } = this.#settings;
    if (this.#upper && fd >= 0 && isMetacopy(names, namespace)) {
      throw new NeedsMount(`${entry.name} is a metacopy`);
    }
    if (!names.includes(CAPABILITY)) return;
    const value = fd >= 0
      ? getXattrFd(fd, CAPABILITY, name)
      : getXattrAt(parent, name, CAPABILITY);
    if (value === undefined) return;
    entry.xattrs = new Map([[CAPABILITY, portableCapability(value)]]);
  }
}

function keyOf({ dev, ino }: FileStatus): string {
  return `${dev}:${ino}`;
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

/** Splits a path into directory (with its slash) and last component. */
export function splitPath(path: string): [dir: string, name: string] {
  const cut = path.lastIndexOf("/") + 1;
  return [path.slice(0, cut), path.slice(cut)];
}

/** Makes the error of a file that changed under the packer. */
export function shrank(path: string): DriverError {
  return new DriverError(
    "EIO",
    `Cannot archive ${path}: it became shorter while it was read`,
  );
}
