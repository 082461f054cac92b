/**
 * Work in one home until the power is cut. Every step is told to the host before
 * it begins, and once the driver has said that it is done.
 *
 * @module
 */

import type { Driver, Mount } from "../../../mod.ts";
import { archive } from "../../tar_builder.ts";
import { streamOf } from "../../fixtures.ts";
import type { Random } from "../../tree/random.ts";
import { report } from "../../vm/port.ts";
import { differencesIn } from "./compare.ts";
import { itemsOf, memberOf, writeItem } from "./content.ts";
import type { Operation } from "./messages.ts";

/** Layers that a home has at most for long. */
const MOST_LAYERS = 12;

/** Layers that a chain has at most. */
const MOST_DEEP = 6;

/** Work in one home. */
export class Load {
  readonly #driver: Driver;
  /** Home, as the host calls it. */
  readonly #home: string;
  readonly #seed: number;
  readonly #random: Random;
  #next: number;
  /** Layers that are there, with their parents. */
  readonly #layers: Map<string, string | undefined>;

  /**
   * Begins.
   *
   * @param driver Driver on the home.
   * @param home Name of the home.
   * @param seed What the layers' content follows from.
   * @param random What is done follows from it.
   * @param first Number of the next layer.
   * @param layers Layers that are there, with their parents.
   */
  constructor(
    driver: Driver,
    home: string,
    seed: number,
    random: Random,
    first: number,
    layers: Map<string, string | undefined>,
  ) {
    this.#driver = driver;
    this.#home = home;
    this.#seed = seed;
    this.#random = random;
    this.#next = first;
    this.#layers = layers;
  }

  /** Goes on until the power is cut, or at most for some milliseconds. */
  async run(most: number): Promise<void> {
    const end = performance.now() + most;
    while (performance.now() < end) await this.step();
  }

  /** Does something. */
  async step(): Promise<void> {
    if (this.#layers.size >= MOST_LAYERS) await this.removeOne();
    const dice = this.#random.below(20);
    if (dice < 11) await this.apply();
    else if (dice < 13) await this.#make(`e${this.#next++}`);
    else if (dice < 15) await this.write();
    else if (dice < 17) await this.read();
    else await this.removeOne();
  }

  /** Makes a layer and fills it from an archive. */
  async apply(): Promise<void> {
    const id = `a${this.#next++}`;
    const items = itemsOf(this.#seed, id);
    const parent = await this.#make(id);
    await this.#tell("apply", id, () => {
      const bytes = archive(...items.map(memberOf));
      return this.#driver.applyDiff(id, parent, streamOf(bytes));
    });
  }

  /**
   * Makes a layer and writes to it through a mount. Unmounting it puts it on the
   * disk; without a parent there would be no mount.
   */
  async write(): Promise<void> {
    const parents = this.#possibleParents();
    if (parents.length === 0) return await this.apply();
    const id = `w${this.#next++}`;
    await this.#make(id, this.#random.pick(parents));
    await this.#tell("write", id, async () => {
      const { path } = await this.#driver.get(id);
      for (const item of itemsOf(this.#seed, id)) writeItem(path, item);
      await this.#driver.put(id);
    });
  }

  /** Mounts a layer and reads what it adds. */
  async read(): Promise<void> {
    const ids = [...this.#layers.keys()].filter((id) => !id.startsWith("e"));
    if (ids.length > 0) await this.readLayer(this.#random.pick(ids));
  }

  /**
   * Mounts a layer and reads what it adds.
   *
   * @throws {Error} If it is not there as it ought to be.
   */
  async readLayer(id: string): Promise<void> {
    await using mount: Mount = await this.#driver.get(id);
    const faults = differencesIn(mount.path, itemsOf(this.#seed, id))
      .filter((fault) =>
        !fault.startsWith("extra ") && !/gone\d+$/.test(fault)
      );
    if (faults.length === 0) return;
    throw new Error(`Mounted layer ${id} differs: ${faults.join(", ")}`);
  }

  /** Removes a layer that none stands on. */
  async removeOne(): Promise<void> {
    const parents = new Set(this.#layers.values());
    const leaves = [...this.#layers.keys()].filter((id) => !parents.has(id));
    if (leaves.length > 0) await this.remove(this.#random.pick(leaves));
  }

  /** Removes a layer. */
  async remove(id: string): Promise<void> {
    this.#layers.delete(id);
    await this.#tell("remove", id, () => this.#driver.remove(id));
  }

  #possibleParents(): string[] {
    return [...this.#layers.keys()]
      .filter((id) => id.startsWith("a") && this.#depth(id) < MOST_DEEP);
  }

  /** A parent for a new layer, or none. */
  #anyParent(): string | undefined {
    const parents = this.#possibleParents();
    return this.#random.below(4) === 0 || parents.length === 0
      ? undefined
      : this.#random.pick(parents);
  }

  async #make(
    id: string,
    parent = this.#anyParent(),
  ): Promise<string | undefined> {
    await this.#tell(
      "create",
      id,
      () =>
        id.startsWith("w")
          ? this.#driver.createReadWrite(id, parent)
          : this.#driver.create(id, parent),
    );
    this.#layers.set(id, parent);
    return parent;
  }

  #depth(id: string): number {
    const parent = this.#layers.get(id);
    return parent === undefined ? 1 : 1 + this.#depth(parent);
  }

  async #tell(
    operation: Operation,
    id: string,
    task: () => Promise<unknown>,
  ): Promise<void> {
    const step = { home: this.#home, operation, id };
    report({ say: "begin", ...step });
    await task();
    report({ say: "done", ...step });
  }
}
