/**
 * `deno task bench`: times the driver beside Docker's own, in turns, on a quiet
 * disk. Without Go it times the driver alone. Needs root.
 *
 * Ratios of one run are what counts: machines differ, and change while they run.
 *
 * @module
 */

import { init } from "../mod.ts";
import { settled } from "../src/driver/init.ts";
import { makeDisk } from "./disk.ts";
import { priceDurability } from "./durability.ts";
import { writeBig, writeSmall } from "./inputs.ts";
import { Peer } from "./peer.ts";
import { median, microseconds, say, time } from "./timing.ts";
import { change, preparation, prepare, type Work, works } from "./works.ts";

const ROUNDS = 5;

interface Result {
  readonly name: string;
  /** Median of our runs, microseconds an operation. */
  readonly ours: number;
  /** Fastest and slowest of our runs. */
  readonly spread: readonly [number, number];
  /** Median of Docker's runs, if it ran. */
  readonly docker: number | undefined;
  /** Median of the ratios, round by round. */
  readonly ratio: number | undefined;
}

async function measure(
  work: Work,
  driver: Awaited<ReturnType<typeof init>>,
  peer: Peer | undefined,
): Promise<Result> {
  const ours: number[] = [];
  const docker: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const own = await microseconds(() => work.ours(driver));
    ours.push(own / work.count);
    if (work.undo) await driver.remove(work.undo);
    await settled(driver);
    if (peer === undefined) continue;
    const theirs = await microseconds(() => peer.run(work.theirs));
    docker.push(theirs / work.count);
    if (work.undo) await peer.run([["remove", work.undo]]);
  }
  return {
    name: work.name,
    ours: median(ours),
    spread: [Math.min(...ours), Math.max(...ours)],
    docker: peer && median(docker),
    ratio: peer && median(ours.map((own, i) => own / docker[i]!)),
  };
}

function row({ name, ours, spread, docker, ratio }: Result): string {
  const range = `${time(spread[0])} … ${time(spread[1])}`;
  return [
    name.padEnd(40),
    time(ours).padStart(10),
    range.padStart(26),
    time(docker).padStart(10),
    (ratio?.toPrecision(2) ?? "–").padStart(7),
  ].join(" ");
}

async function main(): Promise<void> {
  await using disk = await makeDisk();
  const [small, big] = [`${disk.path}/small.tar`, `${disk.path}/big.tar`];
  await writeSmall(small);
  await writeBig(big);
  await using driver = await init(`${disk.path}/ours`, {
    // Docker syncs no content either; the second table tells what that costs.
    storageOpts: ["overlay2.sync=none"],
  });
  await using peer = await Peer.start(disk.path, `${disk.path}/docker`);
  const jobs = preparation(small, big);
  await prepare(driver, jobs);
  await peer?.run(jobs);
  await change((await driver.get("changed")).path);
  await driver.put("changed");
  if (peer) {
    await peer.run([["get", "changed"]]);
    await change(`${disk.path}/docker/changed/merged`);
    await peer.run([["put", "changed"]]);
  } else say("Go is not there: Docker's driver is left out");

  say(
    `${"work".padEnd(40)} ${"ours".padStart(10)} ${"spread".padStart(26)} ${
      "Docker".padStart(10)
    } ${"ratio".padStart(7)}`,
  );
  const results: Result[] = [];
  for (const work of works(small, big)) {
    const result = await measure(work, driver, peer);
    results.push(result);
    say(row(result));
  }
  say("");
  const durability = await priceDurability(disk.path, small, big);
  const file = new URL("results.json", import.meta.url);
  await Deno.writeTextFile(
    file,
    JSON.stringify({ results, durability }, undefined, 2) + "\n",
  );
}

if (import.meta.main) await main();
