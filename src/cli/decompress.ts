/**
 * Recognises a compressed archive by its first bytes, and undoes the
 * compression.
 *
 * @module
 */

import type { Source } from "../driver/source.ts";
import type { Chunks } from "./chunks.ts";
import { CommandError } from "./command.ts";

/** Compressions that can be undone. */
export type Compression = "gzip" | "zstd";

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
 * Tells how an archive is compressed.
 *
 * @param head Its first {@linkcode HEAD_SIZE} bytes, or all if there are fewer.
 * @returns `undefined` if it is not.
 * @throws {CommandError} `ENOTSUP` if it is compressed in another way.
 */
export function compressionOf(head: Uint8Array): Compression | undefined {
  const format = formatOf(head);
  if (format !== undefined && format.compression === undefined) {
    throw new CommandError(
      "ENOTSUP",
      `Cannot unpack the archive: it is compressed with ${format.name}, ` +
        "and only gzip and zstd are supported",
    );
  }
  return format?.compression;
}

/**
 * Undoes a compression on this thread.
 *
 * The result is never cut short silently: it fails if the data end early, are
 * damaged, or go on with something else.
 *
 * @param compression How the data are compressed.
 * @param source The data; a chunk is not looked at any more when the next one is
 * asked for.
 * @returns What they hold. It fails with a {@linkcode DriverError} `EBADMSG` if
 * they are damaged.
 */
export async function decompress(
  compression: Compression,
  source: Chunks,
): Promise<Chunks> {
  return compression === "gzip"
    ? (await import("./gzip.ts")).gunzip(source)
    : (await import("./zstd.ts")).unzstd(source);
}

/** Like {@linkcode decompress}, from and to a source. */
export async function decompressSource(
  compression: Compression,
  source: Source,
): Promise<Source> {
  const chunks = await decompress(compression, chunksOf(source));
  return {
    next: async () => (await chunks.next()).value ?? undefined,
    close: (error) => source.close(error),
  };
}

async function* chunksOf(source: Source): Chunks {
  for (;;) {
    const chunk = await source.next();
    if (chunk === undefined) return;
    yield chunk;
  }
}
