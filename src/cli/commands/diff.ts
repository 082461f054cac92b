/**
 * `overlay2 diff`.
 *
 * @module
 */

import type { OpenDiff } from "../../driver/diff.ts";
import { type Context, defineCommand, LAYER, PARENT } from "../command.ts";
import { UsageError } from "../command.ts";
import { writeFileWhole } from "../output_file.ts";
import { Progress, readableSize } from "../progress.ts";
import { writePieces } from "../pieces.ts";
import type { Sink } from "../streams.ts";

const STDOUT = "standard output";

/** Writes what a layer changes as an archive. */
export const command = defineCommand({
  name: "diff",
  summary: "Write what a layer changes as a tar archive",
  description: "The archive goes to standard output, which must not be a " +
    "terminal, unless -o names a file. That appears when it is complete.",
  operands: [LAYER, PARENT],
  options: {
    output: {
      type: "string",
      short: "o",
      value: "FILE",
      help: "Write the archive to FILE instead",
    },
  },
  examples: [
    { line: "overlay2 diff work | tar -tv", help: "Show it" },
    { line: "overlay2 diff work -o work.tar", help: "Keep it" },
    {
      line: 'overlay2 diff work ""',
      help: "All that is seen in it, as one layer",
    },
  ],
  async run(context, [id, parent], { output }) {
    const toFile = output !== undefined && output !== "-";
    if (!toFile && !context.standardStreams) {
      throw new UsageError(
        "Cannot write an archive to the output of a batch: name a file by -o",
      );
    }
    if (!toFile && Deno.stdout.isTerminal()) {
      throw new UsageError(
        "Cannot write an archive to a terminal: pipe it on, or name a file by -o",
      );
    }
    const driver = await context.openDriver();
    const { openDiff } = await import("../../driver/diff.ts");
    const { contextOf } = await import("../../driver/driver.ts");
    const diff = await openDiff(contextOf(driver), id!, parent);
    try {
      const write = (sink: Sink, name: string) =>
        writeWithProgress(context, id!, diff, sink, name);
      if (toFile) {
        await writeFileWhole(output, (sink) => write(sink, `"${output}"`));
      } else {
        const { descriptorSink } = await import("../descriptor_sink.ts");
        await write(descriptorSink(1, STDOUT), STDOUT);
      }
    } finally {
      diff.close();
    }
  },
});

async function writeWithProgress(
  context: Context,
  id: string,
  { archive }: OpenDiff,
  sink: Sink,
  name: string,
): Promise<void> {
  let written = 0;
  using _progress = new Progress(
    context,
    `diff ${id}`,
    () => readableSize(written),
  );
  await writePieces(
    archive,
    sink,
    name,
    context.signal,
    (bytes) => written = bytes,
  );
}
