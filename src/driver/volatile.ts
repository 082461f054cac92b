/**
 * Layers mounted with `volatile`: nothing reaches the disk on request while they
 * are in use, and once when they are given back.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { isVolatile, unmarkVolatile } from "../overlay/volatile.ts";
import { quote, WORK } from "../store/layout.ts";
import type { Context } from "./context.ts";
import { persistData } from "./persist.ts";

const NOT_GIVEN_BACK =
  "it was in use with overlay2.volatile and was not given back before the machine or its mount ended, so that files may be incomplete";

/**
 * Puts on the disk what was written to a layer, and lets it be mounted again.
 *
 * @param context The driver's parts.
 * @param dir The layer's directory.
 * @returns Nothing if there is nothing to wait for.
 */
export function settleVolatile(
  context: Context,
  dir: Dir,
): Promise<void> | undefined {
  return isVolatile(dir, WORK) ? settle(context, dir) : undefined;
}

async function settle(context: Context, dir: Dir): Promise<void> {
  await persistData(context, dir);
  unmark(dir);
}

/** Lets a layer be mounted that was not given back, where its loss was accepted. */
export function liftVolatile(context: Context, dir: Dir, id: string): void {
  if (!context.settings.volatile || !isVolatile(dir, WORK)) return;
  context.warn(`Layer ${quote(id)} is mounted: ${NOT_GIVEN_BACK}`);
  unmark(dir);
}

/**
 * Takes the mark of a mount away that the kernel made and that did not come to be
 * used, so that nothing can be lost. To be called after {@linkcode liftVolatile}.
 */
export function unmarkUnused(context: Context, dir: Dir): void {
  if (context.settings.volatile && isVolatile(dir, WORK)) unmark(dir);
}

/** Says why the kernel refuses a layer that was not given back. */
export function explainVolatile(dir: Dir, id: string, error: unknown): unknown {
  if (!hasCode(error, "EINVAL") || !isVolatile(dir, WORK)) return error;
  return new DriverError(
    "EUCLEAN",
    `Cannot mount layer ${
      quote(id)
    }: ${NOT_GIVEN_BACK}; "check --repair" lets it be mounted again`,
    { cause: error },
  );
}

function unmark(dir: Dir): void {
  using work = dir.openDir(WORK);
  unmarkVolatile(work);
}
