/**
 * `overlay2 remove`.
 *
 * @module
 */

import { defineCommand, LAYER } from "../command.ts";
import { Progress } from "../progress.ts";
import { interrupted } from "../streams.ts";

/** Deletes layers. */
export const command = defineCommand({
  name: "remove",
  summary: "Delete layers",
  description: "Layers with children or in use are kept. All are tried; each " +
    "failure is reported on a line of its own.",
  operands: [{ ...LAYER, repeated: true }],
  options: {},
  examples: [
    { line: "overlay2 remove work app base", help: "Children first" },
  ],
  async run(context, ids) {
    const driver = await context.openDriver();
    let failures = 0;
    for (const id of ids) {
      if (context.signal.aborted) {
        throw interrupted();
      }
      try {
        using _progress = new Progress(context, `remove ${id}`);
        await driver.remove(id, { signal: context.signal });
        await context.settle();
      } catch (error) {
        context.report(error, id);
        failures += 1;
      }
    }
    return failures === 0 ? 0 : 1;
  },
});
