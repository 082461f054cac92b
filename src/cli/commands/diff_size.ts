/**
 * `overlay2 diff-size`.
 *
 * @module
 */

import { defineCommand, LAYER, PARENT } from "../command.ts";
import { Progress } from "../progress.ts";

/** Prints how many bytes a layer changes. */
export const command = defineCommand({
  name: "diff-size",
  summary: "Print how many bytes a layer adds or changes",
  operands: [LAYER, PARENT],
  options: {},
  readsOnly: true,
  examples: [{ line: "overlay2 diff-size work", help: "Since its parent" }],
  async run(context, [id, parent]) {
    const driver = await context.openDriver();
    const progress = new Progress(context, `diff-size ${id}`);
    const size = await driver.diffSize(id!, parent)
      .finally(() => progress[Symbol.dispose]());
    await (context.json
      ? context.printJson({ size })
      : context.print(String(size)));
  },
});
