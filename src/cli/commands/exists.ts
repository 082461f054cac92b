/**
 * `overlay2 exists`.
 *
 * @module
 */

import { defineCommand, LAYER } from "../command.ts";

/** Tells by its exit status whether a layer exists. */
export const command = defineCommand({
  name: "exists",
  summary: "Tell by exit status 0 or 1 whether a layer exists",
  operands: [LAYER],
  options: {},
  readsOnly: true,
  examples: [
    {
      line: "overlay2 exists base || overlay2 create base",
      help: "Make it unless it exists",
    },
  ],
  async run(context, [id]) {
    const driver = await context.openDriver();
    const exists = await driver.exists(id!);
    if (context.json) await context.printJson({ exists });
    return exists ? 0 : 1;
  },
});
