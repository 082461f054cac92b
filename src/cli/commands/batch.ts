/**
 * `overlay2 batch`.
 *
 * @module
 */

import { Answers } from "../answers.ts";
import { Batch } from "../batch.ts";
import { defineCommand, UsageError } from "../command.ts";
import { linesOf } from "../lines.ts";
import { optionWords } from "../settings.ts";
import { interrupted, openStandardInput } from "../streams.ts";

/** Runs the commands that standard input names. */
export const command = defineCommand({
  name: "batch",
  summary: "Run commands from standard input, answer each with a line of JSON",
  description: "Each line is one command: words as in a shell, with quotes " +
    "but nothing expanded, or a JSON array of them. Empty lines and lines " +
    "that begin with # are passed over. The answer is an object: status is " +
    "the exit status that the command would have, result what it prints with " +
    "--json, error why it failed, warnings what it has to say. Errors do not " +
    "end the batch. Archives come from and go to files (-i, -o).",
  operands: [],
  options: {},
  examples: [
    {
      line: "printf 'create a\\nget a\\nput a\\n' | overlay2 batch",
      help: "Three commands, three answers",
    },
  ],
  async run(context) {
    if (!context.standardStreams) {
      throw new UsageError("Cannot run a batch within a batch");
    }
    const { source } = await openStandardInput(context.signal);
    const batch = new Batch(context.host, [
      `--home=${context.home}`,
      ...optionWords(context.driverOptions),
    ]);
    const answers = new Answers((bytes) => context.host.write(bytes));
    try {
      for await (const lines of linesOf(source)) {
        for (const line of lines) {
          const answer = await batch.run(line);
          if (answer !== undefined) await answers.add(answer);
          if (context.signal.aborted) throw interrupted();
        }
      }
    } finally {
      await batch.settle();
      await answers.flush();
    }
  },
});
