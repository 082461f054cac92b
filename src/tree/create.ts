/**
 * What archive entries make: files, directories, links and devices, each by a
 * single name in an open directory, following nothing.
 *
 * @module
 */

import { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } from "../linux/constants.ts";
import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { type Extent, skipFd } from "../linux/copy.ts";
import { closeFd, openAt, truncateFd, writeFd } from "../linux/file.ts";
import { removeTreeNow } from "../linux/remove.ts";
import { type FileStatus, isWhiteout } from "../linux/stat.ts";
import { markOpaque, type Namespace } from "../overlay/marks.ts";
import type { TarEntry, TarTime } from "../tar/entry.ts";
import { encodeName } from "../text.ts";
import type { Copies } from "./copies.ts";
import { diskTimes, type HostOwner, type Metadata } from "./metadata.ts";
import { linkInto, makeNode } from "./nodes.ts";
import type { Owners } from "./owners.ts";
import { WHITEOUT_PREFIX } from "./pack.ts";
import { Parents } from "./parents.ts";
import {
  badEntry,
  baseName,
  explainRefusal,
  localPath,
  parentPath,
} from "./paths.ts";

/** Where an entry belongs. */
export interface Place {
  /** Directory that holds it. */
  readonly dir: Dir;
  /** Its name there. */
  readonly name: string;
  /** Its clean path below the root. */
  readonly path: string;
}

/** How entries are made. */
export interface CreateSettings {
  /** Namespace of overlayfs's attributes. */
  readonly namespace: Namespace;
  /** How owners are translated. */
  readonly owners: Owners;
  /** Whether devices are left out, since a user namespace may not make them. */
  readonly skipDevices: boolean;
  /** Takes away what the archive replaces, `path` in it; deletes it if left out. */
  readonly discard?: (dir: Dir, name: string, path: string) => void;
  /** Is told of what is left out. */
  readonly warn: (message: string) => void;
}

/** Makes the files of one archive. */
export class Creator implements Disposable {
  readonly #root: Dir;
  readonly #settings: CreateSettings;
  readonly #metadata: Metadata;
  readonly #copies: Copies;
  readonly #dirTimes = new Map<string, { atime: TarTime; mtime: TarTime }>();
  #file:
    | { fd: number; path: string; entry: TarEntry; owner: HostOwner }
    | undefined;
  #hole = false;
  /** Directories of the tree. */
  readonly parents: Parents;
  /** Bytes of what was made, as long as nothing was replaced. */
  diskBytes = 0;
  /** Directories that were made although the archive only implies them. */
  implied = 0;
  /** Whether something was made in the place of something else. */
  replaced = false;

  /**
   * Makes one for a tree.
   *
   * @param root Root of the tree; stays open.
   * @param metadata Completes what is made.
   * @param copies Moves content that lies in a file.
   * @param settings How entries are made.
   */
  constructor(
    root: Dir,
    metadata: Metadata,
    copies: Copies,
    settings: CreateSettings,
  ) {
    this.#root = root;
    this.#copies = copies;
    this.#metadata = metadata;
    this.#settings = settings;
    this.parents = new Parents(root, {
      makeImplied: (parent, name) => this.#makeImplied(parent, name),
      replaceWhiteout: (parent, name) => this.#replaceWhiteout(parent, name),
    });
  }

  #makeImplied(parent: Dir, name: string): void {
    // A diff of the layer would hide what the rest of the name says.
    if (name.startsWith(WHITEOUT_PREFIX)) {
      throw badEntry(name, "a directory cannot have the name of a whiteout");
    }
    const { users, groups } = this.#settings.owners;
    this.implied++;
    parent.mkdir(name, 0o755);
    parent.chown(name, users.root, groups.root);
    parent.chmod(name, 0o755);
  }

  /** What a whiteout of the same archive hides, its directory hides as well. */
  #replaceWhiteout(parent: Dir, name: string): void {
    parent.unlink(name);
    this.#makeImplied(parent, name);
    using dir = parent.openDir(name);
    markOpaque(dir, this.#settings.namespace);
  }

  /**
   * Makes what an entry says. The content of a file follows by
   * {@linkcode Creator.data}, {@linkcode Creator.hole} and {@linkcode Creator.end}.
   *
   * @param place Where it belongs.
   * @param entry What the archive says.
   * @param owner Its owner on disk.
   * @throws {DriverError} `EBADMSG` for what no layer can hold.
   */
  create(place: Place, entry: TarEntry, owner: HostOwner): void {
    switch (entry.type) {
      case "0":
        return this.#createFile(place, entry, owner);
      case "5":
        return this.#createDir(place, entry, owner);
      case "1":
        return this.#createLink(place, entry, owner);
      case "2":
        return this.#createSymlink(place, entry, owner);
      case "3":
      case "4":
      case "6":
        return this.#createNode(place, entry, owner);
      default:
        throw badEntry(
          entry.name,
          `unhandled tar header type ${entry.type.charCodeAt(0)}`,
        );
    }
  }

  /** Makes something, after taking away what stands in its place. */
  #replacing<T>({ dir, name, path }: Place, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    this.replaced = true;
    const { type } = dir.stat(name);
    (this.#settings.discard ?? removeTreeNow)(dir, name, path);
    if (type === "dir" || type === "symlink") this.parents.forget(dir);
    return make();
  }

  #createFile(place: Place, entry: TarEntry, owner: HostOwner): void {
    const { dir, name, path } = place;
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const fd = this.#replacing(
      place,
      () => openAt(dir, name, flags, entry.mode & 0o777),
    );
    this.#file = { fd, path, entry, owner };
    this.diskBytes += entry.size;
  }

  #createSymlink(place: Place, entry: TarEntry, owner: HostOwner): void {
    const { dir, name } = place;
    if (entry.linkname === "") throw badEntry(entry.name, "it leads nowhere");
    this.#replacing(place, () => dir.symlink(entry.linkname, name));
    this.diskBytes += encodeName(entry.linkname).length;
    this.#metadata.complete(dir, name, entry, owner, undefined, true);
    this.#setTimes(place, entry);
  }

  #createDir(place: Place, entry: TarEntry, owner: HostOwner): void {
    const { dir, name, path } = place;
    const before = this.#makeDir(place, entry.mode & 0o777);
    this.#metadata.complete(dir, name, entry, owner, before, false);
    this.#dirTimes.set(path, diskTimes(entry));
  }

  /** Makes a directory unless there is one; tells what was there, `undefined` if it is new. */
  #makeDir(place: Place, mode: number): FileStatus | undefined {
    const { dir, name } = place;
    try {
      dir.mkdir(name, mode);
      return undefined;
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    const status = dir.stat(name);
    if (status.type === "dir") return status;
    if (isWhiteout(status)) this.#replaceWhiteout(dir, name);
    else this.#replacing(place, () => dir.mkdir(name, mode));
    return dir.stat(name);
  }

  #createLink(place: Place, entry: TarEntry, owner: HostOwner): void {
    const { dir, name, path } = place;
    const source = localPath(entry.linkname);
    if (source === path) throw badEntry(entry.name, "it is a link to itself");
    const status = this.#replacing(
      place,
      () => linkInto(this.#root, source, dir, name, entry),
    );
    const symlink = status.type === "symlink";
    this.#metadata.complete(dir, name, entry, owner, status, symlink);
    if (!symlink) this.#setTimes(place, entry);
  }

  #createNode(place: Place, entry: TarEntry, owner: HostOwner): void {
    const { dir, name } = place;
    const device = entry.type !== "6";
    if (device && this.#settings.skipDevices) {
      return this.#settings.warn(
        `Left out ${entry.name}: a user namespace may not make devices`,
      );
    }
    this.#replacing(place, () => makeNode(dir, name, entry));
    this.#metadata.complete(dir, name, entry, owner, undefined, false);
    this.#setTimes(place, entry);
  }

  #setTimes({ dir, name }: Place, entry: TarEntry): void {
    const { atime, mtime } = diskTimes(entry);
    dir.utimes(name, atime, mtime);
  }

  /** Path of the current file, if there is one. */
  get filling(): string | undefined {
    return this.#file?.path;
  }

  /** Takes the next bytes of the current file, if there is one. */
  data(bytes: Uint8Array): void {
    if (this.#file === undefined) return;
    writeFd(this.#file.fd, bytes, this.#file.entry.name);
    this.#hole = false;
  }

  /** Takes the next `length` bytes of the current file for zeros. */
  hole(length: number): void {
    if (this.#file === undefined) return;
    const { fd, entry } = this.#file;
    try {
      skipFd(fd, length, entry.name);
    } catch (error) {
      throw explainRefusal(error, entry.name);
    }
    this.#hole = true;
  }

  /** Lets the rest of the current file, if there is one, be copied from where it lies. */
  async copy(from: Extent, length: number): Promise<void> {
    if (this.#file === undefined) return;
    const { fd, entry, owner } = this.#file;
    this.#file = undefined;
    await this.#copies.start({
      fd,
      from,
      length,
      name: entry.name,
      complete: () => this.#metadata.completeFile(fd, entry, owner),
    });
  }

  /** Completes the current file, if there is one. */
  end(): void {
    if (this.#file === undefined) return;
    const { fd, entry, owner } = this.#file;
    try {
      if (this.#hole) truncateFd(fd, entry.size, entry.name);
      this.#hole = false;
      this.#metadata.completeFile(fd, entry, owner);
    } catch (error) {
      throw explainRefusal(error, entry.name);
    }
    closeFd(fd);
    this.#file = undefined;
  }

  /** Sets the times of all directories, which unpacking into them had changed; yields after each. */
  *finish(): Generator<void> {
    for (const [path, { atime, mtime }] of this.#dirTimes) {
      const dir = this.parents.existing(parentPath(path));
      const name = baseName(path);
      if (dir?.tryStat(name)?.type === "dir") dir.utimes(name, atime, mtime);
      yield;
    }
  }

  /** Closes what is open; what was made stays. */
  [Symbol.dispose](): void {
    if (this.#file) closeFd(this.#file.fd);
    this.#file = undefined;
    this.parents[Symbol.dispose]();
  }
}
