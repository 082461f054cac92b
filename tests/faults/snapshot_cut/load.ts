/**
 * Work of several clients on one server until the power is cut. Every call is
 * told to the host before it is made, and once it was answered.
 *
 * @module
 */

import type { Random } from "../../tree/random.ts";
import { report } from "../../vm/port.ts";
import { type Item, itemsOf, writeItem } from "../power_cut/content.ts";
import type { SnapshotClient } from "./client.ts";
import { idOf, namesOf, type Operation } from "./messages.ts";

/** Committed snapshots that a home has at most for long. */
const MOST = 12;

/** Work in one home. */
export class Load {
  readonly #client: SnapshotClient;
  /** Home, as the host calls it. */
  readonly #home: string;
  readonly #seed: number;
  readonly #random: Random;
  #next: number;
  /** Committed snapshots with their parents. */
  readonly #committed: Map<string, string>;
  /** Parents of snapshots that are not committed. */
  readonly #needed: string[];

  /**
   * Begins.
   *
   * @param client Client of the server.
   * @param home Name of the home.
   * @param seed What the content of snapshots follows from.
   * @param random What is done follows from it.
   * @param first Number of the next content.
   * @param committed Snapshots that there are, with their parents.
   * @param needed Parents of others, which must stay.
   */
  constructor(
    client: SnapshotClient,
    home: string,
    seed: number,
    random: Random,
    first: number,
    committed: Map<string, string>,
    needed: readonly string[] = [],
  ) {
    this.#client = client;
    this.#home = home;
    this.#seed = seed;
    this.#random = random;
    this.#next = first;
    this.#committed = committed;
    this.#needed = [...needed];
  }

  /** Goes on until the power is cut, or at most for some milliseconds. */
  async run(most: number): Promise<void> {
    const end = performance.now() + most;
    while (performance.now() < end) await this.step();
  }

  /** Does something. */
  async step(): Promise<void> {
    if (this.#committed.size >= MOST) await this.removeOne();
    const dice = this.#random.below(10);
    if (dice < 6) await this.unpack();
    else if (dice < 8) await this.contain();
    else await this.removeOne();
  }

  /** Makes a snapshot, fills it and commits it. */
  async unpack(): Promise<void> {
    const id = `w${this.#next++}`;
    const { unpacking, committed } = namesOf(id);
    const parent = this.#anyParent();
    this.#needed.push(parent);
    await this.#tell("prepare", unpacking, async () => {
      const upper = await this.#client.prepare(unpacking, parent);
      for (const item of itemsOf(this.#seed, id)) writeItem(upper, item);
    });
    await this.#tell(
      "commit",
      unpacking,
      () => this.#client.commit(unpacking, committed),
    );
    this.#committed.set(committed, parent);
    this.#needed.splice(this.#needed.indexOf(parent), 1);
  }

  /** Makes a snapshot as for a container, and often removes it. */
  async contain(): Promise<void> {
    const { container } = namesOf(`w${this.#next++}`);
    const parent = this.#anyParent();
    this.#needed.push(parent);
    await this.#tell(
      "prepare",
      container,
      () => this.#client.prepare(container, parent),
    );
    if (this.#random.below(3) === 0) return;
    await this.remove(container);
    this.#needed.splice(this.#needed.indexOf(parent), 1);
  }

  #anyParent(): string {
    const names = [...this.#committed.keys()];
    const alone = names.length === 0 || this.#random.below(4) === 0;
    return alone ? "" : this.#random.pick(names);
  }

  /** Removes a committed snapshot that none stands on. */
  async removeOne(): Promise<void> {
    const parents = new Set([...this.#committed.values(), ...this.#needed]);
    const leaves = [...this.#committed.keys()]
      .filter((name) => !parents.has(name));
    if (leaves.length > 0) await this.remove(this.#random.pick(leaves));
  }

  /** Removes a snapshot. */
  async remove(name: string): Promise<void> {
    this.#committed.delete(name);
    await this.#tell("remove", name, () => this.#client.remove(name));
  }

  async #tell(
    operation: Operation,
    name: string,
    task: () => Promise<unknown>,
  ): Promise<void> {
    const step = { home: this.#home, operation, name };
    report({ say: "begin", ...step });
    await task();
    report({ say: "done", ...step });
  }
}

/** Id of the content of a committed snapshot, which none else has. */
export function contentOf(seed: number, name: string): Item[] {
  return itemsOf(seed, idOf(name));
}
