/**
 * The archive that a command reads, unpacked if it is compressed.
 *
 * @module
 */

import type { Source } from "../driver/source.ts";
import { decompress, HEAD_SIZE, isCompressed } from "./decompress.ts";
import type { Input } from "./streams.ts";

/** An archive that is being read. */
export interface ArchiveInput {
  /** Its bytes, not compressed. */
  readonly source: Source;
  /** How many bytes of the input have been read, compressed or not. */
  bytesRead(): number;
  /** How many bytes of the input there are, if that is known. */
  readonly size: number | undefined;
}

/**
 * Looks at the first bytes of an archive, and unpacks it if need be. One that
 * is not compressed is passed on without a copy.
 *
 * @param input The archive as it comes.
 * @returns The archive as it was before it was compressed.
 * @throws {CommandError} `ENOTSUP` for a compression that is not supported, or
 * what reading throws.
 */
export async function openArchive(
  { source, size }: Input,
): Promise<ArchiveInput> {
  let bytes = 0;
  const counted = {
    async next() {
      const chunk = await source.next();
      bytes += chunk?.length ?? 0;
      return chunk;
    },
    pass(length: number) {
      const place = source.pass?.(length);
      if (place) bytes += length;
      return place;
    },
    close: (error?: unknown) => source.close(error),
  };
  try {
    const head = await readHead(counted);
    const whole = startingWith(head, counted);
    const plain = isCompressed(head) ? await unpacked(whole, size) : whole;
    return { source: plain, bytesRead: () => bytes, size };
  } catch (error) {
    await source.close(error);
    throw error;
  }
}

/** Reads until a compression can be told, or the input ends. */
async function readHead(source: Source): Promise<Uint8Array> {
  let head = new Uint8Array(0);
  while (head.length < HEAD_SIZE) {
    const chunk = await source.next();
    if (chunk === undefined) break;
    const longer = new Uint8Array(head.length + chunk.length);
    longer.set(head);
    longer.set(chunk, head.length);
    head = longer;
  }
  return head;
}

function startingWith(head: Uint8Array, source: Source): Source {
  let first = head.length > 0 ? head : undefined;
  return {
    next() {
      const chunk = first ?? source.next();
      first = undefined;
      return chunk;
    },
    pass: (length) => first ? undefined : source.pass?.(length),
    close: (error) => source.close(error),
  };
}

async function unpacked(
  packed: Source,
  size: number | undefined,
): Promise<Source> {
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = await packed.next();
      if (chunk === undefined) controller.close();
      // The source uses its buffer again, zlib may not be done with it yet.
      else controller.enqueue(chunk.slice());
    },
  }, { highWaterMark: 0 });
  const reader = (await decompress(stream, size)).getReader();
  return {
    next: async () => (await reader.read()).value,
    close: (error) => packed.close(error),
  };
}
