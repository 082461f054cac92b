/**
 * The price of keeping archives: applies and diffs with `overlay2.exact` and
 * without, in turns, and how long the record is.
 *
 * @module
 */

import { type Driver, init } from "../mod.ts";
import { openDiff } from "../src/driver/diff.ts";
import { contextOf } from "../src/driver/driver.ts";
import { applyFrom, settled } from "../src/driver/init.ts";
import { descriptorSource } from "../src/driver/source.ts";
import { Dir } from "../src/linux/dir.ts";
import { closeFd, openAt } from "../src/linux/file.ts";
import { makeDisk } from "./disk.ts";
import { writeBig, writeSmall } from "./inputs.ts";
import { median, microseconds, say, time } from "./timing.ts";

const ROUNDS = 7;

async function apply(driver: Driver, archive: string): Promise<void> {
  using above = Dir.open(archive.slice(0, archive.lastIndexOf("/")));
  const fd = openAt(above, archive.slice(above.path.length + 1), 0);
  try {
    const source = descriptorSource(fd, archive);
    await applyFrom(driver, "layer", "", source);
  } finally {
    closeFd(fd);
  }
}

/** Makes a diff piece by piece, into nothing. */
async function diff(driver: Driver): Promise<void> {
  const open = await openDiff(contextOf(driver), "layer", undefined);
  const buffer = new Uint8Array(256 * 1024);
  while (open.archive.fill(buffer) > 0);
  open.close();
}

/** Times of apply and diff, in microseconds. */
async function once(driver: Driver, archive: string): Promise<number[]> {
  await driver.create("layer");
  const applied = await microseconds(() => apply(driver, archive));
  const made = await microseconds(() => diff(driver));
  return [applied, made];
}

async function compare(
  name: string,
  archive: string,
  drivers: readonly Driver[],
): Promise<void> {
  const times: number[][][] = drivers.map(() => []);
  let record = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, driver] of drivers.entries()) {
      times[i]!.push(await once(driver, archive));
      if (i === 1) record = Deno.statSync(`${driver.home}/layer/exact`).size;
      await driver.remove("layer");
      await settled(driver);
    }
  }
  for (const [which, what] of ["apply", "diff"].entries()) {
    const [without, kept] = times.map((of) =>
      median(of.map((each) => each[which]!))
    );
    const ratio = median(
      times[1]!.map((each, round) => each[which]! / times[0]![round]![which]!),
    );
    say(
      `${what}, ${name}`.padEnd(28) + time(without!).padStart(10) +
        `${time(kept!)} (${ratio.toFixed(2)})`.padStart(20),
    );
  }
  const { size } = Deno.statSync(archive);
  say(`${name}: a record of ${record} bytes for an archive of ${size}`);
}

async function main(): Promise<void> {
  await using disk = await makeDisk();
  const [small, big] = [`${disk.path}/small.tar`, `${disk.path}/big.tar`];
  await writeSmall(small, 400);
  await writeBig(big, 8, 64 << 20);
  const drivers: Driver[] = [];
  for (const exact of [false, true]) {
    const storageOpts = [`overlay2.exact=${exact}`];
    drivers.push(await init(`${disk.path}/${exact}`, { storageOpts }));
  }
  say(`${"".padEnd(28)}${"without".padStart(10)}${"kept".padStart(20)}`);
  await compare("20,000 small files", small, drivers);
  await compare("8 × 64 MiB", big, drivers);
}

if (import.meta.main) await main();
