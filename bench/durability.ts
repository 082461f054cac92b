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
import { median, microseconds, say, time } from "./timing.ts";
import { type Work, works } from "./works.ts";

const SYNCS = ["none", "layer", "strict"] as const;

const WORKS = [
  "create + remove",
  "apply, 20,000 small files",
  "apply, 8 × 64 MiB",
];

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

async function runOnce(work: Work, driver: Driver): Promise<number> {
  const taken = await microseconds(() => work.ours(driver));
  if (work.undo) await driver.remove(work.undo);
  await settled(driver);
  return taken / work.count;
}

async function measure(
  work: Work,
  drivers: readonly Driver[],
): Promise<Price> {
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const times: number[] = [];
    for (const driver of drivers) times.push(await runOnce(work, driver));
    rounds.push(times);
  }
  const timeOf = (i: number) => median(rounds.map((times) => times[i]!));
  const ratioOf = (i: number) =>
    median(rounds.map((times) => times[i]! / times[0]!));
  return {
    name: work.name,
    none: timeOf(0),
    layer: timeOf(1),
    strict: timeOf(2),
    ratios: { layer: ratioOf(1), strict: ratioOf(2) },
  };
}

function row({ name, none, layer, strict, ratios }: Price): string {
  const beside = (value: number, ratio: number) =>
    `${time(value)} (${ratio.toFixed(2)})`.padStart(20);
  return [
    name.padEnd(28),
    time(none).padStart(10),
    beside(layer, ratios.layer),
    beside(strict, ratios.strict),
  ].join(" ");
}

/**
 * Measures and prints.
 *
 * @param dir Directory for the homes.
 * @param small Archive of many small files.
 * @param big Archive of few large files.
 */
export async function priceDurability(
  dir: string,
  small: string,
  big: string,
): Promise<Price[]> {
  const drivers: Driver[] = [];
  for (const sync of SYNCS) {
    const storageOpts = [`overlay2.sync=${sync}`];
    const driver = await init(`${dir}/${sync}`, { storageOpts });
    await driver.create("base");
    drivers.push(driver);
  }
  say(
    `${"overlay2.sync".padEnd(28)} ${"none".padStart(10)} ` +
      `${"layer (ratio)".padStart(20)} ${"strict (ratio)".padStart(20)}`,
  );
  const prices: Price[] = [];
  for (const work of works(small, big)) {
    if (!WORKS.includes(work.name)) continue;
    const price = await measure(work, drivers);
    prices.push(price);
    say(row(price));
  }
  return prices;
}

async function main([parent]: string[]): Promise<void> {
  const dir = await Deno.makeTempDir({
    prefix: "overlay2_bench_",
    ...(parent === undefined ? {} : { dir: parent }),
  });
  try {
    const [small, big] = [`${dir}/small.tar`, `${dir}/big.tar`];
    await writeSmall(small);
    await writeBig(big);
    await priceDurability(dir, small, big);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) await main(Deno.args);
