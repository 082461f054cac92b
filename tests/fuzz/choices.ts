/**
 * Random choices for one archive, which is tame or wild.
 *
 * If everything were odd, every archive would be refused at its first entry.
 *
 * @module
 */

import { Random } from "../tree/random.ts";

/** How much rarer odd things are in a tame archive. */
const TAMENESS = 40;

/** Random choices that know how wild the archive shall be. */
export class Choices extends Random {
  readonly #tame: boolean;

  /** Begins a sequence. */
  constructor(seed: number) {
    super(seed);
    this.#tame = this.below(5) < 3;
  }

  /** Tells, once in `n` times, that something is due. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  /** Tells, once in `n` times, that something is due that may spoil the archive. */
  odd(n: number): boolean {
    return this.below(this.#tame ? n * TAMENESS : n) === 0;
  }
}
