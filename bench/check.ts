/**
 * Times `overlay2 check` of a home of 1,000 layers, as a whole process, run from
 * its sources: `deno run -A bench/check.ts [LAYERS]`. Needs root.
 *
 * The layers are in chains of 20, each with five files, one changed directory
 * and, unless it is a base, a whiteout, so that what lies below is opened.
 *
 * @module
 */

import { type Driver, init } from "../mod.ts";
import { Dir } from "../src/linux/dir.ts";
import { makeWhiteout, markOpaque } from "../src/overlay/marks.ts";
import { makeDisk } from "./disk.ts";

const RUNS = 7;
const CHAIN = 20;
const FILES = 4;
const CLI = new URL("../cli.ts", import.meta.url).pathname;

async function makeLayer(driver: Driver, i: number): Promise<void> {
  const isBase = i % CHAIN === 0;
  await driver.create(`layer-${i}`, isBase ? "" : `layer-${i - 1}`);
  using root = Dir.open(`${driver.home}/layer-${i}/diff`);
  for (let n = 0; n < FILES; n++) {
    Deno.writeTextFileSync(`${root.path}/file-${i}-${n}`, "x".repeat(100 * n));
  }
  root.mkdir("dir", 0o755);
  Deno.writeTextFileSync(`${root.path}/dir/file`, String(i));
  if (isBase) return;
  makeWhiteout(root, `file-${i - 1}-0`);
  using dir = root.openDir("dir");
  markOpaque(dir, "trusted.overlay.");
}

/** Runs the command once; tells how long it took, in milliseconds. */
async function check(home: string): Promise<number> {
  const start = performance.now();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", CLI, "--home", home, "check"],
    stdout: "null",
    stderr: "piped",
  }).output();
  const time = performance.now() - start;
  if (success) return time;
  throw new Error(`Cannot check: ${new TextDecoder().decode(stderr)}`);
}

async function main(): Promise<void> {
  const layers = Number(Deno.args[0] ?? 1000);
  await using disk = await makeDisk();
  await using driver = await init(`${disk.path}/home`, {
    storageOpts: ["overlay2.sync=none"],
  });
  for (let i = 0; i < layers; i++) await makeLayer(driver, i);
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) times.push(await check(driver.home));
  times.sort((a, b) => a - b);
  const [least, most] = [times[0]!, times.at(-1)!].map(Math.round);
  const middle = Math.round(times[RUNS >> 1]!);
  const line = `${layers} layers: ${middle} ms (${least} … ${most})\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(line));
}

if (import.meta.main) await main();
