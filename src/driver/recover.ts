/**
 * Finishes or undoes what was interrupted.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import { hasCode } from "../linux/errno.ts";
import { tryLock } from "../linux/lock.ts";
import { leftovers, purgeLayer } from "../store/condemn.ts";
import { openLayer } from "../store/layer.ts";
import { hasStrays, removeStrays } from "../store/strays.ts";
import type { Context } from "./context.ts";
import { paced } from "../pace.ts";

/** What {@linkcode purgeLeftovers} did. */
export interface Purged {
  /** Names in the home that were deleted. */
  readonly deleted: string[];
  /** What kept others from being deleted. */
  readonly faults: unknown[];
}

/** Deletes the half-made and half-removed layers of processes that died. */
export async function purgeLeftovers(context: Context): Promise<Purged> {
  const deleted: string[] = [];
  const faults: unknown[] = [];
  for (const doomed of await leftovers(context.store)) {
    try {
      await paced(purgeLayer(context.store, doomed));
      deleted.push(doomed.name);
    } catch (fault) {
      faults.push(fault);
    }
  }
  return { deleted, faults };
}

/**
 * Deletes what an interrupted call left in a layer that nobody works on.
 *
 * @returns Paths in the home.
 */
export async function purgeStrays(
  context: Context,
  id: string,
): Promise<string[]> {
  using dir = context.store.withHome((home) => openLayer(home, id));
  if (!hasStrays(dir) || !tryLock(dir.fd, dir.path)) return [];
  const strays = await paced(removeStrays(dir));
  return strays.map((name) => `${id}/${name}`);
}

/** Brings a home back after a crash. What cannot be mended now harms nobody, and is told. */
export async function recover(context: Context): Promise<void> {
  const { faults } = await purgeLeftovers(context)
    .catch((fault: unknown) => ({ faults: [fault] }));
  for (const id of context.store.list()) {
    await purgeStrays(context, id).catch((fault: unknown) =>
      void (hasCode(fault, "ENOENT") || faults.push(fault))
    );
  }
  for (const fault of faults) {
    context.warn(
      `Cannot delete what interrupted work left in the home: ${
        messageOf(fault)
      }`,
    );
  }
}
