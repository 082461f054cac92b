/**
 * `overlay2 apply-diff`.
 *
 * @module
 */

import { printableName } from "../../text.ts";
import type { ApplyOptions } from "../../types.ts";
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
    "damaged, cut short or too large, an empty layer is left empty. What is " +
    "printed is the bytes that the layer holds afterwards.",
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
    "max-size": {
      type: "string",
      value: "SIZE",
      help: "Refuse an archive of more than SIZE, such as 10G, when " +
        "unpacked; holes of sparse files count. No limit if left out",
    },
    "max-entries": {
      type: "string",
      value: "N",
      help: "Refuse an archive that makes more than N files and directories. " +
        "No limit if left out",
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
    {
      line: "overlay2 apply-diff app --max-size 10G --max-entries 1000000",
      help: "The same from someone who is not trusted",
    },
  ],
  async run(context, [id, parent], values) {
    const limits = await limitsOf(values);
    const { input } = values;
    const given = await openInput(context, input);
    const archive = await openArchive(given, context.signal);
    const driver = await context.openDriver();
    const { applyFrom } = await import("../../driver/init.ts");
    let entries = 0;
    using progress = new Progress(
      context,
      `apply-diff ${id}`,
      () => told(archive, entries),
    );
    const size = await applyFrom(driver, id!, parent, archive.source, {
      ...limits,
      signal: context.signal,
      onProgress: (done) => entries = done.entries,
    });
    progress[Symbol.dispose]();
    await (context.json
      ? context.printJson({ size })
      : context.print(String(size)));
  },
});

/** Reads the options that limit the archive. */
async function limitsOf(
  values: {
    readonly "max-size"?: string;
    readonly "max-entries"?: string;
  },
): Promise<Pick<ApplyOptions, "maxBytes" | "maxEntries">> {
  const { "max-size": size, "max-entries": entries } = values;
  return {
    ...size === undefined ? {} : { maxBytes: await sizeOf(size) },
    ...entries === undefined ? {} : { maxEntries: countOf(entries) },
  };
}

async function sizeOf(text: string): Promise<number> {
  const { parseSize } = await import("../../driver/options.ts");
  try {
    return parseSize(text);
  } catch (cause) {
    throw new UsageError(
      `Option --max-size takes a size such as 10G, not "${
        printableName(text)
      }"`,
      { cause },
    );
  }
}

function countOf(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(count)) return count;
  throw new UsageError(
    `Option --max-entries takes a number, not "${printableName(text)}"`,
  );
}

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
