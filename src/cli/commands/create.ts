/**
 * `overlay2 create`.
 *
 * @module
 */

import { defineCommand, LAYER, NEW_PARENT } from "../command.ts";

/** Makes a read-only layer. */
export const command = defineCommand({
  name: "create",
  summary: "Make a read-only layer",
  operands: [LAYER, NEW_PARENT],
  options: {},
  examples: [
    { line: "overlay2 create base", help: "A layer of its own" },
    { line: "overlay2 create app base", help: "A layer upon it" },
  ],
  async run(context, [id, parent]) {
    const driver = await context.openDriver("make");
    await driver.create(id!, parent, { signal: context.signal });
  },
});
