/**
 * Questions that only a trial mount answers.
 *
 * Each makes its own directory below a base and removes it. The trial passes
 * neither `index=off` nor `redirect_dir=off`: what is measured are the defaults
 * of the kernel, which real mounts use as well.
 *
 * @module
 */

import { Dir } from "../linux/dir.ts";
import { AT_FDCWD, O_CREAT, O_WRONLY } from "../linux/constants.ts";
import { hasCode, SyscallError } from "../linux/errno.ts";
import { closeFd, openAt } from "../linux/file.ts";
import { tryLock } from "../linux/lock.ts";
import { unmount } from "../linux/mount.ts";
import { removeTreeNow } from "../linux/remove.ts";
import { getXattrFd, listXattrsAt } from "../linux/xattr.ts";
import { DriverError } from "../errors.ts";
import { decodeName } from "../text.ts";
import { markOpaque, type Namespace } from "./marks.ts";
import { mountAtOnce } from "./mount.ts";
import type { OverlayMount } from "./data.ts";

/** Said where renamed directories leave redirects. */
export const REDIRECTS = "kernel has CONFIG_OVERLAY_FS_REDIRECT_DIR enabled";

const BUSY_TRIES = 50;
const BUSY_MS = 50;

/** What trial mounts need to know. */
export interface ProbeSettings {
  /** Whether mounts pass `userxattr`. */
  readonly userxattr: boolean;
  /** Whether the kernel takes lowers one by one. */
  readonly oneByOne: boolean;
}

/** Runs `body` in a new directory with the given subdirectories. */
function inScratch<T>(
  base: string,
  dirs: readonly string[],
  body: (home: string) => T,
): T {
  using above = Dir.open(base);
  for (;;) {
    const name = `.tmp-probe-${crypto.randomUUID()}`;
    above.mkdir(name, 0o700);
    try {
      using scratch = lockNew(above, name);
      // Somebody took it for left behind, in the moment before it was locked.
      if (scratch === undefined) continue;
      for (const dir of dirs) scratch.mkdir(dir, 0o755);
      return body(`${base}/${name}`);
    } finally {
      discard(above, name);
    }
  }
}

/** Opens a new directory with its lock, which tells others that somebody is at work. */
function lockNew(above: Dir, name: string): Dir | undefined {
  const dir = above.tryOpenDir(name);
  if (dir === undefined) return undefined;
  let ours = false;
  try {
    ours = tryLock(dir.fd, dir.path) && above.tryStat(name) !== undefined;
  } finally {
    if (!ours) dir[Symbol.dispose]();
  }
  return ours ? dir : undefined;
}

/** Deletes what a trial used; what cannot be deleted is left to cleanup, for it does not change the answer. */
function discard(above: Dir, name: string): void {
  try {
    removeTreeNow(above, name);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
}

/** Makes an empty file, or opens one for writing, which copies it up. */
function touch(path: string, mode: number): void {
  closeFd(openAt({ fd: AT_FDCWD, path: "" }, path, O_WRONLY | O_CREAT, mode));
}

/** Runs `body` while an overlay is mounted. */
function whileMounted<T>(
  mount: OverlayMount,
  settings: ProbeSettings,
  body: () => T,
): T {
  if (!mountAtOnce(mount, settings.oneByOne)) {
    throw new DriverError(
      "ENOTSUP",
      `Cannot probe overlayfs in ${mount.home}: its path is too long for this kernel`,
    );
  }
  try {
    return body();
  } finally {
    unmountPatiently(`${mount.home}/${mount.target}`);
  }
}

function unmountPatiently(target: string): void {
  for (let tries = 1;; tries++) {
    try {
      return unmount(target);
    } catch (error) {
      if (!hasCode(error, "EBUSY") || tries === BUSY_TRIES) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_MS);
    }
  }
}

function trial(
  home: string,
  lowers: string[],
  upper: string,
  userxattr: boolean,
): OverlayMount {
  return {
    home,
    lowers,
    upper,
    work: "work",
    target: "merged",
    indexOff: false,
    userxattr,
  };
}

/**
 * Tells whether overlays with several lowers can be mounted; throws why not.
 *
 * @param base Directory on the file system in question.
 * @param oneByOne Whether the kernel takes lowers one by one.
 * @param userxattr Whether to pass `userxattr`.
 */
export function probeOverlay(
  base: string,
  oneByOne: boolean,
  userxattr = false,
): void {
  const dirs = ["lower1", "lower2", "upper", "work", "merged"];
  inScratch(base, dirs, (home) => {
    const mount = trial(home, ["lower2", "lower1"], "upper", userxattr);
    whileMounted(mount, { userxattr, oneByOne }, () => {});
  });
}

/**
 * Tells whether a changed mode copies up metadata only.
 *
 * @param base Directory on the file system in question.
 * @param namespace Namespace of the marks.
 * @param settings How to mount.
 */
export function probeMetacopy(
  base: string,
  namespace: Namespace,
  settings: ProbeSettings,
): boolean {
  const dirs = ["l1", "l2", "work", "merged"];
  return inScratch(base, dirs, (home) => {
    touch(`${home}/l1/f`, 0o700);
    const mount = trial(home, ["l1"], "l2", settings.userxattr);
    return whileMounted(mount, settings, () => {
      using merged = Dir.open(`${home}/merged`);
      merged.chmod("f", 0o600);
      using upper = Dir.open(`${home}/l2`);
      return listXattrsAt(upper, "f").includes(`${namespace}metacopy`);
    });
  });
}

/**
 * Finds out why an upper directory must not be read directly.
 *
 * @param base Directory on the file system in question.
 * @param namespace Namespace of the marks.
 * @param settings How to mount.
 * @returns The reason; `undefined` if reading it directly is right.
 */
export function probeNativeDiff(
  base: string,
  namespace: Namespace,
  settings: ProbeSettings,
): string | undefined {
  const dirs = ["l1", "l1/d", "l1/d1", "l2", "l2/d", "l3", "work", "merged"];
  return inScratch(base, dirs, (home) => {
    using middle = Dir.open(`${home}/l2/d`);
    markOpaque(middle, namespace);
    const mount = trial(home, ["l2", "l1"], "l3", settings.userxattr);
    return whileMounted(
      mount,
      settings,
      () => copiesUpOpaque(home, namespace) ?? redirects(home, namespace),
    );
  });
}

function copiesUpOpaque(
  home: string,
  namespace: Namespace,
): string | undefined {
  touch(`${home}/merged/d/f`, 0o644);
  using upper = Dir.open(`${home}/l3/d`);
  const value = getXattrFd(upper.fd, `${namespace}opaque`, upper.path);
  if (value === undefined || decodeName(value) !== "y") return undefined;
  return "opaque flag erroneously copied up, consider updating to kernel 4.8 or later to fix";
}

function redirects(home: string, namespace: Namespace): string | undefined {
  using merged = Dir.open(`${home}/merged`);
  try {
    merged.rename("d1", merged, "d2");
  } catch (error) {
    if (hasCode(error, "EXDEV")) return undefined;
    throw error;
  }
  using upper = Dir.open(`${home}/l3/d2`);
  const value = getXattrFd(upper.fd, `${namespace}redirect`, upper.path);
  if (value === undefined || decodeName(value) !== "d1") return undefined;
  return REDIRECTS;
}
