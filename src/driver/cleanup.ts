/**
 * Takes away what mounts and interrupted work left under a home.
 *
 * @module
 */

import { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { tryLock } from "../linux/lock.ts";
import { mountsBelow } from "../linux/mountinfo.ts";
import { detach } from "../overlay/mount.ts";
import { openLayer } from "../store/layer.ts";
import { isUnfinished, MERGED } from "../store/layout.ts";
import type { Context } from "./context.ts";
import { dropMountpoint, releasePaths } from "./mounting.ts";
import { purgeLeftovers, purgeStrays } from "./recover.ts";

/** What {@linkcode cleanUp} did. */
export interface CleanupReport {
  /** Mountpoints that were unmounted. */
  readonly unmounted: string[];
  /** Half-made or half-deleted files and directories that were deleted, as paths in the home. */
  readonly deleted: string[];
}

/**
 * Unmounts all that is mounted below the home, never the home itself, and
 * deletes what interrupted work left behind.
 */
export async function cleanUp(context: Context): Promise<CleanupReport> {
  const unmounted = await unmountAll(context);
  await context.background.idle();
  const { deleted, faults } = await purgeLeftovers(context);
  for (const id of context.store.list()) {
    try {
      deleted.push(...await cleanLayer(context, id));
    } catch (fault) {
      if (!hasCode(fault, "ENOENT")) faults.push(fault);
    }
  }
  if (faults.length > 0) throw faults[0];
  return { unmounted, deleted };
}

/** Takes away the mountpoint, and what interrupted work left, of a layer that nobody works on. */
async function cleanLayer(context: Context, id: string): Promise<string[]> {
  dropUnusedMountpoint(context, id);
  return await purgeStrays(context, id);
}

function dropUnusedMountpoint(context: Context, id: string): void {
  using dir = context.store.withHome((home) => openLayer(home, id));
  if (tryLock(dir.fd, dir.path)) dropMountpoint(dir, MERGED);
}

async function unmountAll(context: Context): Promise<string[]> {
  const unmounted: string[] = [];
  const home = Deno.realPathSync(context.home);
  for (const { mountpoint } of mountsBelow(home)) {
    if (isTrial(home, mountpoint) || !detach(mountpoint)) continue;
    unmounted.push(mountpoint);
  }
  const layers = unmounted.filter((path) => path.endsWith(`/${MERGED}`));
  await releasePaths(context, [...layers, ...context.mounted]);
  return unmounted;
}

/** Whether another process is just trying out what the kernel can do; it unmounts by itself. */
function isTrial(home: string, mountpoint: string): boolean {
  const [name] = mountpoint.slice(home.length + 1).split("/");
  if (name === undefined || !isUnfinished(name)) return false;
  using above = Dir.open(home);
  using dir = above.tryOpenDir(name);
  return dir !== undefined && !tryLock(dir.fd, dir.path);
}
