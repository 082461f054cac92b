/**
 * Finishes or undoes what was interrupted.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import type { Context } from "./context.ts";
import { paced } from "./pace.ts";

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
  for (const doomed of await context.store.leftovers()) {
    try {
      await paced(context.store.purge(doomed));
      deleted.push(doomed.name);
    } catch (fault) {
      faults.push(fault);
    }
  }
  return { deleted, faults };
}

/** Brings a home back after a crash. What cannot be mended now harms nobody, and is told. */
export async function recover(context: Context): Promise<void> {
  const { faults } = await purgeLeftovers(context)
    .catch((fault: unknown) => ({ faults: [fault] }));
  for (const fault of faults) {
    context.warn(
      `Cannot delete what interrupted work left in the home: ${
        messageOf(fault)
      }`,
    );
  }
}
