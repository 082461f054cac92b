/**
 * Answers on their way out, while what comes after them is being done.
 *
 * @module
 */

import { encodeName } from "../text.ts";

/** Characters that may wait to be written before more is done. */
const MOST = 1 << 16;

/**
 * Writes lines in their order. Each goes out as soon as the last write is done,
 * together with those that have come meanwhile.
 */
export class Answers {
  readonly #write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  #waiting = "";
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /**
   * Makes an empty queue.
   *
   * @param write Writes bytes; called again when it is done.
   */
  constructor(write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>) {
    this.#write = write;
  }

  /**
   * Adds an answer; waits only if nobody reads them.
   *
   * @param value What becomes one line of JSON.
   * @throws what an earlier write failed with.
   */
  async add(value: unknown): Promise<void> {
    this.#refuseFailed();
    this.#waiting += JSON.stringify(value) + "\n";
    this.#writing ??= this.#writeAll();
    if (this.#waiting.length > MOST) await this.#writing;
    this.#refuseFailed();
  }

  /** Waits until all is written. @throws what writing failed with. */
  async flush(): Promise<void> {
    await this.#writing;
    this.#refuseFailed();
  }

  #refuseFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#waiting !== "") {
        const bytes = encodeName(this.#waiting);
        this.#waiting = "";
        await this.#write(bytes);
      }
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#writing = undefined;
    }
  }
}
