/**
 * Checks the home of a driver.
 *
 * @module
 */

import { checkHome } from "../check/check.ts";
import type { CheckOptions, Finding } from "../types.ts";
import type { Context } from "./context.ts";

/** Checks a driver's home, whose owners the driver knows. */
export async function checkLayers(
  context: Context,
  ids: readonly string[] | undefined,
  options: CheckOptions,
): Promise<Finding[]> {
  const { users, groups } = context.owners;
  const isMapped = users.root !== 0 || groups.root !== 0;
  return await checkHome(context.home, ids, {
    root: isMapped ? { uid: users.root, gid: groups.root } : undefined,
    namespace: context.support.namespace,
  }, options);
}
