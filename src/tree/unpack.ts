/**
 * Archive entries to files below a directory, which nothing gets out of.
 *
 * Every name is looked up by openat2(2) with the directory as root, and what an
 * entry makes is made by a single name in an open directory, following nothing.
 *
 * @module
 */

import { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } from "../linux/constants.ts";
import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { closeFd, openAt, skipFd, truncateFd, writeFd } from "../linux/file.ts";
import { removeTreeNow } from "../linux/remove.ts";
import { type FileStatus, isWhiteout } from "../linux/stat.ts";
import { markOpaque, type Namespace } from "../overlay/marks.ts";
import type { TarEntry, TarTime } from "../tar/entry.ts";
import type { TarSink } from "../tar/sink.ts";
import { encodeName } from "../text.ts";
import { diskTimes, type HostOwner, Metadata } from "./metadata.ts";
import { linkInto, makeNode } from "./nodes.ts";
import type { Owners } from "./owners.ts";
import { OPAQUE_MARKER, WHITEOUT_PREFIX } from "./pack.ts";
import { Parents } from "./parents.ts";
import { badEntry, baseName, localPath, parentPath } from "./paths.ts";
import { Deleting, type Hiding, Marking } from "./whiteouts.ts";

/** How an archive is unpacked. */
export interface UnpackSettings {
  /** Namespace of overlayfs's attributes. */
  readonly namespace: Namespace;
  /** How owners are translated. */
  readonly owners: Owners;
  /** Whether whiteouts become marks of an upper directory, or delete from a mounted tree. */
  readonly whiteouts: "mark" | "delete";
  /** Whether the directory is empty. */
  readonly fresh: boolean;
  /** Whether devices are left out, since a user namespace may not make them. */
  readonly skipDevices: boolean;
  /** Is told of what is left out. */
  readonly warn: (message: string) => void;
}

const ROOT_OPAQUE =
  "The archive hides all that lies below its root; overlayfs does not do so for the root";

/** Prefix of paths that AUFS kept for itself. */
const AUFS_PREFIX = ".wh..wh.";

/** Unpacks one archive below a directory. */
export class Unpacker implements TarSink, Disposable {
  readonly #root: Dir;
  readonly #settings: UnpackSettings;
  readonly #parents: Parents;
  readonly #metadata: Metadata;
  readonly #hiding: Hiding;
  readonly #seen: Set<string> | undefined;
  readonly #dirTimes = new Map<string, { atime: TarTime; mtime: TarTime }>();
  #file: { fd: number; entry: TarEntry; owner: HostOwner } | undefined;
  #hole = false;
  #work: Generator<void> | undefined;
  #exact: boolean;
  #diskBytes = 0;
  /** Entries so far. */
  entries = 0;
  /** Sum of the sizes in all headers. */
  headerBytes = 0;

  /**
   * Makes one for an archive.
   *
   * @param root Directory to unpack into; stays open.
   * @param settings How to unpack.
   */
  constructor(root: Dir, settings: UnpackSettings) {
    const { namespace, owners, fresh, warn } = settings;
    const marks = settings.whiteouts === "mark";
    this.#root = root;
    this.#settings = settings;
    this.#metadata = new Metadata(root, fresh, owners, warn);
    this.#seen = fresh && marks ? undefined : new Set();
    this.#exact = fresh && marks;
    const seen = this.#seen;
    const unpacked = seen && ((path: string) => seen.has(path));
    this.#hiding = marks || unpacked === undefined
      ? new Marking(namespace, unpacked)
      : new Deleting(unpacked);
    this.#parents = new Parents(root, {
      makeImplied: (parent, name) => this.#makeImplied(parent, name),
      replaceWhiteout: (parent, name) => this.#replaceWhiteout(parent, name),
    });
  }

  /** Bytes of the unpacked files on disk; `undefined` if they must be counted there. */
  get diskBytes(): number | undefined {
    return this.#exact ? this.#diskBytes : undefined;
  }

  #makeImplied(parent: Dir, name: string): void {
    const { users, groups } = this.#settings.owners;
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

  /** See {@linkcode TarSink.entry}. */
  entry(entry: TarEntry): void {
    this.entries++;
    this.headerBytes += entry.size;
    if (entry.type === "g") return;
    const path = localPath(entry.name);
    if (path === "") return this.#checkRoot(entry);
    if (this.#isAufs(path)) return;
    this.#metadata.check(entry);
    const dir = this.#parents.get(parentPath(path));
    const name = baseName(path);
    const owner = this.#metadata.hostOwner(entry);
    if (name.startsWith(WHITEOUT_PREFIX)) {
      this.#remember(parentPath(path));
      const work = this.#whiteout(dir, name, path, owner, entry);
      if (this.#seen) this.#work = this.#clearing(work);
      return;
    }
    this.#remember(path);
    this.#create(dir, name, path, entry, owner);
  }

  /** The layer's own root keeps its owner and mode; see Docker's go-archive 0.3. */
  #checkRoot(entry: TarEntry): void {
    if (entry.type !== "5") {
      throw badEntry(entry.name, "the layer's root must be a directory");
    }
  }

  #isAufs(path: string): boolean {
    return this.#settings.whiteouts === "delete" &&
      path.startsWith(AUFS_PREFIX) && path !== OPAQUE_MARKER;
  }

  /** Notes a path, and the directories it implies, as this archive's own. */
  #remember(path: string): void {
    if (this.#seen === undefined) return;
    for (let at = path; at !== "" && !this.#seen.has(at); at = parentPath(at)) {
      this.#seen.add(at);
    }
  }

  #whiteout(
    dir: Dir,
    name: string,
    path: string,
    owner: HostOwner,
    entry: TarEntry,
  ): Iterable<void> {
    if (name === OPAQUE_MARKER) return this.#hideContent(dir, parentPath(path));
    const hidden = name.slice(WHITEOUT_PREFIX.length);
    if (hidden === "" || hidden === "." || hidden === "..") {
      throw badEntry(entry.name, "the whiteout names no file");
    }
    const prefix = path.slice(0, path.length - name.length);
    return this.#hiding.hide(dir, hidden, prefix + hidden, owner);
  }

  /** Forgets open directories after work that may have deleted some. */
  *#clearing(work: Iterable<void>): Generator<void> {
    yield* work;
    this.#parents.clear();
  }

  /** See {@linkcode TarSink.busy}. */
  get busy(): boolean {
    return this.#work !== undefined;
  }

  /** Gives the work that must be done before more entries are taken. */
  takeWork(): Generator<void> | undefined {
    const work = this.#work;
    this.#work = undefined;
    return work;
  }

  #hideContent(dir: Dir, path: string): Iterable<void> {
    if (this.#settings.whiteouts === "mark") {
      if (path === "") this.#settings.warn(ROOT_OPAQUE);
      return this.#hiding.hideContent(dir, path);
    }
    // In a mounted tree a marker speaks of a directory, not of a link to one.
    if (this.#isLink(path)) return [];
    return this.#hiding.hideContent(this.#parents.get(path), path);
  }

  #isLink(path: string): boolean {
    if (path === "") return false;
    const above = this.#parents.get(parentPath(path));
    return above.stat(baseName(path)).type === "symlink";
  }

  #create(
    dir: Dir,
    name: string,
    path: string,
    entry: TarEntry,
    owner: HostOwner,
  ): void {
    switch (entry.type) {
      case "0":
        return this.#createFile(dir, name, entry, owner);
      case "5":
        return this.#createDir(dir, name, path, entry, owner);
      case "1":
        return this.#createLink(dir, name, path, entry, owner);
      case "2":
        this.#diskBytes += encodeName(entry.linkname).length;
        this.#replacing(dir, name, () => dir.symlink(entry.linkname, name));
        this.#metadata.complete(dir, name, entry, owner, undefined, true);
        return this.#setTimes(dir, name, entry);
      case "3":
      case "4":
      case "6":
        return this.#createNode(dir, name, entry, owner);
      default:
        throw badEntry(
          entry.name,
          `unhandled tar header type ${entry.type.charCodeAt(0)}`,
        );
    }
  }

  /** Makes something, after taking away what stands in its place. */
  #replacing<T>(dir: Dir, name: string, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    this.#exact = false;
    removeTreeNow(dir, name);
    this.#parents.keepOnly(dir);
    return make();
  }

  #createFile(
    dir: Dir,
    name: string,
    entry: TarEntry,
    owner: HostOwner,
  ): void {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const fd = this.#replacing(
      dir,
      name,
      () => openAt(dir, name, flags, entry.mode & 0o777),
    );
    this.#file = { fd, entry, owner };
    this.#diskBytes += entry.size;
  }

  #createDir(
    dir: Dir,
    name: string,
    path: string,
    entry: TarEntry,
    owner: HostOwner,
  ): void {
    const before = this.#makeDir(dir, name, entry.mode & 0o777);
    this.#metadata.complete(dir, name, entry, owner, before, false);
    this.#dirTimes.set(path, diskTimes(entry));
  }

  /** Makes a directory unless there is one; tells what was there, `undefined` if it is new. */
  #makeDir(dir: Dir, name: string, mode: number): FileStatus | undefined {
    try {
      dir.mkdir(name, mode);
      return undefined;
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    const status = dir.stat(name);
    if (status.type === "dir") return status;
    if (isWhiteout(status)) this.#replaceWhiteout(dir, name);
    else this.#replacing(dir, name, () => dir.mkdir(name, mode));
    return dir.stat(name);
  }

  #createLink(
    dir: Dir,
    name: string,
    path: string,
    entry: TarEntry,
    owner: HostOwner,
  ): void {
    const source = localPath(entry.linkname);
    if (source === path) throw badEntry(entry.name, "it is a link to itself");
    const status = this.#replacing(
      dir,
      name,
      () => linkInto(this.#root, source, dir, name, entry),
    );
    const symlink = status.type === "symlink";
    this.#metadata.complete(dir, name, entry, owner, status, symlink);
    if (!symlink) this.#setTimes(dir, name, entry);
  }

  #createNode(
    dir: Dir,
    name: string,
    entry: TarEntry,
    owner: HostOwner,
  ): void {
    const device = entry.type !== "6";
    if (device && this.#settings.skipDevices) {
      return this.#settings.warn(
        `Left out ${entry.name}: a user namespace may not make devices`,
      );
    }
    this.#replacing(dir, name, () => makeNode(dir, name, entry));
    this.#metadata.complete(dir, name, entry, owner, undefined, false);
    this.#setTimes(dir, name, entry);
  }

  #setTimes(dir: Dir, name: string, entry: TarEntry): void {
    const { atime, mtime } = diskTimes(entry);
    dir.utimes(name, atime, mtime);
  }

  /** See {@linkcode TarSink.data}. */
  data(bytes: Uint8Array): void {
    if (this.#file === undefined) return;
    writeFd(this.#file.fd, bytes, this.#file.entry.name);
    this.#hole = false;
  }

  /** See {@linkcode TarSink.hole}. */
  hole(length: number): void {
    if (this.#file === undefined) return;
    skipFd(this.#file.fd, length, this.#file.entry.name);
    this.#hole = true;
  }

  /** See {@linkcode TarSink.end}. */
  end(): void {
    if (this.#file === undefined) return;
    const { fd, entry, owner } = this.#file;
    if (this.#hole) truncateFd(fd, entry.size, entry.name);
    this.#hole = false;
    this.#metadata.completeFile(fd, entry, owner);
    closeFd(fd);
    this.#file = undefined;
  }

  /** Sets the times of all directories, which unpacking into them had changed; yields after each. */
  *finish(): Generator<void> {
    for (const [path, { atime, mtime }] of this.#dirTimes) {
      const dir = this.#parents.existing(parentPath(path));
      const name = baseName(path);
      if (dir?.tryStat(name)?.type === "dir") dir.utimes(name, atime, mtime);
      yield;
    }
  }

  /** Closes what is open; what is unpacked stays. */
  [Symbol.dispose](): void {
    if (this.#file) closeFd(this.#file.fd);
    this.#file = undefined;
    this.#parents[Symbol.dispose]();
  }
}
