/**
 * `overlay2 cleanup`.
 *
 * @module
 */

import { defineCommand } from "../command.ts";

/** Unmounts what is left under the home. */
export const command = defineCommand({
  name: "cleanup",
  summary: "Unmount and delete what was left behind under the home",
  description:
    "For after a crash. Layers that are in use are unmounted, too; " +
    "deleted is only what was half-made or half-removed.",
  operands: [],
  options: {},
  examples: [{ line: "overlay2 cleanup", help: "Before the home is removed" }],
  async run(context) {
    const driver = await context.openDriver();
    const { cleanUp } = await import("../../driver/cleanup.ts");
    const { contextOf } = await import("../../driver/driver.ts");
    const { unmounted, deleted } = await cleanUp(contextOf(driver));
    if (context.json) return await context.printJson({ unmounted, deleted });
    const lines = [
      ...unmounted.map((path) => `Unmounted ${path}`),
      ...deleted.map((name) => `Deleted ${name}`),
    ];
    await context.printAll(lines.length > 0 ? lines : ["Nothing was left"]);
  },
});
