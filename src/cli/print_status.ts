/**
 * The status table, which two commands print.
 *
 * @module
 */

import type { Driver } from "../driver/driver.ts";
import type { Context } from "./command.ts";

/**
 * Prints the driver's status.
 *
 * @param context Where to.
 * @param driver The driver.
 */
export async function printStatus(
  context: Context,
  driver: Driver,
): Promise<void> {
  const status = driver.status();
  if (context.json) return await context.printJson(status);
  await context.print(...status.map(([name, value]) => `${name}: ${value}`));
}
