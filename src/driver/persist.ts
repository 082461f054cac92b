/**
 * When what was done reaches the disk.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { syncFd, syncFileSystem } from "../linux/file.ts";
import { DIFF, EXACT, MANIFEST } from "../store/layout.ts";
import type { Context } from "./context.ts";

/**
 * Waits until what was written so far is on the disk, unless that is not wanted:
 * one syncfs(2), however many files.
 *
 * @param context The driver's parts.
 * @param layer Open directory on the file system.
 */
export async function persistData(
  { settings }: Context,
  layer: Dir,
): Promise<void> {
  if (settings.sync !== "none") await syncFileSystem(layer.fd, layer.path);
}

/** Waits until the names in a layer's directory are on the disk, unless that is not wanted. */
export function persistNames({ settings }: Context, layer: Dir): void {
  if (settings.sync !== "none") syncFd(layer.fd, layer.path);
}

/** Forgets what an earlier apply recorded, before it is no longer true. */
export function dropRecords(layer: Dir): void {
  if (layer.tryStat(MANIFEST) !== undefined) layer.unlink(MANIFEST);
  dropExact(layer);
}

/** Forgets the archive that a layer was filled from; tells whether there was one. */
export function dropExact(layer: Dir): boolean {
  if (layer.tryStat(EXACT) === undefined) return false;
  layer.unlink(EXACT);
  return true;
}

/**
 * Records what a layer's directory holds, if that is wanted.
 *
 * @param context The driver's parts.
 * @param layer The layer's directory, locked.
 * @param name Directory in it that holds the files.
 * @returns Puts the record in its place; called once the files are in theirs.
 */
export async function recordLayer(
  { settings, jobs }: Context,
  layer: Dir,
  name = DIFF,
): Promise<() => void> {
  if (!settings.manifest) return () => {};
  return await jobs.record.use(({ recordFiles }) => recordFiles(layer, name));
}
