/**
 * A directory by descriptor, and what can be done to the names in it.
 *
 * Paths below a layer's root are resolved by openat2(2) with `RESOLVE_IN_ROOT`:
 * the kernel takes the directory for `/`, so that neither `..` nor a symbolic
 * link leads out of it.
 *
 * @module
 */

import { decodeName } from "../text.ts";
import {
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  SYS,
} from "./constants.ts";
import { type Dirent, readDirents } from "./dirent.ts";
import { openAt, timePair, type Timestamp, tryOpenAt } from "./file.ts";
import {
  checked,
  cString,
  cString2,
  failure,
  lastErrno,
  libc,
} from "./libc.ts";
import { type FileStatus, statAt, statFd, tryStatAt } from "./stat.ts";

const RESOLVE_NO_MAGICLINKS = 0x02n;
const RESOLVE_IN_ROOT = 0x10n;
const RENAME_NOREPLACE = 1;
const EAGAIN = 11;
const EEXIST = 17;
/** EBUSY, EEXIST, ENOTDIR and ENOTEMPTY: why rmdir(2) leaves a name where it is. */
const KEPT: ReadonlySet<number> = new Set([16, 17, 20, 39]);
/** How often a lookup is tried when a rename elsewhere races with it. */
const RACES = 64;

const how = new BigUint64Array([
  0n,
  0n,
  RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
]);
const howBytes = new Uint8Array(how.buffer);
const linkBuffer = new Uint8Array(4096);

/** An open directory. */
export class Dir implements Disposable {
  /** Path for error messages; not used for lookups. */
  readonly path: string;
  #fd: number;
  #mount: Dir | undefined;

  private constructor(fd: number, path: string) {
    this.#fd = fd;
    this.path = path;
  }

  /** The descriptor. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Opens a directory by path.
   *
   * @param path Absolute path, or relative to the current directory.
   * @throws {SyscallError} `ENOENT`, `ENOTDIR`.
   */
  static open(path: string): Dir {
    const base = { fd: AT_FDCWD, path: "" };
    return new Dir(openAt(base, path, O_RDONLY | O_DIRECTORY), path);
  }

  /**
   * Like {@linkcode Dir.open}, of a directory itself: a symbolic link in its
   * place is refused. Those above it are followed.
   *
   * @param path Absolute path, or relative to the current directory.
   * @returns The directory; `undefined` if there is none.
   */
  static tryOpenItself(path: string): Dir | undefined {
    const base = { fd: AT_FDCWD, path: "" };
    const fd = tryOpenAt(base, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    return fd === undefined ? undefined : new Dir(fd, path);
  }

  /**
   * Opens the root of a mount that has no place in the tree of files.
   *
   * The kernel takes such a mount apart when the descriptor that fsmount(2) gave
   * is closed. What is open in it stays usable, except that openat2(2) answers
   * `EAGAIN` to every `..` from then on; so that descriptor is kept.
   *
   * @param fd Descriptor of the mount, closed with the directory.
   * @param path Path for error messages.
   */
  static ofMount(fd: number, path: string): Dir {
    const place = new Dir(fd, path);
    try {
      const root = place.reopen();
      root.#mount = place;
      return root;
    } catch (error) {
      place[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Opens a directory in this one, for reading its names.
   *
   * @param name A single name; a symbolic link is refused with `ENOTDIR` or `ELOOP`.
   */
  openDir(name: string): Dir {
    const fd = openAt(this, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    return new Dir(fd, `${this.path}/${name}`);
  }

  /** Like {@linkcode openDir}; `undefined` if there is no such name. */
  tryOpenDir(name: string): Dir | undefined {
    const fd = tryOpenAt(this, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    return fd === undefined ? undefined : new Dir(fd, `${this.path}/${name}`);
  }

  /**
   * Opens a directory that lies below this one, taken as `/`.
   *
   * @param path Path with any number of components; symbolic links are followed
   * within this directory.
   * @throws {SyscallError} `ENOSYS` before Linux 5.6.
   */
  openInRoot(path: string): Dir {
    const fd = this.resolve(path, O_RDONLY | O_DIRECTORY);
    return new Dir(fd, `${this.path}/${path}`);
  }

  /**
   * Opens whatever lies at `path` below this directory, taken as `/`.
   *
   * @param path Path with any number of components.
   * @param flags Flags of open(2), such as `O_PATH`.
   * @returns A descriptor that the caller closes.
   */
  resolve(path: string, flags: number): number {
    const name = cString(path);
    how[0] = BigInt(flags | O_CLOEXEC);
    for (let attempt = 0;; attempt++) {
      const result = libc.openat2(SYS.openat2, this.#fd, name, howBytes, 24n);
      if (result >= 0) return result;
      const errno = lastErrno();
      if (errno !== EAGAIN || attempt === RACES) {
        throw failure(errno, "openat2", this, path);
      }
    }
  }

  /** What lies at `path` below this directory, taken as `/`; links are followed. */
  statInRoot(path: string): FileStatus {
    const fd = this.resolve(path, O_PATH);
    try {
      return statFd(fd, `${this.path}/${path}`);
    } finally {
      libc.close(fd);
    }
  }

  /** Names in this directory, unsorted. The directory is read from its start once. */
  names(): Dirent[] {
    return readDirents(this.#fd, this.path);
  }

  /** What `name` is; a symbolic link is not followed. */
  stat(name: string): FileStatus {
    return statAt(this, name);
  }

  /** Like {@linkcode stat}; `undefined` if there is no such name. */
  tryStat(name: string): FileStatus | undefined {
    return tryStatAt(this, name);
  }

  /** What this directory itself is. */
  self(): FileStatus {
    return statFd(this.#fd, this.path);
  }

  /** Makes a directory; the process's umask applies to `mode`. */
  mkdir(name: string, mode: number): void {
    const path = cString(name);
    checked(libc.mkdirat(this.#fd, path, mode), "mkdirat", this, name);
  }

  /** Like {@linkcode mkdir}; tells whether the name was free. */
  tryMkdir(name: string, mode: number): boolean {
    const path = cString(name);
    if (libc.mkdirat(this.#fd, path, mode) === 0) return true;
    const errno = lastErrno();
    if (errno === EEXIST) return false;
    throw failure(errno, "mkdirat", this, name);
  }

  /** Makes a device or fifo: `mode` includes the type, `rdev` is as {@linkcode makeDev} gives it. */
  mknod(name: string, mode: number, rdev: bigint): void {
    const path = cString(name);
    checked(libc.mknodat(this.#fd, path, mode, rdev), "mknodat", this, name);
  }

  /** Makes a symbolic link with the text `target`. */
  symlink(target: string, name: string): void {
    const text = cString2(target);
    const path = cString(name);
    checked(libc.symlinkat(text, this.#fd, path), "symlinkat", this, name);
  }

  /** Makes `name` another name of `from.oldName`, which is not followed. */
  link(from: Dir, oldName: string, name: string): void {
    const old = cString2(oldName);
    const path = cString(name);
    checked(
      libc.linkat(from.#fd, old, this.#fd, path, 0),
      "linkat",
      this,
      name,
    );
  }

  /** Removes a name that is not a directory. */
  unlink(name: string): void {
    const path = cString(name);
    checked(libc.unlinkat(this.#fd, path, 0), "unlinkat", this, name);
  }

  /** Removes an empty directory. */
  rmdir(name: string): void {
    const path = cString(name);
    checked(libc.unlinkat(this.#fd, path, AT_REMOVEDIR), "rmdir", this, name);
  }

  /**
   * Removes a directory if it is empty and nothing is mounted on it.
   *
   * @returns Whether it is removed; `false` also if it is no directory.
   */
  tryRmdir(name: string): boolean {
    const path = cString(name);
    if (libc.unlinkat(this.#fd, path, AT_REMOVEDIR) === 0) return true;
    const errno = lastErrno();
    if (KEPT.has(errno)) return false;
    throw failure(errno, "rmdir", this, name);
  }

  /**
   * Moves a name.
   *
   * @param name Name in this directory.
   * @param to Directory to move to.
   * @param newName Name there.
   * @param replace Whether what stands there is replaced; otherwise `EEXIST`.
   */
  rename(name: string, to: Dir, newName: string, replace = true): void {
    const from = cString(name);
    const path = cString2(newName);
    const flags = replace ? 0 : RENAME_NOREPLACE;
    checked(
      libc.renameat2(this.#fd, from, to.#fd, path, flags),
      "renameat2",
      this,
      name,
    );
  }

  /** Text of the symbolic link `name`. */
  readlink(name: string): string {
    const path = cString(name);
    const length = checked(
      libc.readlinkat(this.#fd, path, linkBuffer, 4096n),
      "readlinkat",
      this,
      name,
    );
    return decodeName(linkBuffer, 0, length);
  }

  /** Sets the owner of `name`; a symbolic link is not followed. */
  chown(name: string, uid: number, gid: number): void {
    const path = cString(name);
    checked(
      libc.fchownat(this.#fd, path, uid, gid, AT_SYMLINK_NOFOLLOW),
      "fchownat",
      this,
      name,
    );
  }

  /** Sets the mode bits of `name`, which must not be a symbolic link. */
  chmod(name: string, mode: number): void {
    const path = cString(name);
    checked(
      libc.fchmodat(this.#fd, path, mode, AT_SYMLINK_NOFOLLOW),
      "fchmodat",
      this,
      name,
    );
  }

  /** Sets the times of `name`; a symbolic link is not followed. */
  utimes(name: string, atime: Timestamp, mtime: Timestamp): void {
    const path = cString(name);
    const times = timePair(atime, mtime);
    checked(
      libc.utimensat(this.#fd, path, times, AT_SYMLINK_NOFOLLOW),
      "utimensat",
      this,
      name,
    );
  }

  /** Absolute path without symbolic links, as the kernel has it; needs /proc. */
  realPath(): string {
    return this.readlink(`/proc/self/fd/${this.#fd}`);
  }

  /** Another descriptor of this directory, with its own reading position. */
  reopen(): Dir {
    return new Dir(openAt(this, ".", O_RDONLY | O_DIRECTORY), this.path);
  }

  /** Closes the descriptor; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd >= 0) libc.close(this.#fd);
    this.#fd = -1;
    this.#mount?.[Symbol.dispose]();
  }
}

/** Path of `name` in `dir` for calls that take no descriptor; needs /proc. */
export function procPath(dir: { readonly fd: number }, name: string): string {
  return `/proc/self/fd/${dir.fd}/${name}`;
}

/**
 * Packs a device number as the kernel takes it.
 *
 * @param major 0…2^32−1.
 * @param minor 0…2^32−1.
 */
export function makeDev(major: number, minor: number): bigint {
  const high = BigInt(major);
  const low = BigInt(minor);
  return ((high & 0xfffn) << 8n) | ((high & 0xfffff000n) << 32n) |
    (low & 0xffn) | ((low & 0xffffff00n) << 12n);
}
