/**
 * `overlay2 changes`.
 *
 * @module
 */

import { defineCommand, LAYER, PARENT } from "../command.ts";
import { Progress } from "../progress.ts";

/** Lists what a layer changes. */
export const command = defineCommand({
  name: "changes",
  summary: "List what a layer adds (A), changes (C) and deletes (D)",
  description: "One path per line, sorted by bytes. A name is printed byte " +
    "for byte, except on a terminal, where control characters are escaped.",
  operands: [LAYER, PARENT],
  options: {},
  readsOnly: true,
  examples: [
    { line: "overlay2 changes work", help: "Since its parent" },
    { line: "overlay2 changes work base", help: "Since another layer" },
    { line: "overlay2 changes work --json", help: "For programs" },
  ],
  async run(context, [id, parent]) {
    const driver = await context.openDriver();
    const progress = new Progress(context, `changes ${id}`);
    const changes = await driver.changes(id!, parent)
      .finally(() => progress[Symbol.dispose]());
    if (context.json) return await context.printJson(changes);
    await context.printAll(
      changes.map(({ kind, path }) => `${kind} ${path}`),
    );
  },
});
