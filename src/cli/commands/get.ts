/**
 * `overlay2 get`.
 *
 * @module
 */

import { defineCommand, LAYER } from "../command.ts";
import { interrupted } from "../streams.ts";

/** Mounts a layer and prints where. */
export const command = defineCommand({
  name: "get",
  summary: "Mount a layer and print where its files are",
  description: "The mount stays when the command ends, until put. A layer " +
    "without a parent needs no mount: its own directory is printed.",
  operands: [LAYER],
  options: {
    label: {
      type: "string",
      value: "L",
      help: "SELinux label of the mount",
    },
  },
  examples: [
    { line: "cd $(overlay2 get work)", help: "Mount it and go there" },
  ],
  async run(context, [id], { label }) {
    const driver = await context.openDriver();
    const { path } = await driver.get(id!, label, {
      signal: context.signal,
    });
    if (context.signal.aborted) throw interrupted();
    await (context.json ? context.printJson({ path }) : context.print(path));
  },
});
