/**
 * Mounts and unmounts layers, counting their uses.
 *
 * @module
 */

import { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import type { OverlayMount } from "../overlay/data.ts";
import { detach, mountLayers } from "../overlay/mount.ts";
import { correctDir, makeDir, setOwner } from "../store/files.ts";
import {
  hasContent,
  type Layer,
  lowerIds,
  lowerIsGone,
} from "../store/layer.ts";
import { MERGED, WORK } from "../store/layout.ts";
import type { Context } from "./context.ts";
import { explainVolatile, liftVolatile, settleVolatile } from "./volatile.ts";

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
    using _lock = await context.store.lock(id, signal);
    return await acquireLocked(context, id, label);
  }, signal);
}

/** Like {@linkcode acquire}, for work that has the layer's turn and lock already. */
export async function acquireLocked(
  context: Context,
  id: string,
  label?: string,
): Promise<string> {
  const layer = context.store.read(id);
  if (layer.lowers.length === 0) return context.path(layer.diff);
  const merged = context.path(layer.merged);
  if (context.uses.add(merged, layer.link)) return merged;
  try {
    await mountLayer(context, layer, label);
    return merged;
  } catch (error) {
    context.uses.drop(merged, layer.link);
    throw explain(context, layer, error);
  }
}

async function mountLayer(
  context: Context,
  layer: Layer,
  label: string | undefined,
): Promise<void> {
  const merged = context.path(layer.merged);
  if (!layer.committed) liftVolatile(context, layer);
  makeMountpoint(context, layer);
  try {
    const mount = mountOf(context, layer, layer.merged, !layer.committed);
    await mountLayers({ ...mount, label }, context.support.oneByOne);
    context.mounted.add(merged);
    if (!layer.committed) ownWork(context, layer);
  } catch (error) {
    const explained = explainVolatile(context, layer, error);
    await takeBack(context, merged);
    throw explained;
  }
}

/** Like {@linkcode release}, after a failure that must not be hidden by another. */
async function takeBack(context: Context, merged: string): Promise<void> {
  try {
    if (unmountLayer(context, merged)) await release(context, merged);
  } catch (error) {
    if (!hasCode(error, "EPERM")) throw error;
    removeMountpoint(merged);
  }
}

/** What a layer's mount is made of: the pure step from record to mount. */
export function mountOf(
  { support, home, settings }: Context,
  { diff, work, lowers }: Layer,
  target: string,
  writable: boolean,
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
  };
}

function makeMountpoint(context: Context, layer: Layer): void {
  const { users, groups } = context.owners;
  const owner = { uid: users.root, gid: groups.root };
  using dir = Dir.open(context.path(layer.id));
  try {
    makeDir(dir, MERGED, 0o700, owner);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    correctDir(dir, MERGED, 0o700, owner);
  }
}

/** The mapped root must be able to move directories through the work directory. */
function ownWork(context: Context, layer: Layer): void {
  const { users, groups } = context.owners;
  using work = Dir.open(context.path(layer.work));
  setOwner(work, "work", { uid: users.root, gid: groups.root });
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
      using _lock = await context.store.lock(id, signal);
      await releaseLocked(context, id);
    } catch (error) {
      // A later layer of the same id must not inherit the uses of this one.
      if (hasCode(error, "ENOENT")) forget(context, id);
      throw error;
    }
  }, signal);
}

/** Unmounts a layer whoever uses it, after its users have lost count. */
export function giveUpUses(context: Context, id: string): Promise<void> {
  return context.turns.run(id, async () => {
    using _lock = await context.store.lock(id);
    await release(context, context.path(`${id}/${MERGED}`));
  });
}

function forget(context: Context, id: string): void {
  const merged = context.path(`${id}/${MERGED}`);
  context.uses.forget(merged);
  context.mounted.delete(merged);
}

/** Like {@linkcode releaseUse}, for work that has the layer's turn and lock already. */
export async function releaseLocked(
  context: Context,
  id: string,
): Promise<void> {
  const layer = context.store.read(id);
  if (layer.lowers.length === 0) return;
  const merged = context.path(layer.merged);
  if (!context.uses.drop(merged, layer.link)) return;
  await release(context, merged);
}

/**
 * Unmounts and removes the mountpoint; removing it takes the mount out of other
 * mount namespaces as well. What a volatile mount held back goes to the disk.
 */
export async function release(
  context: Context,
  merged: string,
): Promise<void> {
  unmountLayer(context, merged);
  await settleVolatile(context, besideMountpoint(merged, WORK));
}

/** Tells whether anything was mounted. */
function unmountLayer(context: Context, merged: string): boolean {
  const mounted = detach(merged);
  context.mounted.delete(merged);
  context.uses.forget(merged);
  removeMountpoint(merged);
  return mounted;
}

/** Path of something that lies in a layer's directory as its mountpoint does. */
function besideMountpoint(merged: string, name: string): string {
  return `${merged.slice(0, -MERGED.length)}${name}`;
}

/** Removes a mountpoint that is empty; one that is not stays. */
function removeMountpoint(merged: string): void {
  try {
    using dir = Dir.open(besideMountpoint(merged, "."));
    dropMountpoint(dir, MERGED);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTDIR")) throw error;
  }
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
