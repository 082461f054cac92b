/**
 * `overlay2 create-rw`.
 *
 * @module
 */

import { defineCommand, LAYER, NEW_PARENT } from "../command.ts";

/** Makes a writable layer. */
export const command = defineCommand({
  name: "create-rw",
  summary: "Make a writable layer",
  operands: [LAYER, NEW_PARENT],
  options: {
    size: {
      type: "string",
      value: "N",
      help:
        "Most bytes it may hold, such as 10G; needs xfs or ext4 with project quota",
    },
  },
  examples: [
    { line: "overlay2 create-rw work app", help: "To work upon app" },
    {
      line: "overlay2 create-rw work app --size 10G",
      help: "The same, but no more than 10 GiB",
    },
  ],
  async run(context, [id, parent], { size }) {
    const driver = await context.openDriver("make");
    await driver.createReadWrite(id!, parent, {
      signal: context.signal,
      ...size !== undefined && { storageOpt: { size } },
    });
  },
});
