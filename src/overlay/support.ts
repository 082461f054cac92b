/**
 * What this kernel and this file system can do, asked once and only if wanted.
 *
 * @module
 */

import { DriverError, messageOf } from "../errors.ts";
import { Dir } from "../linux/dir.ts";
import { tellsTypes } from "../linux/dirent.ts";
import { hasCode, isPassing, NO_ROOM } from "../linux/errno.ts";
import { takesLowersOneByOne } from "../linux/mount.ts";
import { fsMagic } from "../linux/statfs.ts";
import { backingName } from "./backing.ts";
import type { Namespace } from "./marks.ts";
import type { ProbeSettings } from "./probes.ts";
import { inUserNamespace, kernelAtLeast } from "./userns.ts";

/** Where the kernel shows the defaults of overlayfs. */
const PARAMETERS = "/sys/module/overlay/parameters";

/** Value of a parameter, such as `"Y"`; `undefined` if the kernel does not show it. */
function parameter(name: string): string | undefined {
  try {
    return Deno.readTextFileSync(`${PARAMETERS}/${name}`).trim();
  } catch (error) {
    if (isPassing(error)) throw error;
    return undefined;
  }
}

function isOn(name: string): boolean {
  return parameter(name) === "Y";
}

/**
 * Whether the kernel says that mounts neither redirect directories nor copy up
 * metadata alone, unless they are told to; ours are not. A kernel that has the
 * parameter of the latter (4.19) copies up no opaque mark either (4.8), so that
 * no trial mount is needed.
 */
function isPlain(): boolean {
  return parameter("metacopy") === "N" && parameter("redirect_dir") === "N";
}

/**
 * Whether mounts make each new directory opaque, whatever it hides: they do with
 * features that let nobody change the lowers meanwhile.
 */
export function marksNewDirs(): boolean {
  return isOn("metacopy") || isOn("redirect_dir");
}

/** Whether the kernel has the mount option `userxattr` for certain. */
function knowsUserxattr(): boolean {
  return kernelAtLeast(Deno.osRelease(), 5, 11);
}

/** Trial mounts. */
type Trials = typeof import("./probes.ts");

/** Answers about one home, each found out at the first question. */
export class Support {
  readonly #base: string;
  readonly #trials: Trials | undefined;
  readonly #plain: boolean;
  #oneByOne: boolean | undefined;
  #userxattr: boolean | undefined;
  #indexOff: boolean | undefined;
  #metacopy: boolean | undefined;
  #dType: boolean | undefined;
  #nativeDiff: { readonly obstacle: string | undefined } | undefined;

  /** Whether this process is in a user namespace. */
  readonly userNamespace: boolean = inUserNamespace();
  /** Namespace of overlayfs's attributes in this home. */
  readonly namespace: Namespace = this.userNamespace
    ? "user.overlay."
    : "trusted.overlay.";

  private constructor(base: string, plain: boolean, trials?: Trials) {
    this.#base = base;
    this.#plain = plain;
    this.#trials = trials;
  }

  /**
   * Makes the answers for a directory. Code for trial mounts is loaded if they
   * may be needed.
   *
   * @param base Existing directory on the file system in question.
   * @param mayRequire Whether {@linkcode requireOverlay} may be called.
   */
  static async of(base: string, mayRequire: boolean): Promise<Support> {
    const plain = isPlain();
    const tells = plain && knowsUserxattr() && !mayRequire;
    const trials = tells ? undefined : await import("./probes.ts");
    return new Support(base, plain, trials);
  }

  /** The same for another directory. */
  at(base: string): Support {
    return new Support(base, this.#plain, this.#trials);
  }

  /** Name of the file system, such as `"extfs"`; `"<unknown>"` if it has none here. */
  get backingFilesystem(): string {
    return backingName(fsMagic(this.#base));
  }

  /** Whether the kernel takes lowers one by one (`lowerdir+`). */
  get oneByOne(): boolean {
    return this.#oneByOne ??= takesLowersOneByOne();
  }

  /** Whether mounts pass `userxattr`. */
  get userxattr(): boolean {
    return this.#userxattr ??= this.userNamespace && this.#takesUserxattr();
  }

  #takesUserxattr(): boolean {
    if (knowsUserxattr()) return true;
    try {
      this.#trials!.probeOverlay(this.#base, this.oneByOne, true);
      return true;
    } catch (error) {
      if (isPassing(error)) throw error;
      return false;
    }
  }

  /** Whether mounts pass `index=off`: where the kernel knows the option. */
  get indexOff(): boolean {
    return this.#indexOff ??= exists(`${PARAMETERS}/index`);
  }

  /** Whether a changed mode copies up metadata only. */
  get metacopy(): boolean {
    return this.#metacopy ??= !this.#plain && this.#probe(
      () =>
        this.#trials!.probeMetacopy(
          this.#base,
          this.namespace,
          this.#settings(),
        ),
      () => isOn("metacopy"),
    );
  }

  /** Tries something out, or goes by the module's defaults where a disk is full or read-only. */
  #probe<T>(trial: () => T, otherwise: () => T): T {
    try {
      return trial();
    } catch (error) {
      if (!hasCode(error, ...NO_ROOM)) throw error;
      return otherwise();
    }
  }

  /** Whether directories tell the type of their entries. */
  get dType(): boolean {
    return this.#dType ??= this.#probeDType();
  }

  #probeDType(): boolean {
    using dir = Dir.open(this.#base);
    return tellsTypes(dir.fd, dir.path);
  }

  /** Why upper directories must not be read directly; `undefined` if they may. */
  get nativeDiffObstacle(): string | undefined {
    this.#nativeDiff ??= { obstacle: this.#findObstacle() };
    return this.#nativeDiff.obstacle;
  }

  #findObstacle(): string | undefined {
    if (this.userNamespace && !this.userxattr) {
      return "native diff is not supported in user namespace, consider updating to kernel 5.11 or later to fix";
    }
    if (this.#plain) return undefined;
    try {
      return this.#probe(
        () =>
          this.#trials!.probeNativeDiff(
            this.#base,
            this.namespace,
            this.#settings(),
          ),
        () => isOn("redirect_dir") ? this.#trials!.REDIRECTS : undefined,
      );
    } catch (error) {
      if (isPassing(error)) throw error;
      return messageOf(error);
    }
  }

  #settings(): ProbeSettings {
    return { userxattr: this.userxattr, oneByOne: this.oneByOne };
  }

  /**
   * Throws unless overlays can be mounted here.
   *
   * @throws {DriverError} `EPERM` without the right to mount, `ENOTSUP` if the
   * kernel or the file system cannot carry overlays.
   */
  requireOverlay(): void {
    if (Deno.env.get("_DOCKERD_ROOTLESS_SELINUX") === "1") {
      throw new DriverError(
        "ENOTSUP",
        "Cannot use overlayfs: overlay is not supported for Rootless with SELinux",
      );
    }
    try {
      this.#trials!.probeOverlay(this.#base, this.oneByOne);
    } catch (error) {
      throw this.#explain(error);
    }
    if (!this.dType) throw noDType(this.backingFilesystem);
  }

  #explain(error: unknown): unknown {
    if (isPassing(error) || hasCode(error, "ENOENT", ...NO_ROOM)) return error;
    const cause = { cause: error };
    if (hasCode(error, "EPERM", "EACCES")) {
      return new DriverError(
        "EPERM",
        `Cannot mount overlays in ${this.#base}: it takes root (CAP_SYS_ADMIN): ${
          messageOf(error)
        }`,
        cause,
      );
    }
    return new DriverError(
      "ENOTSUP",
      `Cannot mount overlays in ${this.#base}: driver not supported: ${
        messageOf(error)
      }`,
      cause,
    );
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (isPassing(error)) throw error;
    return false;
  }
}

function noDType(name: string): DriverError {
  const advice = name === "xfs"
    ? " Reformat the filesystem with ftype=1 to enable d_type support."
    : name === "extfs"
    ? " Reformat the filesystem (or use tune2fs) with -O filetype flag to enable d_type support."
    : "";
  return new DriverError(
    "ENOTSUP",
    `Cannot use overlayfs: overlay2: the backing ${name} filesystem is formatted without d_type support, which leads to incorrect behavior.${advice} Backing filesystems without d_type support are not supported.`,
  );
}
