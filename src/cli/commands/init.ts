/**
 * `overlay2 init`.
 *
 * @module
 */

import { defineCommand } from "../command.ts";
import { printStatus } from "../print_status.ts";

/** Checks the system, prepares the home, and prints the status. */
export const command = defineCommand({
  name: "init",
  summary: "Check the system, prepare the home, print the status",
  description: "Other commands prepare a home that is new; this one also " +
    "checks again whether layers can be made in one that was used before.",
  operands: [],
  options: {},
  examples: [
    { line: "overlay2 --home /srv/layers init", help: "A home of its own" },
    {
      line: "overlay2 --storage-opt overlay2.size=10G init",
      help:
        "Whether layers can be limited in size (xfs or ext4 with project quota)",
    },
  ],
  async run(context) {
    await printStatus(context, await context.openDriver("check"));
  },
});
