/**
 * Homes of many layers.
 *
 * @module
 */

import type { Driver } from "../../../mod.ts";
import { streamOf } from "../../fixtures.ts";
import { archive, file } from "../../tar_builder.ts";
import type { Random } from "../../tree/random.ts";

/** A small archive. */
export const ARCHIVE: Uint8Array<ArrayBuffer> = archive(
  file("config", "x".repeat(100)),
  file("program", "y".repeat(3000)),
);

/** Layers on which others stand in a row. */
const LONGEST_CHAIN = 12;

/** Makes layers of all kinds, and takes some away again. */
export class Growth {
  readonly #driver: Driver;
  readonly #random: Random;
  /** Layers in rows; each stands on the one before it. */
  readonly #chains: string[][] = [];
  #made = 0;
  /** How many layers there are. */
  layers = 0;

  /**
   * Begins with an empty home.
   *
   * @param driver Its driver.
   * @param random Where the choices come from.
   */
  constructor(driver: Driver, random: Random) {
    this.#driver = driver;
    this.#random = random;
  }

  /** Grows to a number of layers; some that are made on the way are removed. */
  async growTo(layers: number): Promise<void> {
    while (this.layers < layers) {
      if (this.layers > 10 && this.#random.below(8) === 0) await this.shrink();
      else await this.#add();
    }
  }

  /** Removes all layers, the upper ones first. */
  async clear(): Promise<void> {
    while (this.layers > 0) await this.shrink();
  }

  /** Removes a layer on which none stands. */
  async shrink(): Promise<void> {
    const at = this.#random.below(this.#chains.length);
    const chain = this.#chains[at]!;
    await this.#driver.remove(chain.pop()!);
    this.layers--;
    if (chain.length > 0) return;
    const last = this.#chains.pop()!;
    if (last !== chain) this.#chains[at] = last;
  }

  async #add(): Promise<void> {
    const id = `layer-${this.#made++}`;
    const chain = this.#chainFor();
    const parent = chain.at(-1);
    switch (this.#random.below(20)) {
      case 0:
        await this.#driver.createReadWrite(id, parent);
        await this.#write(id);
        break;
      case 1:
      case 2:
      case 3:
        await this.#driver.create(id, parent);
        await this.#driver.applyDiff(id, undefined, streamOf(ARCHIVE));
        break;
      default:
        await this.#driver.create(id, parent);
    }
    chain.push(id);
    this.layers++;
  }

  #chainFor(): string[] {
    const old = this.#chains.length > 0 && this.#random.below(10) > 0 &&
      this.#random.pick(this.#chains);
    if (old && old.length < LONGEST_CHAIN) return old;
    const chain: string[] = [];
    this.#chains.push(chain);
    return chain;
  }

  async #write(id: string): Promise<void> {
    const { path } = await this.#driver.get(id);
    Deno.writeTextFileSync(`${path}/written`, id);
    await this.#driver.put(id);
  }
}
