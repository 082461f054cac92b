/**
 * What comes in and goes out over the socket.
 *
 * @module
 */

import type { Source } from "../../driver/source.ts";
import { DriverError, messageOf } from "../../errors.ts";
import { orGivenUp } from "../../giving_up.ts";
import type { Answer } from "../watch.ts";

/**
 * An archive that is read to its end whatever becomes of it: dockerd may panic
 * if it is answered before it has sent everything.
 */
export class DrainedSource implements Source {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #signal: AbortSignal;
  #ahead: Uint8Array | undefined;

  /**
   * Takes over a body.
   *
   * @param body Body of a request; none is an empty archive.
   * @param signal Ends the waiting for what does not come.
   */
  constructor(body: ReadableStream<Uint8Array> | null, signal: AbortSignal) {
    this.#reader = body?.getReader();
    this.#signal = signal;
  }

  /** See {@linkcode Source.next}. */
  async next(): Promise<Uint8Array | undefined> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead ?? await this.#read();
  }

  async #read(): Promise<Uint8Array | undefined> {
    if (this.#reader === undefined) return undefined;
    try {
      return (await orGivenUp(this.#reader.read(), this.#signal)).value;
    } catch (error) {
      if (error instanceof DriverError) throw error;
      throw new DriverError(
        "EIO",
        `Cannot receive all of it: the sender went away (${messageOf(error)})`,
        { cause: error },
      );
    }
  }

  /**
   * Looks at the beginning without taking it.
   *
   * @param length How much is wanted; less only if there is no more.
   */
  async start(length: number): Promise<Uint8Array> {
    let start = this.#ahead ?? new Uint8Array();
    while (start.length < length) {
      const more = await this.#read();
      if (more === undefined) break;
      start = joined(start, more);
    }
    this.#ahead = start.length === 0 ? undefined : start;
    return start.subarray(0, length);
  }

  /** The rest is read by {@linkcode DrainedSource.drain}. */
  close(): void {}

  /**
   * Reads what is left.
   *
   * @returns Whether the end came; a sender that went away has nothing left.
   */
  async drain(): Promise<boolean> {
    try {
      while (await this.next() !== undefined);
      return true;
    } catch {
      return false;
    }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

/** More than any call needs, in bytes. */
const LONGEST_TEXT = 1 << 20;

/**
 * Reads the text of a call, all of it even if it is refused.
 *
 * @param source Where it comes from.
 * @throws {DriverError} `EINVAL` for more than 1 MiB, `EIO` if the sender went
 * away, `ECANCELED` if it does not go on.
 */
export async function textFrom(source: DrainedSource): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let length = 0;;) {
    const chunk = await source.next();
    if (chunk === undefined) return text + decoder.decode();
    length += chunk.length;
    if (length > LONGEST_TEXT) {
      await source.drain();
      throw new DriverError(
        "EINVAL",
        "Cannot understand the request: it is longer than 1 MiB",
      );
    }
    text += decoder.decode(chunk, { stream: true });
  }
}

/**
 * Answers by an archive, once its first chunk is there: an error that comes
 * instead can still be answered as one.
 *
 * @param stream The archive; it is let go of when the client goes away.
 * @param signal Breaks the archive off.
 */
export async function archiveAnswer(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<Answer> {
  const reader = stream.getReader();
  let first: ReadableStreamReadResult<Uint8Array> | undefined = await orGivenUp(
    reader.read(),
    signal,
  );
  const { promise: ended, resolve: end } = Promise.withResolvers<
    string | undefined
  >();
  const fail = (reason: unknown) => {
    end(messageOf(reason));
    return reader.cancel(reason).catch(() => {});
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const breakOff = () => {
        controller.error(signal.reason);
        fail(signal.reason);
      };
      signal.addEventListener("abort", breakOff);
      ended.then(() => signal.removeEventListener("abort", breakOff));
    },
    async pull(controller) {
      try {
        const { value, done } = first ?? await reader.read();
        first = undefined;
        if (!done) return controller.enqueue(value);
        end(undefined);
        controller.close();
      } catch (error) {
        end(messageOf(error));
        throw error;
      }
    },
    cancel: (reason) =>
      fail(new Error(`the client went away (${messageOf(reason)})`)),
  }, { highWaterMark: 0 });
  return { response: new Response(body), ended };
}
