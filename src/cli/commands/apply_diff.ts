/**
 * `overlay2 apply-diff`.
 *
 * @module
 */

import { type Context, defineCommand, LAYER, PARENT } from "../command.ts";
import { UsageError } from "../command.ts";
import { type ArchiveInput, openArchive } from "../archive_input.ts";
import { Progress, readableSize } from "../progress.ts";
import { type Input, openFile, openStandardInput } from "../streams.ts";

/** Unpacks an archive into a layer. */
export const command = defineCommand({
  name: "apply-diff",
  summary: "Unpack a tar archive into a layer, print its size",
  description: "The archive comes from standard input unless -i names a " +
    "file. One that is compressed with gzip or zstd is recognised. If it is " +
    "damaged or cut short, an empty layer is left empty. What is printed is " +
    "the bytes that the layer holds afterwards.",
  operands: [LAYER, {
    ...PARENT,
    help: "Layer that the archive changes; the parent on record if left out",
  }],
  options: {
    input: {
      type: "string",
      short: "i",
      value: "FILE",
      help: "Read the archive from FILE instead",
    },
  },
  examples: [
    {
      line: "tar -C rootfs -c . | overlay2 apply-diff base",
      help: "Fill a layer with a directory",
    },
    {
      line: "overlay2 apply-diff app -i layer.tar.gz",
      help: "Fill a layer from an image",
    },
  ],
  async run(context, [id, parent], { input }) {
    const archive = await openArchive(await openInput(context, input));
    const driver = await context.openDriver();
    const { applyFrom } = await import("../../driver/init.ts");
    let entries = 0;
    using progress = new Progress(
      context,
      `apply-diff ${id}`,
      () => told(archive, entries),
    );
    const size = await applyFrom(driver, id!, parent, archive.source, {
      signal: context.signal,
      onProgress: (done) => entries = done.entries,
    });
    progress[Symbol.dispose]();
    await (context.json
      ? context.printJson({ size })
      : context.print(String(size)));
  },
});

async function openInput(
  context: Context,
  path: string | undefined,
): Promise<Input> {
  if (path !== undefined && path !== "-") {
    return await openFile(path, context.signal);
  }
  if (!context.standardStreams) {
    throw new UsageError(
      "Cannot read an archive from the input of a batch: name a file by -i",
    );
  }
  if (Deno.stdin.isTerminal()) {
    throw new UsageError(
      "Cannot read an archive from a terminal: pipe one in, or name it by -i",
    );
  }
  return await openStandardInput(context.signal);
}

function told(archive: ArchiveInput, entries: number): string {
  const bytes = archive.bytesRead();
  const parts = [readableSize(bytes), `${entries} entries`];
  if (archive.size) {
    const percent = Math.floor(bytes / archive.size * 100);
    parts.push(`${Math.min(percent, 100)}%`);
  }
  return parts.join(", ");
}
