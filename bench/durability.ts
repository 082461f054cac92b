/**
 * The price of durability: works that `overlay2.sync` makes slower, with each of
 * its values in turns.
 *
 * The disk in memory tells what the calls cost and not how long a device takes.
 * `deno run -A bench/durability.ts DIR` measures on the file system of a
 * directory instead, which other processes write to as well.
 *
 * @module
 */

import { type Driver, init } from "../mod.ts";
import { settled } from "../src/driver/init.ts";
import { writeBig, writeSmall } from "./inputs.ts";
import { applyFile } from "./ours.ts";
import { FULL, type Sizes } from "./sizes.ts";
import { priceTextHead, priceTextRow } from "./table.ts";
import { calm, median, microseconds, note, say } from "./timing.ts";

const SYNCS = ["none", "layer", "strict"] as const;

const ROUNDS = 5;

/** A work's median time with each value of `overlay2.sync`, in microseconds an operation. */
export interface Price {
  readonly name: string;
  readonly none: number;
  readonly layer: number;
  readonly strict: number;
  /** Medians of the ratios to `none`, round by round. */
  readonly ratios: { readonly layer: number; readonly strict: number };
}

interface Work {
  readonly name: string;
  /** How many operations it makes. */
  readonly count: number;
  run(driver: Driver): Promise<void>;
  undo?(driver: Driver): Promise<void>;
}

/** Writes the archives and lists the works. */
async function works(dir: string, sizes: Sizes): Promise<Work[]> {
  const [small, big] = [`${dir}/small.tar`, `${dir}/big.tar`];
  await writeSmall(small, sizes.smallDirs);
  await writeBig(big, sizes.bigFiles, sizes.bigSize);
  const apply = (name: string, archive: string): Work => ({
    name,
    count: 1,
    async run(driver) {
      await driver.create("applied");
      await applyFile(driver, "applied", archive);
    },
    undo: (driver) => driver.remove("applied"),
  });
  return [
    {
      name: "create + remove",
      count: sizes.times,
      async run(driver) {
        for (let i = 0; i < sizes.times; i++) {
          await driver.create("new", "base");
          await driver.remove("new");
        }
      },
    },
    apply("apply, small files", small),
    apply("apply, large files", big),
  ];
}

async function runOnce(
  work: Work,
  driver: Driver,
  hurry: boolean,
): Promise<number> {
  if (!hurry) await calm();
  const taken = await microseconds(() => work.run(driver));
  await work.undo?.(driver);
  await settled(driver);
  return taken / work.count;
}

async function measure(
  work: Work,
  drivers: readonly Driver[],
  rounds: number,
): Promise<Price> {
  note(`${work.name}, by overlay2.sync …`);
  const taken: number[][] = [];
  for (let round = 0; round < Math.max(rounds, 1); round++) {
    const times: number[] = [];
    for (const driver of drivers) {
      times.push(await runOnce(work, driver, rounds === 0));
    }
    taken.push(times);
  }
  const timeOf = (i: number) => median(taken.map((times) => times[i]!));
  const ratioOf = (i: number) =>
    median(taken.map((times) => times[i]! / times[0]!));
  return {
    name: work.name,
    none: timeOf(0),
    layer: timeOf(1),
    strict: timeOf(2),
    ratios: { layer: ratioOf(1), strict: ratioOf(2) },
  };
}

/**
 * Measures.
 *
 * @param dir Directory for the homes.
 * @param sizes How much work there is.
 * @param rounds How often it is done; 0 for once in a hurry.
 * @param onPrice Is told each price once it is known.
 */
export async function priceDurability(
  dir: string,
  sizes: Sizes,
  rounds: number,
  onPrice: (price: Price) => void,
): Promise<Price[]> {
  const drivers: Driver[] = [];
  for (const sync of SYNCS) {
    const storageOpts = [`overlay2.sync=${sync}`];
    const driver = await init(`${dir}/${sync}`, { storageOpts });
    await driver.create("base");
    drivers.push(driver);
  }
  const prices: Price[] = [];
  for (const work of await works(dir, sizes)) {
    const price = await measure(work, drivers, rounds);
    prices.push(price);
    onPrice(price);
  }
  return prices;
}

async function main([parent]: string[]): Promise<void> {
  const dir = await Deno.makeTempDir({
    prefix: "overlay2_bench_",
    ...(parent === undefined ? {} : { dir: parent }),
  });
  try {
    say(priceTextHead);
    await priceDurability(
      dir,
      FULL,
      ROUNDS,
      (price) => say(priceTextRow(price)),
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) await main(Deno.args);
