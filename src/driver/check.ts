/**
 * Checks the home of a driver.
 *
 * @module
 */

import type { CheckOptions, Finding } from "../types.ts";
import type { Context } from "./context.ts";

/** Checks a driver's home, by code that is loaded only then. */
export async function checkLayers(
  context: Context,
  ids: readonly string[] | undefined,
  options: CheckOptions,
): Promise<Finding[]> {
  const { users, groups } = context.owners;
  const isMapped = users.root !== 0 || groups.root !== 0;
  const { checkHome } = await import("../check/check.ts");
  return await checkHome(context.home, ids, {
    root: isMapped ? { uid: users.root, gid: groups.root } : undefined,
    namespace: context.support.namespace,
  }, options);
}
