/**
 * `overlay2 apply-diff`.
 *
 * @module
 */

import type { ApplyProgress } from "../../types.ts";
import { type Context, defineCommand, LAYER, PARENT } from "../command.ts";
import { UsageError } from "../command.ts";
import { decompress } from "../decompress.ts";
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
    const source = await openInput(context, input);
    const driver = await context.openDriver();
    const { stream, read } = counted(source.stream);
    using progress = new Progress(context, `apply-diff ${id}`);
    const size = await driver.applyDiff(
      id!,
      parent,
      await decompress(stream),
      {
        signal: context.signal,
        onProgress: (done) => progress.text = told(done, read(), source.size),
      },
    );
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
  if (Deno.stdin.isTerminal()) {
    throw new UsageError(
      "Cannot read an archive from a terminal: pipe one in, or name it by -i",
    );
  }
  return openStandardInput(context.signal);
}

/** Counts the bytes that pass: of the archive as it is, compressed or not. */
function counted(
  stream: ReadableStream<Uint8Array>,
): { stream: ReadableStream<Uint8Array>; read: () => number } {
  const reader = stream.getReader();
  let bytes = 0;
  const through = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      bytes += value.length;
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return { stream: through, read: () => bytes };
}

function told(
  { bytes, entries }: ApplyProgress,
  read: number,
  size: number | undefined,
): string {
  const text = `${readableSize(bytes)}, ${entries} entries`;
  if (size === undefined || size === 0) return text;
  return `${text}, ${Math.min(100, Math.floor(read / size * 100))}%`;
}
