/**
 * How drivers are made, and how the command line reaches into them.
 *
 * @module
 */

import type { ApplyOptions, DriverOptions } from "../types.ts";
import { contextOf, type Driver, newDriver } from "./driver.ts";
import { openContext, type Opening } from "./open.ts";
import type { Source } from "./source.ts";

/**
 * Prepares a home directory and opens the driver on it.
 *
 * Checks that overlays can be mounted there, and makes the home if it is
 * missing; its parent must exist. Layers that are there stay as they are; what
 * processes that died left half-made or half-removed is deleted.
 *
 * @param home Path of the home, such as `"/var/lib/docker/overlay2"`.
 * @param options Storage options and id maps.
 * @throws {DriverError} `EINVAL` for an unknown option or a bad value, `ENOENT`
 * if the home's parent is missing, `EPERM` without root, `ENOTSUP` if the kernel
 * or the file system cannot carry overlays, or no quota where one is asked for.
 *
 * @example
 * ```ts
 * import { init } from "@overlay2/driver";
 *
 * const temp = await Deno.makeTempDir();
 * const driver = await init(`${temp}/overlay2`);
 * console.log(driver.status());
 * await Deno.remove(temp, { recursive: true });
 * ```
 */
export async function init(
  home: string,
  options: DriverOptions = {},
): Promise<Driver> {
  const driver = await openDriver(home, options, "check");
  const { jobs, settings } = contextOf(driver);
  await jobs.load(settings.manifest);
  return driver;
}

/**
 * Opens the driver with less ado than {@linkcode init}: the kernel is asked, and
 * code is loaded, only for what a job needs.
 *
 * @param home Path of the home.
 * @param options Storage options and id maps.
 * @param opening What to do beforehand.
 */
export async function openDriver(
  home: string,
  options: DriverOptions,
  opening: Opening,
): Promise<Driver> {
  const context = await openContext(home, options, opening);
  if (opening === "check") {
    const { recover } = await import("./recover.ts");
    await recover(context);
  }
  return newDriver(context);
}

/** Waits until everything that calls left for later is done. */
export function settled(driver: Driver): Promise<void> {
  return contextOf(driver).background.idle();
}

/** Unpacks an archive from anywhere; otherwise as {@linkcode Driver.applyDiff}. */
export function applyFrom(
  driver: Driver,
  id: string,
  parent: string | undefined,
  source: Source,
  options: ApplyOptions = {},
): Promise<number> {
  const context = contextOf(driver);
  return context.jobs.apply.use(({ applyArchive }) =>
    applyArchive(context, id, parent, source, options)
  );
}
