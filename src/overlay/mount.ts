/**
 * Mounts and unmounts one overlay.
 *
 * Where the kernel takes lowers one by one, each is a string of its own and
 * depth is bounded by the kernel's 500 alone. Elsewhere all options share one
 * page: with absolute paths if they fit, else relative to the home.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import {
  FSCONFIG_STRING_MAX,
  MNT_DETACH,
  MountContext,
  mountDataLimit,
  mountOverlay,
  unmount,
} from "../linux/mount.ts";
import { mountRelative } from "../linux/thread.ts";
import { encodeName, printableName } from "../text.ts";
import { absoluteData, type OverlayMount, relativeData } from "./data.ts";

/**
 * Mounts an overlay.
 *
 * @param mount Directories and options.
 * @param oneByOne Whether the kernel takes lowers one by one.
 * @throws {DriverError} `EMLINK` if the options do not fit into a page.
 * @throws {SyscallError} what the kernel answers.
 */
export async function mountLayers(
  mount: OverlayMount,
  oneByOne: boolean,
): Promise<void> {
  if (mountAtOnce(mount, oneByOne)) return;
  const data = relativeData(mount);
  const limit = mountDataLimit();
  if (data.length - 1 > limit) {
    throw new DriverError(
      "EMLINK",
      `Cannot mount ${mount.target}: its ${mount.lowers.length} lowers need ${
        data.length - 1
      } bytes of mount options, and this kernel takes ${limit}`,
    );
  }
  await mountRelative(
    encodeName(`${mount.home}\0`),
    encodeName(`${mount.target}\0`),
    data,
    `${mount.home}/${mount.target}`,
  );
}

/**
 * Mounts an overlay if that needs no thread of its own.
 *
 * @param mount Directories and options.
 * @param oneByOne Whether the kernel takes lowers one by one.
 * @returns Whether it is mounted; otherwise the options do not fit.
 */
export function mountAtOnce(mount: OverlayMount, oneByOne: boolean): boolean {
  if (oneByOne) {
    mountStepwise(mount);
    return true;
  }
  const data = absoluteData(mount);
  if (data.length - 1 > mountDataLimit()) return false;
  mountOverlay(`${mount.home}/${mount.target}`, data);
  return true;
}

/**
 * Mounts an overlay nowhere, where the kernel takes lowers one by one.
 *
 * @param mount Directories and options; the target is only named in errors.
 * @returns Its root; the mount goes away with the last descriptor in it.
 */
export function openOverlay(mount: OverlayMount): Dir {
  using context = configure(mount);
  return Dir.ofMount(context.mountDetached(), `${mount.home}/${mount.target}`);
}

function mountStepwise(mount: OverlayMount): void {
  using context = configure(mount);
  context.mount(`${mount.home}/${mount.target}`);
}

function configure(mount: OverlayMount): MountContext {
  const context = new MountContext("overlay");
  try {
    setOptions(context, mount);
    return context;
  } catch (error) {
    context[Symbol.dispose]();
    throw error;
  }
}

function setOptions(context: MountContext, mount: OverlayMount): void {
  using paths = new ShortPaths(context, mount.home);
  context.setString("source", "overlay");
  if (mount.indexOff) context.setString("index", "off");
  if (mount.userxattr) context.setFlag("userxattr");
  for (const lower of mount.lowers) paths.set("lowerdir+", lower);
  if (mount.upper !== undefined && mount.work !== undefined) {
    paths.setEscaped("upperdir", mount.upper);
    paths.setEscaped("workdir", mount.work);
  }
  if (mount.volatile) context.setFlag("volatile");
  if (mount.label) setLabel(context, mount.label);
}

function setLabel(context: MountContext, label: string): void {
  try {
    context.setString("context", label);
  } catch (error) {
    if (!hasCode(error, "EINVAL")) throw error;
    throw new DriverError(
      "ENOTSUP",
      `Cannot mount with the label ${
        printableName(label)
      }: the kernel takes none; is SELinux on?`,
      { cause: error },
    );
  }
}

/** Bytes that one UTF-16 unit takes at most. */
const UNIT_MAX = 3;

/** Whether a text fits into one string of fsconfig(2). */
function fits(text: string): boolean {
  return text.length * UNIT_MAX <= FSCONFIG_STRING_MAX ||
    encodeName(text).length <= FSCONFIG_STRING_MAX;
}

/** Options whose values are paths below a home, each fit for one fsconfig(2). */
class ShortPaths implements Disposable {
  readonly #context: MountContext;
  readonly #home: string;
  readonly #open: Dir[] = [];
  #root: Dir | undefined;

  constructor(context: MountContext, home: string) {
    this.#context = context;
    this.#home = home;
  }

  /** Sets an option to a path below the home. */
  set(key: string, path: string): void {
    if (this.#context.trySetPath(key, this.#home, path)) return;
    this.#context.setString(key, this.#of(path, (text) => text));
  }

  /** Like {@linkcode set}; the kernel takes a backslash in the value for an escape. */
  setEscaped(key: string, path: string): void {
    if (!path.includes("\\") && !this.#home.includes("\\")) {
      return this.set(key, path);
    }
    const escape = (text: string) => text.replaceAll("\\", "\\\\");
    this.#context.setString(key, this.#of(path, escape));
  }

  /** The absolute path if it fits, else one that begins at a descriptor. */
  #of(path: string, escape: (text: string) => string): string {
    const absolute = escape(`${this.#home}/${path}`);
    if (fits(absolute)) return absolute;
    this.#root ??= this.#keep(Dir.open(this.#home));
    const below = escape(`/proc/self/fd/${this.#root.fd}/${path}`);
    if (fits(below)) return below;
    const dir = this.#keep(Dir.open(`${this.#home}/${path}`));
    return `/proc/self/fd/${dir.fd}`;
  }

  #keep(dir: Dir): Dir {
    this.#open.push(dir);
    return dir;
  }

  [Symbol.dispose](): void {
    for (const dir of this.#open) dir[Symbol.dispose]();
  }
}

/**
 * Unmounts at once; whoever still uses the mount keeps it until done.
 *
 * @param target Absolute path of the mountpoint.
 * @returns Whether anything was mounted there.
 */
export function detach(target: string): boolean {
  try {
    unmount(target, MNT_DETACH);
    return true;
  } catch (error) {
    if (hasCode(error, "EINVAL", "ENOENT")) return false;
    throw error;
  }
}
