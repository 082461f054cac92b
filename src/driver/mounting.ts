/**
 * Mounts and unmounts layers, counting their uses.
 *
 * @module
 */

import { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import type { OverlayMount } from "../overlay/data.ts";
import { detach, mountAtOnce, mountLayers } from "../overlay/mount.ts";
import { correctDir, setOwner } from "../store/files.ts";
import {
  hasContent,
  type Layer,
  lowerIds,
  lowerIsGone,
  readLink,
  readRecord,
} from "../store/layer.ts";
import { MERGED, WORK } from "../store/layout.ts";
import { lockLayer, lockLayerAtOnce } from "../store/lock.ts";
import type { Context } from "./context.ts";
import { dropExact, persistNames } from "./persist.ts";
import {
  explainVolatile,
  liftVolatile,
  settleVolatile,
  unmarkUnused,
} from "./volatile.ts";

/**
 * Mounts a layer, or counts one use more of it.
 *
 * @returns Absolute path of its files.
 */
export function acquire(
  context: Context,
  id: string,
  label?: string,
  signal?: AbortSignal,
): Promise<string> {
  return context.turns.run(id, async () => {
    const { store } = context;
    using dir = lockLayerAtOnce(store, id) ??
      await lockLayer(store, id, signal);
    return await acquireLocked(context, dir, readRecord(dir, id), label);
  }, signal);
}

/** Mounts a layer whose directory is locked. */
async function acquireLocked(
  context: Context,
  dir: Dir,
  layer: Layer,
  label: string | undefined,
): Promise<string> {
  // What is written from now on is not what was unpacked.
  if (!layer.committed && dropExact(dir)) persistNames(context, dir);
  if (layer.lowers.length === 0) return context.path(layer.diff);
  const merged = context.path(layer.merged);
  // Nothing is mounted on what was just made.
  const made = dir.tryMkdir(MERGED, 0o700);
  const mounted = made ? false : undefined;
  if (context.uses.add(merged, layer.link, mounted)) return merged;
  try {
    await mountLayer(context, dir, layer, label);
    return merged;
  } catch (error) {
    context.uses.drop(merged, layer.link);
    dropMountpoint(dir, MERGED);
    throw explain(context, layer, error);
  }
}

async function mountLayer(
  context: Context,
  dir: Dir,
  layer: Layer,
  label: string | undefined,
): Promise<void> {
  const merged = context.path(layer.merged);
  if (!layer.committed) liftVolatile(context, dir, layer.id);
  try {
    ownMountpoint(context, dir);
    const writable = !layer.committed;
    const mount = mountOf(context, layer, layer.merged, writable, label);
    const { oneByOne } = context.support;
    if (!mountAtOnce(mount, oneByOne)) await mountLayers(mount, oneByOne);
    context.mounted.add(merged);
    if (!layer.committed) ownWork(context, dir);
  } catch (error) {
    const explained = explainVolatile(dir, layer.id, error);
    await takeBack(context, dir, merged);
    if (!layer.committed) unmarkUnused(context, dir);
    throw explained;
  }
}

/** Like {@linkcode release}, after a failure that must not be hidden by another. */
async function takeBack(
  context: Context,
  dir: Dir,
  merged: string,
): Promise<void> {
  try {
    if (unmountLayer(context, dir, merged)) await settleVolatile(context, dir);
  } catch (error) {
    if (!hasCode(error, "EPERM")) throw error;
    dropMountpoint(dir, MERGED);
  }
}

/** What a layer's mount is made of: the pure step from record to mount. */
export function mountOf(
  { support, home, settings }: Context,
  { diff, work, lowers }: Layer,
  target: string,
  writable: boolean,
  label?: string,
): OverlayMount {
  return {
    home,
    lowers: writable ? lowers : [diff, ...lowers],
    upper: writable ? diff : undefined,
    work: writable ? work : undefined,
    target,
    indexOff: support.indexOff,
    userxattr: support.userxattr,
    volatile: writable && settings.volatile,
    label,
  };
}

function ownMountpoint(context: Context, dir: Dir): void {
  const { users, groups } = context.owners;
  correctDir(dir, MERGED, 0o700, { uid: users.root, gid: groups.root });
}

/** The mapped root must be able to move directories through the work directory. */
function ownWork(context: Context, dir: Dir): void {
  const { users, groups } = context.owners;
  setOwner(dir, `${WORK}/work`, { uid: users.root, gid: groups.root });
}

/** Says of a missing lower that it is a fault of the layer's files rather than of the mount. */
export function explain(
  context: Context,
  layer: Layer,
  error: unknown,
): unknown {
  if (!hasCode(error, "ENOENT", "ENOTDIR", "ELOOP", "EINVAL")) return error;
  try {
    const gone = context.store.withHome((home) =>
      lowerIds(home, layer).find((id) => !hasContent(home, id))
    );
    return gone === undefined ? error : lowerIsGone(layer, gone);
  } catch (fault) {
    return fault;
  }
}

/** Gives one use of a layer back; the last one unmounts. */
export function releaseUse(
  context: Context,
  id: string,
  signal?: AbortSignal,
): Promise<void> {
  return context.turns.run(id, async () => {
    try {
      const { store } = context;
      using dir = lockLayerAtOnce(store, id) ??
        await lockLayer(store, id, signal);
      await releaseLocked(context, dir, id);
    } catch (error) {
      // A later layer of the same id must not inherit the uses of this one.
      if (hasCode(error, "ENOENT")) {
        forgetMount(context, context.path(`${id}/${MERGED}`));
      }
      throw error;
    }
  }, signal);
}

/** Unmounts a layer whoever uses it, after its users have lost count. */
export function giveUpUses(context: Context, id: string): Promise<void> {
  return context.turns.run(id, async () => {
    using dir = await lockLayer(context.store, id);
    await release(context, dir, context.path(`${id}/${MERGED}`));
  });
}

function releaseLocked(
  context: Context,
  dir: Dir,
  id: string,
): Promise<void> | undefined {
  const merged = context.path(`${id}/${MERGED}`);
  const link = readLink(dir, id);
  const { uses } = context;
  // What this process has mounted has lowers, whatever became of its record.
  const mounts = uses.counts(merged, link) ||
    readRecord(dir, id).lowers.length > 0;
  if (!mounts) return;
  return uses.drop(merged, link) ? release(context, dir, merged) : undefined;
}

/**
 * Unmounts and removes the mountpoint; removing it takes the mount out of other
 * mount namespaces as well. What a volatile mount held back goes to the disk.
 */
function release(
  context: Context,
  dir: Dir,
  merged: string,
): Promise<void> | undefined {
  unmountLayer(context, dir, merged);
  return settleVolatile(context, dir);
}

/**
 * Like {@linkcode release}, whatever has become of the layers: all are unmounted
 * before anything is asked of a disk that may be broken.
 */
export async function releasePaths(
  context: Context,
  paths: readonly string[],
): Promise<void> {
  const faults: unknown[] = [];
  for (const merged of paths) {
    try {
      detach(merged);
    } catch (fault) {
      faults.push(fault);
    }
    forgetMount(context, merged);
  }
  for (const merged of paths) {
    await settle(context, merged).catch((fault) => faults.push(fault));
  }
  if (faults.length > 0) throw faults[0];
}

/** Does what is left to do for a layer that was unmounted, if there is one. */
async function settle(context: Context, merged: string): Promise<void> {
  using dir = tryOpen(merged.slice(0, -MERGED.length - 1));
  if (dir === undefined) return;
  dropMountpoint(dir, MERGED);
  await settleVolatile(context, dir);
}

function tryOpen(path: string): Dir | undefined {
  try {
    return Dir.open(path);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

/** Tells whether anything was mounted. */
function unmountLayer(context: Context, dir: Dir, merged: string): boolean {
  const mounted = detach(merged);
  forgetMount(context, merged);
  dropMountpoint(dir, MERGED);
  return mounted;
}

function forgetMount(context: Context, merged: string): void {
  context.uses.forget(merged);
  context.mounted.delete(merged);
}

/** Why a mountpoint stays: it is gone, in use, no mountpoint, or out of our hands. */
const LEAVE = ["ENOENT", "ENOTEMPTY", "EBUSY", "ENOTDIR", "EROFS"];

/** Removes an empty directory; one that is in use or gone is left to others. */
export function dropMountpoint(dir: Dir, name: string): void {
  try {
    dir.rmdir(name);
  } catch (error) {
    if (!hasCode(error, ...LEAVE)) throw error;
  }
}
