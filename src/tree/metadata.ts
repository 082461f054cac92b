/**
 * Owner, attributes, mode and times of what is unpacked, in that order: a change
 * of owner takes capabilities and the suid bit away.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { chmodFd, chownFd, utimesFd } from "../linux/file.ts";
import type { FileStatus } from "../linux/stat.ts";
import { currentUmask } from "../linux/umask.ts";
import { listXattrsFd, setXattrAt, setXattrFd } from "../linux/xattr.ts";
import { isOverlayXattr } from "../overlay/marks.ts";
import type { TarEntry, TarTime } from "../tar/entry.ts";
import type { Owners } from "./owners.ts";
import { badEntry } from "./paths.ts";

const DEFAULT_ACL = "system.posix_acl_default";
const SPECIAL_BITS = 0o7000;
const SETGID = 0o2000;
/** Largest time that fits 64 bits of nanoseconds, in seconds. */
const LATEST = 9_223_372_036;
const EPOCH: TarTime = { seconds: 0, nanoseconds: 0 };

/** Owner on disk. */
export interface HostOwner {
  /** User. */
  readonly uid: number;
  /** Group. */
  readonly gid: number;
}

/** Times before 1970, or beyond 64 bits of nanoseconds, become 1970. */
function bounded(time: TarTime): TarTime {
  return time.seconds < 0 || time.seconds > LATEST ? EPOCH : time;
}

/** 2^32−1 means "as it is" to chown(2), so it is nobody's. */
function isOwnerId(id: number): boolean {
  return id >= 0 && id < 0xffff_ffff;
}

function later(a: TarTime, b: TarTime): TarTime {
  if (a.seconds !== b.seconds) return a.seconds > b.seconds ? a : b;
  return a.nanoseconds > b.nanoseconds ? a : b;
}

/** Times of an entry as they go on disk. */
export function diskTimes(
  entry: TarEntry,
): { readonly atime: TarTime; readonly mtime: TarTime } {
  const mtime = bounded(entry.mtime);
  if (entry.atime === undefined) return { atime: mtime, mtime };
  return { atime: bounded(later(entry.atime, entry.mtime)), mtime };
}

/**
 * Gives new files what their entries say, and leaves out calls whose effect is
 * there already.
 */
export class Metadata {
  readonly #owners: Owners;
  readonly #warn: (message: string) => void;
  readonly #umask = currentUmask();
  readonly #own: HostOwner = { uid: Deno.uid()!, gid: Deno.gid()! };
  /** Whether new files may inherit group or mode from their directory. */
  #inheriting: boolean;

  /**
   * Makes one for a tree.
   *
   * @param root Root of the tree.
   * @param fresh Whether the tree is empty.
   * @param owners How owners are translated.
   * @param warn Is told of attributes that the file system refuses.
   */
  constructor(
    root: Dir,
    fresh: boolean,
    owners: Owners,
    warn: (message: string) => void,
  ) {
    this.#owners = owners;
    this.#warn = warn;
    const { mode, gid } = root.self();
    this.#inheriting = !fresh || (mode & SETGID) !== 0 ||
      gid !== this.#own.gid ||
      listXattrsFd(root.fd, root.path).includes(DEFAULT_ACL);
  }

  /**
   * Owner of an entry on disk.
   *
   * @throws {DriverError} `EBADMSG` for an owner that no file can have.
   */
  hostOwner(entry: TarEntry): HostOwner {
    const uid = this.#owners.users.toHost(entry.uid);
    const gid = this.#owners.groups.toHost(entry.gid);
    if (isOwnerId(uid) && isOwnerId(gid)) return { uid, gid };
    throw badEntry(entry.name, `no file can have the owner ${uid}:${gid}`);
  }

  #chownNeeded(owner: HostOwner): boolean {
    return this.#inheriting || owner.uid !== this.#own.uid ||
      owner.gid !== this.#own.gid;
  }

  /** An attribute may be an access list, which changes the mode. */
  #chmodNeeded({ mode, xattrs }: TarEntry): boolean {
    return this.#inheriting || xattrs !== undefined ||
      (mode & (SPECIAL_BITS | this.#umask)) !== 0;
  }

  /** Refuses attributes that would speak to overlayfs. */
  check(entry: TarEntry): void {
    if (entry.mode & SETGID) this.#inheriting = true;
    if (entry.xattrs === undefined) return;
    for (const name of entry.xattrs.keys()) {
      if (isOverlayXattr(name)) {
        throw badEntry(entry.name, `it has overlayfs's own attribute ${name}`);
      }
      if (name === DEFAULT_ACL) this.#inheriting = true;
    }
  }

  /** Completes a regular file that was just made with the entry's mode. */
  completeFile(fd: number, entry: TarEntry, owner: HostOwner): void {
    const { name, mode } = entry;
    const owned = this.#chownNeeded(owner);
    if (owned) chownFd(fd, owner.uid, owner.gid, name);
    this.#setXattrs(
      entry,
      (key, value) => setXattrFd(fd, key, value, name),
    );
    if (this.#chmodNeeded(entry)) chmodFd(fd, mode, name);
    const { atime, mtime } = diskTimes(entry);
    utimesFd(fd, atime, mtime, name);
  }

  /**
   * Completes anything else by name.
   *
   * @param dir Directory that holds it.
   * @param name Its name.
   * @param entry What the archive says.
   * @param owner Owner on disk.
   * @param before What it was; `undefined` if it was just made with the entry's mode.
   * @param symlink Whether it is a symbolic link, which has no mode.
   */
  complete(
    dir: Dir,
    name: string,
    entry: TarEntry,
    owner: HostOwner,
    before: FileStatus | undefined,
    symlink: boolean,
  ): void {
    // With the mount option grpid, files take the group of any directory.
    if (owner.gid !== this.#own.gid) this.#inheriting = true;
    // A change of owner, even to the same one, takes capabilities away.
    const owned = before === undefined
      ? this.#chownNeeded(owner)
      : before.uid !== owner.uid || before.gid !== owner.gid;
    if (owned) dir.chown(name, owner.uid, owner.gid);
    this.#setXattrs(
      entry,
      (key, value) => setXattrAt(dir, name, key, value),
    );
    if (!symlink && (before !== undefined || this.#chmodNeeded(entry))) {
      dir.chmod(name, entry.mode);
    }
  }

  #setXattrs(
    entry: TarEntry,
    set: (name: string, value: Uint8Array) => void,
  ): void {
    if (entry.xattrs === undefined) return;
    for (const [name, value] of entry.xattrs) {
      try {
        set(name, value);
      } catch (error) {
        if (name === DEFAULT_ACL && hasCode(error, "EACCES")) {
          throw badEntry(
            entry.name,
            "only a directory can have a default access list",
            { cause: error },
          );
        }
        if (!hasCode(error, "EPERM")) throw error;
        this.#warn(
          `Left out attribute ${name} of ${entry.name}: not permitted`,
        );
      }
    }
  }
}
