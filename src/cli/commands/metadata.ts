/**
 * `overlay2 metadata`.
 *
 * @module
 */

import { defineCommand, LAYER } from "../command.ts";

/** Prints the directories of a layer. */
export const command = defineCommand({
  name: "metadata",
  summary: "Print the directories of a layer, as KEY VALUE lines",
  operands: [LAYER],
  options: {},
  readsOnly: true,
  examples: [
    { line: "overlay2 metadata work", help: "For people" },
    {
      line: "overlay2 metadata work --json | jq -r .UpperDir",
      help: "Where its own files are",
    },
  ],
  async run(context, [id]) {
    const driver = await context.openDriver();
    const metadata = await driver.getMetadata(id!);
    if (context.json) return await context.printJson(metadata);
    const lines = Object.entries(metadata).map((pair) => pair.join(" "));
    await context.print(...lines);
  },
});
