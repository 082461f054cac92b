/**
 * Limits of writable layers: one project of the file system for each.
 *
 * @module
 */

import { DriverError, messageOf } from "../errors.ts";
import { S_IFBLK } from "../linux/constants.ts";
import { Dir, makeDev } from "../linux/dir.ts";
import { hasCode, NO_ROOM } from "../linux/errno.ts";
import {
  isProjectUsed,
  projectId,
  quotaEnforced,
  type QuotaTarget,
  setProjectId,
  setQuota,
} from "../linux/quota.ts";
import type { FileStatus } from "../linux/stat.ts";
import type { Context } from "./context.ts";
import type { SizeLimits } from "./options.ts";

/** Node that dockerd keeps in a home on xfs. */
const DEVICE = "backingFsBlockDev";
const DEV_MINORS = 0x10_0000;

/** The project quotas of a driver's home. */
export function quotaOf({ home, support }: Context): Quota {
  return new Quota(home, support.backingFilesystem, support.userNamespace);
}

/** Project quotas of one home. */
export class Quota {
  readonly #home: string;
  readonly #backing: string;
  readonly #userNamespace: boolean;

  /**
   * Speaks of a home; touches nothing yet.
   *
   * @param home Absolute path.
   * @param backing Name of its file system.
   * @param userNamespace Whether this process is in a user namespace.
   */
  constructor(home: string, backing: string, userNamespace: boolean) {
    this.#home = home;
    this.#backing = backing;
    this.#userNamespace = userNamespace;
  }

  /** Makes the device node that dockerd makes, where dockerd makes it. */
  prepare(): void {
    if (this.#backing !== "xfs" || this.#userNamespace) return;
    using home = Dir.open(this.#home);
    makeDevice(home);
  }

  /**
   * Finds out why layers cannot be limited here.
   *
   * @returns The reason; `undefined` if they can.
   */
  obstacle(): string | undefined {
    if (this.#userNamespace) return "a user namespace may not set quotas";
    if (this.#backing !== "xfs" && this.#backing !== "extfs") {
      return `${this.#backing} has no project quotas; use xfs or ext4`;
    }
    using home = Dir.open(this.#home);
    try {
      if (quotaEnforced(targetOf(home))) return undefined;
    } catch (error) {
      return `${whatToDo(this.#backing)} (${messageOf(error)})`;
    }
    return whatToDo(this.#backing);
  }

  /**
   * Limits a layer.
   *
   * @param home Open home directory, locked against other processes.
   * @param dir The layer's directory, still empty.
   * @param limits What it may hold.
   */
  limit(home: Dir, dir: Dir, limits: SizeLimits): void {
    const target = targetOf(home);
    // Docker keeps the number above the home's own for a trial.
    const id = freeAbove(
      projectId(home) + 1,
      (id) => isProjectUsed(target, id),
    );
    setProjectId(dir, id);
    setQuota(target, id, limits);
  }

  /** Refuses limits where there are no quotas. */
  require(what: string): void {
    const obstacle = this.obstacle();
    if (obstacle === undefined) return;
    throw new DriverError("ENOTSUP", `Cannot ${what}: ${obstacle}`);
  }
}

function whatToDo(backing: string): string {
  return backing === "xfs"
    ? "project quota is off; mount xfs with the option pquota"
    : "project quota is off; mount ext4 with the option prjquota";
}

function targetOf(home: Dir): QuotaTarget {
  const device = home.tryStat(DEVICE) && `${home.path}/${DEVICE}`;
  return { fd: home.fd, path: home.path, device };
}

function makeDevice(home: Dir): void {
  const { dev } = home.self();
  const major = Math.floor(dev / DEV_MINORS);
  const minor = dev % DEV_MINORS;
  try {
    const now = home.tryStat(DEVICE);
    if (now && isDevice(now, major, minor)) return;
    if (now) home.unlink(DEVICE);
    home.mknod(DEVICE, S_IFBLK | 0o600, makeDev(major, minor));
  } catch (error) {
    // Kernels since 5.14 do without it.
    if (!hasCode(error, "ENOSYS", "EPERM", ...NO_ROOM)) throw error;
  }
}

function isDevice(status: FileStatus, major: number, minor: number): boolean {
  return status.type === "block" && status.rdevMajor === major &&
    status.rdevMinor === minor;
}

/**
 * Finds a number above `floor` that is free, at a cost that hardly grows with how
 * many are not: layers of any home are numbered upwards, so that beyond some
 * number all are free.
 *
 * @param floor Number to stay above.
 * @param isUsed Asks about a number.
 * @returns A free number whose predecessor is used, or the first one.
 */
export function freeAbove(
  floor: number,
  isUsed: (id: number) => boolean,
): number {
  let free = 1;
  while (isUsed(floor + free)) free *= 2;
  let used = Math.floor(free / 2);
  while (free - used > 1) {
    const middle = Math.floor((free + used) / 2);
    if (isUsed(floor + middle)) used = middle;
    else free = middle;
  }
  return floor + free;
}
