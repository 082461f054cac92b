/**
 * Layers that another process removes while they are read.
 *
 * @module
 */

import type { Driver } from "../../mod.ts";
import { hasCode } from "../../src/linux/errno.ts";
import { DriverError } from "../../src/errors.ts";
import { assert, assertEquals } from "../assert.ts";
import { bytesOf, tempDriver } from "../fixtures.ts";

const PROGRAM = new URL("./other_process.ts", import.meta.url).pathname;

/** Calls that read a layer without its lock; what is left of it is `expected`. */
const READS: Readonly<
  Record<string, (driver: Driver, id: string) => Promise<unknown>>
> = {
  getMetadata: async (driver, id) =>
    (await driver.getMetadata(id)).LowerDir?.split(":").length,
  changes: (driver, id) => driver.changes(id),
  "changes against another": (driver, id) => driver.changes(id, "base"),
  diffSize: (driver, id) => driver.diffSize(id),
  "diffSize against none": (driver, id) => driver.diffSize(id, ""),
  diff: async (driver, id) => (await bytesOf(driver.diff(id))).length,
};
const EXPECTED = [2, [], [], 0, 0, 1024];

/** Why a call failed, unless the layer was missing or went away. */
function faultOf(error: unknown): string[] {
  const known = error instanceof DriverError && hasCode(error, "ENOENT", "EIO");
  return known ? [] : [`${error}`];
}

Deno.test("Driver never takes a layer that is being removed for a corrupt one, nor for another", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("base");
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROGRAM, home, "churn"],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const ended = child.output();
  let done = false;
  ended.finally(() => done = true);
  const faults: string[] = [];
  let whole = 0;
  while (!done) {
    for (const [i, read] of Object.values(READS).entries()) {
      try {
        assertEquals(await read(driver, "child"), EXPECTED[i]);
        whole++;
      } catch (error) {
        faults.push(...faultOf(error));
      }
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  const { success, stderr } = await ended;

  assertEquals(success, true, new TextDecoder().decode(stderr));
  assertEquals(faults, []);
  assert(whole > 0);
});
