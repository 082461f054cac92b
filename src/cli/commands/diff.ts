/**
 * `overlay2 diff`.
 *
 * @module
 */

import { type Context, defineCommand, LAYER, PARENT } from "../command.ts";
import { UsageError } from "../command.ts";
import { writeFileWhole } from "../output_file.ts";
import { Progress, readableSize } from "../progress.ts";
import { type Sink, writeStream } from "../streams.ts";

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
    { line: 'overlay2 diff work ""', help: "The layer alone, against nothing" },
  ],
  async run(context, [id, parent], { output }) {
    const toFile = output !== undefined && output !== "-";
    if (!toFile && Deno.stdout.isTerminal()) {
      throw new UsageError(
        "Cannot write an archive to a terminal: pipe it on, or name a file by -o",
      );
    }
    const driver = await context.openDriver();
    const stream = driver.diff(id!, parent);
    const write = (sink: Sink, name: string) =>
      writeWithProgress(context, id!, stream, sink, name);
    if (!toFile) return await write(Deno.stdout, "standard output");
    await writeFileWhole(output, (sink) => write(sink, "the archive"));
  },
});

async function writeWithProgress(
  context: Context,
  id: string,
  stream: ReadableStream<Uint8Array>,
  sink: Sink,
  name: string,
): Promise<void> {
  using progress = new Progress(context, `diff ${id}`);
  const tell = (bytes: number) => progress.text = readableSize(bytes);
  await writeStream(stream, sink, name, context.signal, tell);
}
