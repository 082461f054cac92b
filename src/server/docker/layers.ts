/**
 * Calls about layers, answered as Docker's own driver would answer them: a layer
 * that is gone is put and removed, and one that was made already by a call whose
 * answer was lost is made.
 *
 * @module
 */

import { contextOf, type Driver } from "../../driver/driver.ts";
import { childOfLayer, isPristine } from "../../driver/layers.ts";
import { giveUpUses } from "../../driver/mounting.ts";
import { hasCode } from "../../linux/errno.ts";
import { changeMessage, type LayerCall } from "./protocol.ts";

/** The object that a call is answered by. */
export type Message = Readonly<Record<string, unknown>>;

/** Answers a call about a layer. */
export type LayerJob = (
  driver: Driver,
  call: LayerCall,
  signal: AbortSignal,
) => Promise<Message>;

/** All such calls, by name. */
export const LAYER_JOBS: ReadonlyMap<string, LayerJob> = new Map<
  string,
  LayerJob
>([
  ["Create", (driver, call, signal) => create(driver, call, false, signal)],
  [
    "CreateReadWrite",
    (driver, call, signal) => create(driver, call, true, signal),
  ],
  ["Remove", remove],
  ["Get", async (driver, { id, label }, signal) => ({
    Dir: (await driver.get(id, label, { signal })).path,
  })],
  ["Put", (driver, { id }, signal) => unlessGone(driver.put(id, { signal }))],
  ["Exists", async (driver, { id }) => ({ Exists: await driver.exists(id) })],
  ["GetMetadata", async (driver, { id }) => ({
    Metadata: await driver.getMetadata(id),
  })],
  ["Changes", async (driver, { id, parent }) => ({
    Changes: (await driver.changes(id, parent)).map(changeMessage),
  })],
  ["DiffSize", async (driver, { id, parent }) => ({
    Size: await driver.diffSize(id, parent),
  })],
]);

async function unlessGone(work: Promise<void>): Promise<Message> {
  try {
    await work;
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  return {};
}

async function create(
  driver: Driver,
  { id, parent, storageOpt }: LayerCall,
  writable: boolean,
  signal: AbortSignal,
): Promise<Message> {
  try {
    await (writable
      ? driver.createReadWrite(id, parent, { storageOpt, signal })
      : driver.create(id, parent, { storageOpt, signal }));
  } catch (error) {
    const again = hasCode(error, "EEXIST") &&
      isPristine(contextOf(driver), id, parent);
    if (!again) throw error;
  }
  return {};
}

/**
 * Docker unmounts a layer that is removed while its engine has lost count. One
 * that others stand on keeps its mount: it stays.
 */
async function remove(
  driver: Driver,
  { id }: LayerCall,
  signal: AbortSignal,
): Promise<Message> {
  const context = contextOf(driver);
  try {
    await driver.remove(id, { signal });
  } catch (error) {
    if (hasCode(error, "ENOENT")) return {};
    if (!hasCode(error, "EBUSY")) throw error;
    if (await childOfLayer(context, id, signal) !== undefined) throw error;
    await giveUpUses(context, id);
    await unlessGone(driver.remove(id, { signal }));
  }
  return {};
}
