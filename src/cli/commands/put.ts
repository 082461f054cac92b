/**
 * `overlay2 put`.
 *
 * @module
 */

import { defineCommand, LAYER } from "../command.ts";

/** Unmounts a layer. */
export const command = defineCommand({
  name: "put",
  summary: "Unmount a layer that get has mounted",
  operands: [LAYER],
  options: {},
  examples: [{ line: "overlay2 put work", help: "Undo get" }],
  async run(context, [id]) {
    const driver = await context.openDriver();
    await driver.put(id!, { signal: context.signal });
  },
});
