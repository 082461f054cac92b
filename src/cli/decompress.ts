/**
 * Recognises a compressed archive by its first bytes, and unpacks it.
 *
 * @module
 */

import type { Chunks } from "./chunks.ts";
import { CommandError } from "./command.ts";
import type { Compression } from "./decompress_thread.ts";

/** A compression, and the bytes with which its data begin. */
interface Format {
  readonly name: string;
  readonly magic: readonly number[];
  /** Left out if it is not supported. */
  readonly compression?: Compression;
}

/** Magic numbers, long enough that no name of a file begins so by chance. */
const FORMATS: readonly Format[] = [
  { name: "gzip", magic: [0x1f, 0x8b, 0x08], compression: "gzip" },
  { name: "zstd", magic: [0x28, 0xb5, 0x2f, 0xfd], compression: "zstd" },
  // A skippable frame of zstd: any of sixteen numbers, of which tools use this.
  { name: "zstd", magic: [0x50, 0x2a, 0x4d, 0x18], compression: "zstd" },
  { name: "xz", magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  ...Array.from({ length: 9 }, (_, level) => ({
    name: "bzip2",
    magic: [0x42, 0x5a, 0x68, 0x31 + level, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
  })),
  { name: "lz4", magic: [0x04, 0x22, 0x4d, 0x18] },
  { name: "lzip", magic: [0x4c, 0x5a, 0x49, 0x50, 0x01] },
  { name: "compress", magic: [0x1f, 0x9d] },
  { name: "zip", magic: [0x50, 0x4b, 0x03, 0x04] },
];

/** Bytes from the start of a stream that are enough to tell how it is compressed. */
export const HEAD_SIZE: number = Math.max(
  ...FORMATS.map(({ magic }) => magic.length),
);

function formatOf(head: Uint8Array): Format | undefined {
  return FORMATS.find(({ magic }) =>
    magic.every((byte, i) => head[i] === byte)
  );
}

/**
 * Tells whether a stream is compressed, in a supported way or not.
 *
 * @param head Its first {@linkcode HEAD_SIZE} bytes, or all if there are fewer.
 */
export function isCompressed(head: Uint8Array): boolean {
  return formatOf(head) !== undefined;
}

/** From this size on a thread of its own gains more than its start costs. */
const LARGE = 1 << 22;

/**
 * Unpacks a stream if it is compressed with gzip or zstd; any other is passed
 * on as it is.
 *
 * The result is never cut short silently: it fails if the input ends early, is
 * damaged, or goes on with something else.
 *
 * @param input The bytes, compressed or not. Cancelling the result cancels it.
 * @param size How many there are, if that is known.
 * @returns The bytes, not compressed. They fail with a {@linkcode DriverError}
 * `EBADMSG` if the input is damaged.
 * @throws {CommandError} `ENOTSUP` if the input is compressed in another way.
 */
export async function decompress(
  input: ReadableStream<Uint8Array>,
  size = Infinity,
): Promise<ReadableStream<Uint8Array>> {
  const reader = input.getReader();
  const head = await readHead(reader);
  const format = formatOf(head);
  const source = chunksOf(head, reader);
  if (format === undefined) return streamOf(source, reader);
  if (format.compression === undefined) {
    await reader.cancel();
    throw new CommandError(
      "ENOTSUP",
      `Cannot unpack the archive: it is compressed with ${format.name}, ` +
        "and only gzip and zstd are supported",
    );
  }
  const { onThisThread, onThread } = await import("./decompress_thread.ts");
  const chunks = size < LARGE
    ? await onThisThread(format.compression, source)
    : onThread(format.compression, source);
  return streamOf(chunks, reader);
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Reads until the magic number can be told, or the input ends. */
async function readHead(reader: Reader): Promise<Uint8Array> {
  let head = new Uint8Array(0);
  while (head.length < HEAD_SIZE) {
    const { done, value } = await reader.read();
    if (done) break;
    const longer = new Uint8Array(head.length + value.length);
    longer.set(head);
    longer.set(value, head.length);
    head = longer;
  }
  return head;
}

async function* chunksOf(head: Uint8Array, reader: Reader): Chunks {
  if (head.length > 0) yield head;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** A stream of `chunks`, which are made from what `reader` reads. */
function streamOf(
  chunks: Chunks,
  reader: Reader,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      await reader.cancel(reason);
      await chunks.return();
    },
  }, { highWaterMark: 0 });
}
