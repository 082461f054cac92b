/**
 * What somebody needs who mounts layers without the driver.
 *
 * @module
 */

import { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { isUpperMounted } from "../overlay/volatile.ts";
import { lowerIds, readLayer } from "../store/layer.ts";
import { checkId, DIFF, RECORDS, WORK } from "../store/layout.ts";
import { lockLayer } from "../store/lock.ts";
import { type DiskUsage, diskUsage } from "../tree/usage.ts";
import { contextOf, type Driver } from "./driver.ts";
import { paced } from "../pace.ts";
import { createLayer } from "./layers.ts";
import type { Sync } from "./options.ts";
import {
  dropExact,
  persistData,
  persistNames,
  recordLayer,
} from "./persist.ts";
import { liftVolatile, settleVolatile } from "./volatile.ts";

export { RECORDS };
export type { Sync };

/** What an overlay of a layer is made of. Paths are absolute. */
export interface Stack {
  /** The layer's own files. */
  readonly upper: string;
  /** Where overlayfs works. */
  readonly work: string;
  /** What the layer stands on, nearest first. */
  readonly lowers: readonly string[];
  /** Whether to pass `index=off`. */
  readonly indexOff: boolean;
  /** Whether to pass `userxattr`. */
  readonly userxattr: boolean;
  /** Whether to pass `volatile`. */
  readonly volatile: boolean;
}

/**
 * Makes a layer that nobody misses until it is finished. A power cut before that
 * may take it away, as a whole, unless every layer made is to be on the disk.
 *
 * @param driver The driver.
 * @param id Id that is free.
 * @param parent Layer to stand on; `""` for none.
 * @throws {DriverError} as {@linkcode Driver.create}.
 */
export function makePassing(
  driver: Driver,
  id: string,
  parent: string,
): Promise<void> {
  const context = contextOf(driver);
  const wait = context.settings.sync === "layer" ? "order" : "disk";
  return createLayer(context, id, parent, {}, false, wait);
}

/**
 * Tells what an overlay of a layer is made of.
 *
 * @param driver The driver.
 * @param id Id of the layer.
 * @throws {DriverError} `ENOENT`, `EUCLEAN`.
 */
export function stackOf(driver: Driver, id: string): Stack {
  const { store } = contextOf(driver);
  checkId(id);
  const lowers = store.withHome((home) => lowerIds(home, readLayer(home, id)));
  return stackOn(driver, id, lowers);
}

/**
 * Tells what an overlay of a layer is made of, as {@linkcode stackOf}, for whoever
 * knows what it stands on.
 *
 * @param driver The driver.
 * @param id Id of the layer.
 * @param lowers Ids of the layers below, nearest first.
 */
export function stackOn(
  driver: Driver,
  id: string,
  lowers: readonly string[],
): Stack {
  const context = contextOf(driver);
  const { support, settings } = context;
  return {
    upper: context.path(`${id}/${DIFF}`),
    work: context.path(`${id}/${WORK}`),
    lowers: lowers.map((lower) => context.path(`${lower}/${DIFF}`)),
    indexOff: support.indexOff,
    userxattr: support.userxattr,
    volatile: settings.volatile,
  };
}

/** Gives a new layer's root the owner of that of the layer that it stands on. */
export function takeOwner(driver: Driver, id: string, parent: string): void {
  const { store } = contextOf(driver);
  store.withHome((home) => {
    const { uid, gid } = home.stat(`${parent}/${DIFF}`);
    using dir = home.openDir(id);
    const now = dir.stat(DIFF);
    if (now.uid !== uid || now.gid !== gid) dir.chown(DIFF, uid, gid);
  });
}

/**
 * Waits until a layer's files are on the disk and records them, as far as the
 * driver's options want it.
 *
 * @param driver The driver.
 * @param id Id of the layer.
 * @returns What its files take on the disk.
 * @throws {DriverError} `ENOENT`, `EUCLEAN`.
 */
export async function finishLayer(
  driver: Driver,
  id: string,
): Promise<DiskUsage> {
  const context = contextOf(driver);
  await letMountAgain(driver, id);
  using dir = await lockLayer(context.store, id);
  dropExact(dir);
  const publishRecord = await recordLayer(context, dir);
  // One counts while the other waits; both need the directory to the end.
  const measured = layerUsage(driver, id);
  const persisted = persistData(context, dir);
  await Promise.allSettled([measured, persisted]);
  await persisted;
  if (context.settings.manifest) {
    publishRecord();
    persistNames(context, dir);
  }
  return await measured;
}

/** What a layer's own files take on the disk. */
export async function layerUsage(
  driver: Driver,
  id: string,
): Promise<DiskUsage> {
  using root = Dir.open(contextOf(driver).path(`${id}/${DIFF}`));
  return await paced(diskUsage(root));
}

/**
 * Lets a layer be mounted with `volatile` again, once nobody has it mounted and
 * what was written is on the disk.
 */
export async function letMountAgain(driver: Driver, id: string): Promise<void> {
  const context = contextOf(driver);
  if (!context.settings.volatile) return;
  if (isUpperMounted(context.path(`${id}/${DIFF}`))) return;
  using dir = Dir.open(context.path(id));
  await settleVolatile(context, dir);
}

/** Says which of some layers were mounted with `volatile` when everything ended. */
export function warnOfVolatile(driver: Driver, ids: readonly string[]): void {
  const context = contextOf(driver);
  if (!context.settings.volatile) return;
  for (const id of ids) {
    if (isUpperMounted(context.path(`${id}/${DIFF}`))) continue;
    using dir = Dir.open(context.path(id));
    liftVolatile(context, dir, id);
  }
}

/** What is to be on the disk when it has been answered. */
export function syncOf(driver: Driver): Sync {
  return contextOf(driver).settings.sync;
}

/** Ids of all layers of the home, in no order. */
export function layerIds(driver: Driver): string[] {
  return contextOf(driver).store.list();
}

/** Deletes a layer whoever is asked to; one that is gone already is no fault. */
export async function removeIfThere(driver: Driver, id: string): Promise<void> {
  try {
    await driver.remove(id);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
