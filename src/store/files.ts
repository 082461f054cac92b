/**
 * Small files of a layer: read whole, written whole.
 *
 * @module
 */

import {
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
} from "../linux/constants.ts";
import type { Dir } from "../linux/dir.ts";
import {
  beginSyncFd,
  chmodFd,
  closeFd,
  openAt,
  readFd,
  syncFd,
  tryOpenAt,
  writeFd,
  writeOutFd,
} from "../linux/file.ts";
import { decodeName, encodeName } from "../text.ts";
import { temporaryName } from "./layout.ts";

/** More than 500 lowers need. */
const LARGEST = 64 * 1024;
const scratch = new Uint8Array(LARGEST);

/** What reading a directory, a symbolic link, a socket or a device answers. */
export const NO_FILE = ["EISDIR", "ELOOP", "ENXIO", "ENODEV", "EAGAIN"];

/**
 * Reads a small file.
 *
 * @returns Its text; `undefined` if there is no such file.
 * @throws {SyscallError} one of {@linkcode NO_FILE} if it is no file.
 */
export function readSmall(dir: Dir, name: string): string | undefined {
  // A fifo in its place would wait for a writer.
  const fd = tryOpenAt(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (fd === undefined) return undefined;
  try {
    // One read gives all that a file has.
    const length = readFd(fd, scratch, `${dir.path}/${name}`);
    return decodeName(scratch, 0, length);
  } finally {
    closeFd(fd);
  }
}

/**
 * What is waited for: `"disk"`, until a file outlives a power cut; `"order"`,
 * until no name that is given later outlives one without it.
 */
export type Wait = "disk" | "order";

/**
 * Makes a file that did not exist.
 *
 * @param dir Directory.
 * @param name Name that is free.
 * @param text Content.
 * @param mode Permission bits, whatever the umask.
 * @param wait What is waited for.
 */
export function writeNew(
  dir: Dir,
  name: string,
  text: string,
  mode: number,
  wait: Wait = "disk",
): void {
  using file = new Written(dir, name, text, mode);
  if (text !== "") file.sync(wait);
}

/**
 * A file that was just made, still open. Several are written first and synced
 * then: the first sync takes the others along, where one after the other would
 * each wait for the disk.
 */
export class Written implements Disposable {
  readonly #fd: number;
  readonly #path: string;

  /** Makes the file, as {@linkcode writeNew} does. */
  constructor(dir: Dir, name: string, text: string, mode: number) {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    this.#fd = openAt(dir, name, flags, mode);
    this.#path = `${dir.path}/${name}`;
    try {
      writeFd(this.#fd, encodeName(text), this.#path);
      chmodFd(this.#fd, mode, this.#path);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Has the kernel begin to write the content to the disk. */
  begin(): void {
    beginSyncFd(this.#fd);
  }

  /** Waits for the content. */
  sync(wait: Wait): void {
    (wait === "disk" ? syncFd : writeOutFd)(this.#fd, this.#path);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    closeFd(this.#fd);
  }
}

/** Makes or replaces a file in one step: written beside it, then renamed. */
export function writeAtomic(
  dir: Dir,
  name: string,
  text: string,
  mode: number,
): void {
  const temporary = temporaryName(name);
  try {
    writeNew(dir, temporary, text, mode);
    dir.rename(temporary, dir, name);
  } catch (error) {
    if (dir.tryStat(temporary) !== undefined) dir.unlink(temporary);
    throw error;
  }
}

/** Makes a directory with exactly this mode and owner. */
export function makeDir(
  dir: Dir,
  name: string,
  mode: number,
  owner: Owner,
): void {
  dir.mkdir(name, mode);
  correctDir(dir, name, mode, owner);
}

/** Gives a directory this mode and owner where they differ. */
export function correctDir(
  dir: Dir,
  name: string,
  mode: number,
  owner: Owner,
): void {
  const status = dir.stat(name);
  if (status.uid !== owner.uid || status.gid !== owner.gid) {
    dir.chown(name, owner.uid, owner.gid);
  }
  if (status.mode !== mode) dir.chmod(name, mode);
}

/** Who a file belongs to. */
export interface Owner {
  /** User. */
  readonly uid: number;
  /** Group. */
  readonly gid: number;
}

/** Gives `name` to `owner` unless it is theirs. */
export function setOwner(dir: Dir, name: string, owner: Owner): void {
  const status = dir.stat(name);
  if (status.uid === owner.uid && status.gid === owner.gid) return;
  dir.chown(name, owner.uid, owner.gid);
}
