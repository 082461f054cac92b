/**
 * A process that makes all calls of a driver again and again while every few
 * system calls fail, and counts its descriptors before and afterwards.
 *
 * Words: the home, how many rounds. It says `ready`, works once a line comes, says
 * `done` and, after a second line, what it has open beyond what it had.
 *
 * @module
 */

import { init } from "../../mod.ts";
import { settled } from "../../src/driver/init.ts";
import { say } from "../../tools/say.ts";
import { bytesOf, openPaths, streamOf } from "../fixtures.ts";
import { CHANGES } from "./layers.ts";

const [home, rounds] = Deno.args as [string, string];

async function aLine(): Promise<void> {
  await Deno.stdin.read(new Uint8Array(64));
}

/** Says something although every few writes fail. */
function insist(line: string): void {
  for (;;) {
    try {
      return say(line);
    } catch {
      // Again.
    }
  }
}

const driver = await init(home, { onWarning: () => {} });
const CALLS: readonly (() => Promise<unknown>)[] = [
  () => driver.create("new", "leaf"),
  () => driver.applyDiff("new", undefined, streamOf(CHANGES)),
  () => driver.remove("new"),
  () => driver.createReadWrite("new", "mid"),
  () => driver.applyDiff("new", "", streamOf(CHANGES)),
  () => driver.get("new"),
  () => driver.put("new"),
  () => driver.remove("new"),
  () => driver.get("work"),
  () => driver.put("work"),
  () => bytesOf(driver.diff("work")),
  () => bytesOf(driver.diff("work", "base")),
  () => driver.changes("work"),
  () => driver.changes("work", "base"),
  () => driver.diffSize("work"),
  () => driver.getMetadata("work"),
  () => driver.exists("work"),
  () => driver.check(undefined, { deep: true }),
  () => driver.check(undefined, { repair: true }),
  () => driver.cleanup(),
  () => init(home, { onWarning: () => {} }),
];

/** Makes all calls; tells how many failed. */
async function work(): Promise<number> {
  let failed = 0;
  for (const call of CALLS) await call().catch(() => failed++);
  await settled(driver);
  return failed;
}

// What the runtime opens once, it opens now.
await work();
const before = openPaths();
insist("ready");
await aLine();
let failed = 0;
for (let i = 0; i < Number(rounds); i++) failed += await work();
insist("done");
await aLine();
const lost = openPaths();
for (const path of before) {
  const at = lost.indexOf(path);
  if (at >= 0) lost.splice(at, 1);
}
say(JSON.stringify({ calls: CALLS.length * Number(rounds), failed, lost }));
