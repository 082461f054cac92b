/**
 * How much an archive may hold.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { TarEntry } from "../tar/entry.ts";
import type { TarSink } from "../tar/sink.ts";
import type { ApplyOptions } from "../types.ts";

/** Who takes an archive, and makes more of it than its members. */
export interface Unpacking extends TarSink {
  /** Directories made so far that the archive does not hold. */
  readonly implied: number;
}

/** Counts what an archive holds, and ends the work when it is too much. */
export class Budget {
  readonly #maxBytes: number;
  readonly #maxEntries: number;
  #bytes = 0;
  #entries = 0;

  /**
   * Makes one.
   *
   * @param options The limits; one that is left out limits nothing.
   * @throws {DriverError} `EINVAL` for a limit that is no number of things.
   */
  constructor({ maxBytes, maxEntries }: ApplyOptions) {
    this.#maxBytes = limitOf("maxBytes", maxBytes);
    this.#maxEntries = limitOf("maxEntries", maxEntries);
  }

  /**
   * Counts bytes, of the archive or of holes that it stands for.
   *
   * @throws {DriverError} `EFBIG` if they are too many.
   */
  addBytes(count: number): void {
    this.#bytes += count;
    if (this.#bytes > this.#maxBytes) throw tooLarge(this.#maxBytes, "bytes");
  }

  #checkEntries(implied: number): void {
    if (this.#entries + implied > this.#maxEntries) {
      throw tooLarge(this.#maxEntries, "entries");
    }
  }

  /**
   * Counts what goes into a sink, if there is a limit.
   *
   * @param sink Who takes what is within the limits.
   */
  counted(sink: Unpacking): TarSink {
    if (this.#maxBytes === Infinity && this.#maxEntries === Infinity) {
      return sink;
    }
    return {
      entry: (entry: TarEntry) => {
        this.#entries++;
        this.#checkEntries(sink.implied);
        sink.entry(entry);
        this.#checkEntries(sink.implied);
      },
      data: (bytes) => sink.data(bytes),
      hole: (length) => {
        this.addBytes(length);
        sink.hole(length);
      },
      end: () => sink.end(),
      get busy() {
        return sink.busy ?? false;
      },
    };
  }
}

function limitOf(name: string, limit: number | undefined): number {
  if (limit === undefined) return Infinity;
  if (Number.isSafeInteger(limit) && limit >= 0) return limit;
  throw new DriverError(
    "EINVAL",
    `Cannot limit the archive: ${name} is ${limit}, and no whole number`,
  );
}

function tooLarge(limit: number, what: string): DriverError {
  return new DriverError(
    "EFBIG",
    `Cannot unpack the archive: it holds more than ${limit} ${what}`,
  );
}
