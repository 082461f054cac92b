/**
 * Archives that come in and go out over the socket.
 *
 * @module
 */

import type { Source } from "../../driver/source.ts";

/**
 * An archive that is read to its end whatever becomes of it: dockerd may panic
 * if it is answered before it has sent everything.
 */
export class DrainedSource implements Source {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  /**
   * Takes over a body.
   *
   * @param body Body of a request; none is an empty archive.
   */
  constructor(body: ReadableStream<Uint8Array> | null) {
    this.#reader = body?.getReader();
  }

  /** See {@linkcode Source.next}. */
  async next(): Promise<Uint8Array | undefined> {
    return (await this.#reader?.read())?.value;
  }

  /** The rest is read by {@linkcode DrainedSource.drain}. */
  close(): void {}

  /** Reads what is left. A sender that went away has nothing left. */
  async drain(): Promise<void> {
    try {
      while (await this.next() !== undefined);
    } catch {
      // Whoever needed the archive has been told.
    }
  }
}

/**
 * Waits for the first chunk of an archive, so that an error that comes instead
 * can still be answered as one.
 *
 * @param stream The archive.
 * @returns The same bytes.
 */
export async function begun(
  stream: ReadableStream<Uint8Array>,
): Promise<ReadableStream<Uint8Array>> {
  const reader = stream.getReader();
  let first: ReadableStreamReadResult<Uint8Array> | undefined = await reader
    .read();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = first ?? await reader.read();
      first = undefined;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
