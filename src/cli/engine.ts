/**
 * A decompressor of `node:zlib` that is fed step by step.
 *
 * @module
 */

import type { Transform } from "node:stream";

/** Size of the buffers that the engine fills, in bytes. */
export const OUTPUT_CHUNK = 1 << 18;

/** Called when a step is done. */
type Done = (error?: Error | null) => void;

/**
 * Feeds a decompressor of `node:zlib`, and collects what it gives.
 *
 * One step takes one piece of input and returns all output that it makes, so
 * that the caller bounds the memory by the size of the pieces.
 */
export class Engine implements Disposable {
  readonly #engine: Transform & { readonly bytesWritten: number };
  readonly #reasonOf: (error: Error) => Error;
  readonly #output: Uint8Array[] = [];
  #ended = false;
  #error: Error | undefined;
  #wake: () => void = () => {};

  /**
   * Takes over a decompressor.
   *
   * @param engine What `createGunzip` or `createZstdDecompress` returns.
   * @param reasonOf Makes the error to throw from that of the engine.
   */
  constructor(
    engine: Transform & { readonly bytesWritten: number },
    reasonOf: (error: Error) => Error,
  ) {
    this.#engine = engine;
    this.#reasonOf = reasonOf;
    engine.on("data", (chunk: Uint8Array) => this.#output.push(chunk));
    engine.on("end", () => {
      this.#ended = true;
      this.#settle(undefined);
    });
    engine.on("error", (error: Error) => this.#settle(error));
  }

  /** Bytes of input used so far. */
  get used(): number {
    return this.#engine.bytesWritten;
  }

  #settle(error: Error | null | undefined): void {
    this.#error ??= error ?? undefined;
    this.#wake();
  }

  /**
   * Feeds one piece.
   *
   * @param piece Input that is not changed until this has returned.
   * @returns Output, of which some may be held back until the next step.
   * @throws {Error} if the input is damaged.
   */
  async feed(piece: Uint8Array): Promise<Uint8Array[]> {
    await this.#until((done) => this.#engine.write(piece, done));
    return this.#output.splice(0);
  }

  /**
   * Says that no more input will come.
   *
   * @returns The output that was held back.
   * @throws {Error} if the input is cut short.
   */
  async finish(): Promise<Uint8Array[]> {
    if (!this.#ended) await this.#until(() => this.#engine.end());
    return this.#output.splice(0);
  }

  async #until(start: (done: Done) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#error === undefined) start((error) => this.#settle(error));
      else resolve();
    });
    if (this.#error !== undefined) throw this.#reasonOf(this.#error);
  }

  /** Frees the engine. */
  [Symbol.dispose](): void {
    this.#engine.destroy();
  }
}
