/**
 * Mounting: mount(2), umount2(2) and the calls that build a mount step by step
 * (fsopen, fsconfig, fsmount, move_mount).
 *
 * @module
 */

import { AT_FDCWD, SYS } from "./constants.ts";
import { hasCode, isPassing, SyscallError } from "./errno.ts";
import { closeFd } from "./file.ts";
import {
  checked,
  cString,
  cString2,
  fillAscii,
  lastErrno,
  libc,
} from "./libc.ts";
import { decodeName, encodeName } from "../text.ts";

/** Detach at once, and let go when nobody uses it any more. */
export const MNT_DETACH = 2;

const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;

/** Longest string that fsconfig(2) takes, in bytes, without its NUL. */
export const FSCONFIG_STRING_MAX = 255;

const empty = new Uint8Array(1);
const source = encodeName("overlay\0");

/**
 * Mounts an overlay by mount(2).
 *
 * @param target Directory to mount on.
 * @param data Mount options, at most a page less one byte.
 * @throws {SyscallError} such as `EPERM`, `ENOENT`, `EINVAL`, `ELOOP`.
 */
export function mountOverlay(
  target: string,
  data: Uint8Array<ArrayBuffer>,
): void {
  const path = cString(target);
  checked(libc.mount(source, path, source, 0n, data), "mount", target);
}

/**
 * Unmounts.
 *
 * @param target Mountpoint.
 * @param flags 0 or {@linkcode MNT_DETACH}.
 * @throws {SyscallError} `EINVAL` if nothing is mounted there.
 */
export function unmount(target: string, flags = 0): void {
  const path = cString(target);
  checked(libc.umount2(path, flags), "umount2", target);
}

/** A path below the directory of the last call, whose part is kept. */
const joined = new Uint8Array(FSCONFIG_STRING_MAX + 1);
let joinedDir = "";
/** Where what lies below the directory begins; 0 if there is no directory yet. */
let joinedAt = 0;

/**
 * Encodes a path below a directory as a C string for fsconfig(2).
 *
 * @returns A buffer that is valid until the next call; `undefined` if the path is
 * too long for one string, or is not of ASCII.
 */
function joinPath(
  dir: string,
  path: string,
): Uint8Array<ArrayBuffer> | undefined {
  if (joinedAt === 0 || dir !== joinedDir) beginPath(dir);
  if (joinedAt + path.length > FSCONFIG_STRING_MAX) return undefined;
  return fillAscii(path, joined, joinedAt) ? joined : undefined;
}

function beginPath(dir: string): void {
  const bytes = encodeName(`${dir}/`);
  joinedDir = dir;
  joinedAt = bytes.length;
  if (joinedAt <= FSCONFIG_STRING_MAX) joined.set(bytes);
}

/** A file system being configured by fsconfig(2). */
export class MountContext implements Disposable {
  #fd: number;
  readonly #type: string;

  /**
   * Opens a context.
   *
   * @param type File system type, such as `"overlay"`.
   * @throws {SyscallError} `ENOSYS` before Linux 5.2, `EPERM` without
   * CAP_SYS_ADMIN, `ENODEV` if the kernel has no such file system.
   */
  constructor(type: string) {
    this.#type = type;
    const name = cString(type);
    this.#fd = checked(
      libc.fsopen(SYS.fsopen, name, FSOPEN_CLOEXEC),
      "fsopen",
      type,
    );
  }

  /** Sets an option to a text of at most {@linkcode FSCONFIG_STRING_MAX} bytes. */
  setString(key: string, value: string): void {
    this.#config(FSCONFIG_SET_STRING, cString(key), cString2(value), value);
  }

  /** Sets an option that has no value. */
  setFlag(key: string): void {
    const name = cString(key);
    this.#config(FSCONFIG_SET_FLAG, name, null, key);
  }

  /**
   * Sets an option to a path below a directory: the fast way for many of them,
   * since the directory's own path is encoded once.
   *
   * @param key Name of the option.
   * @param dir Path of the directory.
   * @param path Path below it.
   * @returns Whether it is set; otherwise the path is too long for one string, or
   * not of ASCII.
   */
  trySetPath(key: string, dir: string, path: string): boolean {
    const value = joinPath(dir, path);
    if (value === undefined) return false;
    this.#config(FSCONFIG_SET_STRING, cString(key), value, dir, path);
    return true;
  }

  #config(
    command: number,
    key: Uint8Array<ArrayBuffer> | null,
    value: Uint8Array<ArrayBuffer> | null,
    subject: string,
    below?: string,
  ): void {
    const { fsconfig } = SYS;
    const result = libc.fsconfig(fsconfig, this.#fd, command, key, value, 0);
    if (result >= 0) return;
    const errno = lastErrno();
    const path = below === undefined ? subject : `${subject}/${below}`;
    throw new SyscallError("fsconfig", errno, path, this.#said());
  }

  /** What the kernel put into the context's log, on one line. */
  #said(): string {
    const buffer = new Uint8Array(1024);
    const lines: string[] = [];
    for (;;) {
      const length = libc.read(this.#fd, buffer, 1024n);
      if (length <= 0) return lines.join("; ");
      lines.push(decodeName(buffer, 2, length).trim());
    }
  }

  /**
   * Makes the file system and mounts it nowhere.
   *
   * @returns A descriptor of its root; the mount goes away with it.
   */
  mountDetached(): number {
    this.#config(FSCONFIG_CMD_CREATE, null, null, this.#type);
    return checked(
      libc.fsmount(SYS.fsmount, this.#fd, FSMOUNT_CLOEXEC, 0),
      "fsmount",
      this.#type,
    );
  }

  /**
   * Makes the file system and mounts it.
   *
   * @param target Directory to mount on.
   */
  mount(target: string): void {
    const mounted = this.mountDetached();
    try {
      const path = cString(target);
      checked(
        libc.move_mount(
          SYS.move_mount,
          mounted,
          empty,
          AT_FDCWD,
          path,
          MOVE_MOUNT_F_EMPTY_PATH,
        ),
        "move_mount",
        target,
      );
    } finally {
      closeFd(mounted);
    }
  }

  /** Closes the context; what it mounted stays. */
  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeFd(this.#fd);
    this.#fd = -1;
  }
}

/**
 * Tells whether overlayfs takes its lowers one by one (`lowerdir+`, Linux 6.7).
 *
 * Nothing is mounted: a kernel that knows the option looks the directory up at
 * once and does not find it, an older one refuses the option or merely notes it.
 */
export function takesLowersOneByOne(): boolean {
  try {
    using context = new MountContext("overlay");
    context.setString("lowerdir+", "/proc/self/fd/-1");
    return false;
  } catch (error) {
    if (isPassing(error)) throw error;
    return hasCode(error, "ENOENT");
  }
}

/** Most bytes of options that mount(2) takes: a page less its NUL. */
export function mountDataLimit(): number {
  return libc.getpagesize() - 1;
}
