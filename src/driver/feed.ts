/**
 * The way of an archive's bytes from their source to files: parsed in slices,
 * counted, recorded if that is wanted, large content copied from where it lies.
 *
 * @module
 */

import { refuseAborted } from "../giving_up.ts";
import { Pace, paced } from "../pace.ts";
import { TarReader } from "../tar/reader.ts";
import type { Recorder } from "../tar/recorder.ts";
import type { Unpacker } from "../tree/unpack.ts";
import type { ApplyOptions } from "../types.ts";
import { Budget } from "./budget.ts";
import type { Recording } from "./exact.ts";
import type { Source } from "./source.ts";

/** Bytes parsed between two looks at the clock. */
const SLICE = 128 * 1024;

/** From this size on, content that lies in a file is copied from there. */
const LARGE = 512 * 1024;

/** What an archive is fed to, and how. */
export interface Meal {
  /** Makes files of it. */
  readonly unpacker: Unpacker;
  /** Where it comes from. */
  readonly source: Source;
  /** Limits, signal, progress. */
  readonly options: ApplyOptions;
  /** Keeps the archive itself, if that is wanted. */
  readonly recording: Recording | undefined;
  /** Is told of what is odd about it. */
  readonly warn: (message: string) => void;
}

/**
 * Unpacks a whole archive.
 *
 * @throws {TarError} `EBADMSG`, or what unpacking, reading or giving up throws;
 * nothing goes on in the background then.
 */
export async function feed(meal: Meal): Promise<void> {
  await new Feed(meal).run();
}

class Feed {
  readonly #meal: Meal;
  readonly #budget: Budget;
  readonly #recorder: Recorder | undefined;
  readonly #reader: TarReader;
  readonly #pace = new Pace();
  /** Bytes of the archive that are used up, or are being copied. */
  #bytes = 0;

  constructor(meal: Meal) {
    this.#meal = meal;
    this.#budget = new Budget(meal.options);
    const sink = this.#budget.counted(meal.unpacker);
    this.#recorder = meal.recording?.recorder(sink, meal.unpacker);
    this.#reader = new TarReader(this.#recorder ?? sink);
    meal.unpacker.copies.onPiece = () => {
      refuseAborted(meal.options.signal);
      this.#report();
    };
  }

  async run(): Promise<void> {
    const { source, unpacker } = this.#meal;
    try {
      for (;;) {
        const given = source.next();
        const chunk = given instanceof Promise ? await given : given;
        if (chunk === undefined) break;
        await this.#take(chunk);
        await this.#copy();
      }
      await unpacker.copies.settle();
    } finally {
      await unpacker.copies.stop();
    }
    await this.#finish();
  }

  async #take(chunk: Uint8Array): Promise<void> {
    this.#budget.addBytes(chunk.length);
    for (let at = 0; at < chunk.length;) {
      const taken = this.#parse(chunk.subarray(at, at + SLICE));
      at += taken;
      this.#bytes += taken;
      await this.#work();
      if (!this.#pace.due()) continue;
      this.#report();
      await this.#pace.rest();
      refuseAborted(this.#meal.options.signal);
    }
  }

  #parse(slice: Uint8Array): number {
    return this.#recorder?.push(this.#reader, slice) ??
      this.#reader.push(slice);
  }

  /** Does what must be done before more is taken. */
  async #work(): Promise<void> {
    const { unpacker } = this.#meal;
    const work = unpacker.takeWork();
    if (work === undefined) return;
    await unpacker.copies.settle();
    await paced(work);
  }

  /** Lets large content that comes next be copied from where it lies. */
  async #copy(): Promise<void> {
    const { source, unpacker } = this.#meal;
    const length = this.#reader.contentLeft;
    // What is recorded must be seen.
    if (length < LARGE || this.#recorder) return;
    const place = source.pass?.(length);
    if (place === undefined) return;
    this.#budget.addBytes(length);
    await unpacker.copy(place, length);
    this.#reader.passContent();
    this.#bytes += length;
  }

  async #finish(): Promise<void> {
    const { unpacker, recording, options, warn } = this.#meal;
    this.#reader.finish();
    if (!this.#reader.ended && this.#bytes > 0) warn(NO_END);
    refuseAborted(options.signal);
    await paced(unpacker.finish());
    recording?.confirm(this.#bytes);
    if (unpacker.replaced) recording?.doubt();
    this.#report();
  }

  #report(): void {
    const { unpacker, options } = this.#meal;
    const { copies, entries } = unpacker;
    options.onProgress?.({ bytes: this.#bytes - copies.left, entries });
  }
}

const NO_END =
  "The archive has no end mark: it may have been cut between two entries";
