/**
 * The file of results, which parts of the table can be renewed in.
 *
 * @module
 */

import type { Price } from "./durability.ts";
import type { Result } from "./row.ts";
import { type Verdict, verdicts } from "./targets.ts";

/** A row as it is kept. */
interface Kept extends Result {
  /** When it was measured. */
  readonly date: string;
  readonly targets: readonly Verdict[];
}

interface Content {
  readonly quick: boolean;
  /** What the latest run was measured on and with. */
  facts: readonly string[];
  readonly rows: Record<string, Kept>;
  durability: readonly Price[];
}

/** Results of this run and of earlier ones. */
export class Results {
  readonly #path: string;
  readonly #content: Content;

  /**
   * Reads what is there; results of other sizes are forgotten.
   *
   * @param path Path of the file.
   * @param quick Whether the sizes are small ones; `undefined` takes any.
   */
  constructor(path: string, quick?: boolean) {
    this.#path = path;
    const there = read(path);
    const usable = there && (quick === undefined || there.quick === quick);
    this.#content = usable
      ? there
      : { quick: quick ?? false, facts: [], rows: {}, durability: [] };
  }

  /** What the latest run was measured on and with. */
  get facts(): readonly string[] {
    return this.#content.facts;
  }

  set facts(facts: readonly string[]) {
    this.#content.facts = facts;
  }

  /** Takes a row in. */
  add(result: Result): void {
    const date = new Date().toISOString();
    const targets = verdicts(result);
    this.#content.rows[result.name] = { ...result, date, targets };
    this.#write();
  }

  /** Takes the price of durability in. */
  addPrices(prices: readonly Price[]): void {
    this.#content.durability = prices;
    this.#write();
  }

  /** Rows that there are results of, in the order of the names. */
  inOrder(names: readonly string[]): Result[] {
    return names.flatMap((name) => this.#content.rows[name] ?? []);
  }

  /** The price of durability. */
  get prices(): readonly Price[] {
    return this.#content.durability;
  }

  #write(): void {
    const text = JSON.stringify(this.#content, undefined, 2);
    Deno.writeTextFileSync(this.#path, text + "\n");
  }
}

function read(path: string): Content | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
