/**
 * The archive that a command reads, unpacked if it is compressed.
 *
 * @module
 */

import type { Source } from "../driver/source.ts";
import { compressionOf, decompressSource, HEAD_SIZE } from "./decompress.ts";
import type { Job } from "./decompress_thread.ts";
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

/** From this size on a thread of its own gains more than its start costs. */
const LARGE = 1 << 22;

/**
 * Looks at the first bytes of an archive, and unpacks it if need be. One that
 * is not compressed is passed on without a copy.
 *
 * @param input The archive as it comes.
 * @param signal Ends the waiting for bytes that do not come.
 * @returns The archive as it was before it was compressed.
 * @throws {CommandError} `ENOTSUP` for a compression that is not supported, or
 * what reading throws.
 */
export async function openArchive(
  { source, size }: Input,
  signal: AbortSignal,
): Promise<ArchiveInput> {
  try {
    const head = await readHead(source);
    const compression = compressionOf(head);
    const { fd } = source;
    if (compression && fd !== undefined && (size ?? LARGE) >= LARGE) {
      const job = { compression, head, fd };
      return { ...await elsewhere(job, source, signal), size };
    }
    const { counted, bytesRead } = counting(startingWith(head, source));
    const plain = compression
      ? await decompressSource(compression, counted)
      : counted;
    return { source: plain, bytesRead, size };
  } catch (error) {
    await source.close(error);
    throw error;
  }
}

/** Undoes a compression on a thread of its own. */
async function elsewhere(
  job: Job,
  source: Source,
  signal: AbortSignal,
): Promise<Omit<ArchiveInput, "size">> {
  const { startThread } = await import("./decompress_thread.ts");
  const thread = startThread(job, signal);
  const close = async (error?: unknown) => {
    await thread.close();
    await source.close(error);
  };
  return { source: { next: thread.next, close }, bytesRead: thread.bytesRead };
}

/** A source that knows how many of its bytes have been taken. */
function counting(
  source: Source,
): { readonly counted: Source; bytesRead(): number } {
  let bytes = 0;
  const counted: Source = {
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
    close: (error) => source.close(error),
  };
  return { counted, bytesRead: () => bytes };
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
