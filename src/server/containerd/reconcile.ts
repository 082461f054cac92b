/**
 * Layers against records: finishes or undoes what was interrupted.
 *
 * @module
 */

import type { Driver } from "../../driver/driver.ts";
import {
  layerIds,
  removeIfThere,
  warnOfVolatile,
} from "../../driver/snapshots.ts";
import { messageOf } from "../../errors.ts";
import { quote } from "./fault.ts";
import type { Records, Snapshot } from "./records.ts";

const ID_REGEXP = /^(.+)-(\d+)$/;

/** Id of the layer of a snapshot. */
export function layerId(tag: string, number: number): string {
  return `${tag}-${number}`;
}

/** Number of a layer that is a snapshot's; `undefined` if it is anybody else's. */
function numberOf(tag: string, id: string): number | undefined {
  const [, before, digits] = ID_REGEXP.exec(id) ?? [];
  return before === tag && digits !== undefined ? Number(digits) : undefined;
}

/** Makes the beginning of the ids of a new database: one that no layer has. */
export function newTag(driver: Driver): string {
  const ids = layerIds(driver);
  for (;;) {
    const tag = crypto.randomUUID().slice(0, 4);
    if (!ids.some((id) => id.startsWith(`${tag}-`))) return tag;
  }
}

/** The highest number that a layer or a record has; 0 if there is none. */
export function highestNumber(driver: Driver, records: Records): number {
  let highest = 0;
  for (const id of layerIds(driver)) {
    highest = Math.max(highest, numberOf(records.tag, id) ?? 0);
  }
  for (const { number } of records.all()) highest = Math.max(highest, number);
  return highest;
}

/**
 * Brings layers and records together after a crash.
 *
 * A layer without a record was being made or removed: it goes. A record without
 * a layer was being removed: it goes, too, unless others stand on it.
 *
 * @param driver The driver of the home.
 * @param records Its records.
 * @param warn Is told of everything that went.
 */
export async function reconcile(
  driver: Driver,
  records: Records,
  warn: (message: string) => void,
): Promise<void> {
  await removeOrphans(driver, records, new Set(), warn);
  dropLost(driver, records, warn);
  const active = records.all().filter(({ kind }) => kind === "active");
  warnOfVolatile(
    driver,
    active.map(({ number }) => layerId(records.tag, number)),
  );
}

/**
 * Removes layers without a record.
 *
 * @param driver The driver of the home.
 * @param records Its records.
 * @param making Ids of layers that will have one soon.
 * @param warn Is told of each.
 */
export async function removeOrphans(
  driver: Driver,
  records: Records,
  making: ReadonlySet<string>,
  warn: (message: string) => void = () => {},
): Promise<void> {
  const known = new Set(records.all().map(({ number }) => number));
  const orphans = layerIds(driver)
    .map((id) => ({ id, number: numberOf(records.tag, id) ?? 0 }))
    .filter(({ id, number }) =>
      number > 0 && !known.has(number) && !making.has(id)
    )
    // Whatever stands on another was made after it.
    .sort((a, b) => b.number - a.number);
  for (const { id } of orphans) {
    try {
      await removeIfThere(driver, id);
      warn(`Layer ${id} has no record and was removed`);
    } catch (error) {
      warn(`Layer ${id} has no record and stays: ${messageOf(error)}`);
    }
  }
}

/** Drops records without a layer, those first that stand on others. */
function dropLost(
  driver: Driver,
  records: Records,
  warn: (message: string) => void,
): void {
  const layers = new Set(layerIds(driver));
  const isLost = ({ number }: Snapshot) =>
    !layers.has(layerId(records.tag, number));
  const lost = records.all().filter(isLost)
    .sort((a, b) => b.number - a.number);
  for (const { name, number } of lost) {
    const child = records.childOf(number);
    if (child === undefined) {
      records.delete(number);
      warn(`Snapshot ${quote(name)} has no layer and was dropped`);
    } else {
      warn(
        `Snapshot ${quote(name)} has no layer, and snapshot ${
          quote(child)
        } stands on it`,
      );
    }
  }
}
