/**
 * The long-lived process of the soak: `worker.ts DIRECTORY LAYERS ROUNDS SEED`,
 * with V8's `--expose-gc`. Prints what it measured, one {@linkcode Report} on
 * each line.
 *
 * @module
 */

import { type Driver, init } from "../../../mod.ts";
import { say } from "../../../tools/say.ts";
import { openPaths, streamOf } from "../../fixtures.ts";
import { Random } from "../../tree/random.ts";
import { ARCHIVE, Growth } from "./home.ts";
import { compare, type Comparison } from "./timing.ts";

/** What the process holds. */
export interface Sample {
  /** What it has done so far. */
  readonly after: string;
  /** Layers in the large home. */
  readonly layers: number;
  /** Bytes of live objects. */
  readonly heap: number;
  /** Bytes of memory. */
  readonly rss: number;
  /** Open descriptors. */
  readonly descriptors: number;
  /** Seconds since the last one. */
  readonly seconds: number;
}

/** One line of output. */
export type Report = { sample: Sample } | { comparison: Comparison[] };

/** Layers of the small home. */
const FEW = 100;

const [directory, layers, rounds, seed] = Deno.args as [
  string,
  string,
  string,
  string,
];
const { gc } = globalThis as unknown as { gc: () => void };
let last = performance.now();

async function sample(after: string, layers: number): Promise<void> {
  // What ended a moment ago may still be held by the event loop.
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    gc();
  }
  const { heapUsed, rss } = Deno.memoryUsage();
  const descriptors = openPaths().length;
  const seconds = (performance.now() - last) / 1000;
  last = performance.now();
  report({
    sample: { after, layers, heap: heapUsed, rss, descriptors, seconds },
  });
}

function report(value: Report): void {
  say(JSON.stringify(value));
}

/** Makes, mounts, fills and removes a layer, again and again. */
async function turnOver(driver: Driver, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const id = `brief-${i}`;
    await driver.create(`${id}-base`);
    await driver.applyDiff(`${id}-base`, undefined, streamOf(ARCHIVE));
    await driver.createReadWrite(id, `${id}-base`);
    await driver.get(id);
    await driver.put(id);
    await driver.remove(id);
    await driver.remove(`${id}-base`);
  }
}

async function main(most: number): Promise<void> {
  const random = new Random(Number(seed));
  const small = await init(`${directory}/small`);
  const large = await init(`${directory}/large`);
  await new Growth(small, random).growTo(FEW);
  const growth = new Growth(large, random);
  await growth.growTo(FEW);
  // All code has run once by now.
  await compare(small, large, 3);
  await turnOver(large, 100);
  await sample("warming up", growth.layers);
  for (let part = 1; part <= 10; part++) {
    await growth.growTo(FEW + (most - FEW) * part / 10);
    await sample("growing", growth.layers);
  }
  report({ comparison: await compare(small, large, Number(rounds)) });
  await turnOver(large, 500);
  await sample("turning over", growth.layers);
  await turnOver(large, most / 10);
  await sample("turning over", growth.layers);
  await growth.clear();
  await sample("removing all", growth.layers);
}

await main(Number(layers));
