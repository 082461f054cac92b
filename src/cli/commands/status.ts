/**
 * `overlay2 status`.
 *
 * @module
 */

import { defineCommand } from "../command.ts";
import { printStatus } from "../print_status.ts";

/** Prints what the driver found out about the system. */
export const command = defineCommand({
  name: "status",
  summary: "Print what the system can do, as NAME: VALUE lines",
  operands: [],
  options: {},
  readsOnly: true,
  examples: [
    { line: "overlay2 status", help: "For people" },
    { line: "overlay2 status --json", help: "For programs, as pairs" },
  ],
  async run(context) {
    await printStatus(context, await context.openDriver());
  },
});
