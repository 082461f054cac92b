/**
 * Layers mounted with `volatile`: nothing reaches the disk on request while they
 * are in use, and once when they are given back.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { isVolatile, unmarkVolatile } from "../overlay/volatile.ts";
import type { Layer } from "../store/layer.ts";
import { quote } from "../store/layout.ts";
import type { Context } from "./context.ts";
import { persistData } from "./persist.ts";

const NOT_GIVEN_BACK =
  "it was in use with overlay2.volatile and was not given back before the machine or its mount ended, so that files may be incomplete";

/**
 * Puts on the disk what was written to a layer, and lets it be mounted again.
 *
 * @param context The driver's parts.
 * @param path Absolute path of its work directory.
 */
export async function settleVolatile(
  context: Context,
  path: string,
): Promise<void> {
  using work = markedWork(path);
  if (work === undefined) return;
  await persistData(context, work);
  unmarkVolatile(work);
}

/** Lets a layer be mounted that was not given back, where its loss was accepted. */
export function liftVolatile(context: Context, layer: Layer): void {
  if (!context.settings.volatile) return;
  using work = markedWork(context.path(layer.work));
  if (work === undefined) return;
  context.warn(`Layer ${quote(layer.id)} is mounted: ${NOT_GIVEN_BACK}`);
  unmarkVolatile(work);
}

/** Says why the kernel refuses a layer that was not given back. */
export function explainVolatile(
  context: Context,
  layer: Layer,
  error: unknown,
): unknown {
  if (!hasCode(error, "EINVAL")) return error;
  using work = markedWork(context.path(layer.work));
  if (work === undefined) return error;
  return new DriverError(
    "EUCLEAN",
    `Cannot mount layer ${
      quote(layer.id)
    }: ${NOT_GIVEN_BACK}; "check --repair" lets it be mounted again`,
    { cause: error },
  );
}

/** A work directory if it carries the mark. */
function markedWork(path: string): Dir | undefined {
  const work = openWork(path);
  let marked = false;
  try {
    marked = work !== undefined && isVolatile(work);
  } finally {
    if (!marked) work?.[Symbol.dispose]();
  }
  return marked ? work : undefined;
}

function openWork(path: string): Dir | undefined {
  try {
    return Dir.open(path);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
