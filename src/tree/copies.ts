/**
 * Content that the kernel copies on other threads, while entries that follow are
 * being made.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { copyPiece, type Extent } from "../linux/copy.ts";
import { closeFd } from "../linux/file.ts";
import { explainRefusal } from "./paths.ts";

/** Files copied at the same time; more gain nothing, on many processors neither. */
const LANES = 2;

/** The content of one file. */
export interface Copy {
  /** The file, open at the place for the content; closed when all is done. */
  readonly fd: number;
  /** Where the content lies. */
  readonly from: Extent;
  /** Its length in bytes. */
  readonly length: number;
  /** Name of the entry for error messages. */
  readonly name: string;
  /** Gives the file what content would change: owner, attributes, times. */
  complete(): void;
}

/** Copies of one archive. */
export class Copies {
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #left = 0;
  /** Called now and then; what it throws ends all copies. */
  onPiece: () => void = () => {};

  /** Whether some file is not complete. */
  get running(): boolean {
    return this.#running.size > 0;
  }

  /** Bytes that are to be copied. */
  get left(): number {
    return this.#left;
  }

  /**
   * Starts a copy, as soon as few enough are running.
   *
   * @throws what an earlier copy failed with; `copy` is closed then.
   */
  async start(copy: Copy): Promise<void> {
    while (this.#running.size >= LANES) await Promise.race(this.#running);
    if (this.#failure !== undefined) closeFd(copy.fd);
    this.#refuseFailed();
    this.#left += copy.length;
    const run = this.#run(copy).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Waits for all copies. @throws what one failed with. */
  async settle(): Promise<void> {
    while (this.running) await Promise.race(this.#running);
    this.#refuseFailed();
  }

  /** Ends all copies where they are, and waits until nothing of them is open. */
  async stop(): Promise<void> {
    this.#failure ??= { error: new DriverError("ECANCELED", "Cannot go on") };
    while (this.running) await Promise.race(this.#running);
  }

  #refuseFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #run(copy: Copy): Promise<void> {
    try {
      await this.#move(copy);
      copy.complete();
    } catch (error) {
      this.#failure ??= { error: explainRefusal(error, copy.name) };
    } finally {
      closeFd(copy.fd);
    }
  }

  async #move({ fd, from, length, name }: Copy): Promise<void> {
    for (let done = 0; done < length;) {
      const place = { fd: from.fd, offset: from.offset + done };
      const moved = await copyPiece(fd, place, length - done, name);
      if (moved === 0) throw cut(name);
      done += moved;
      this.#left -= moved;
      this.#refuseFailed();
      this.onPiece();
    }
  }
}

function cut(name: string): DriverError {
  return new DriverError(
    "EBADMSG",
    `Cannot read the archive: it became shorter while ${name} was copied`,
  );
}
