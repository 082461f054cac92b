/**
 * `deno run -A tests/faults/power_cut.ts [--short] [--seed S] [--cuts N]`: cuts
 * the power of a virtual machine at work, again and again, and looks each time
 * whether something is lost that was reported done.
 *
 * The same load runs on an ext4 and an xfs disk, with `overlay2.sync` of
 * `layer`, `strict` and `none` in turns. What is lost with `none` shows that the
 * test would notice.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { complain, say } from "../../tools/say.ts";
import type { Disk } from "../../tools/vm/disks.ts";
import { findMissing } from "../../tools/vm/needs.ts";
import { setUp } from "../../tools/vm/setup.ts";
import { planCuts } from "./power_cut/plan.ts";
import { Run } from "./power_cut/run.ts";

const GUEST = "tests/faults/power_cut/guest.ts";

/** Metadata is written every second; content has no such date. */
const DISKS: readonly Disk[] = [
  { name: "ext4", type: "ext4", mount: "commit=1" },
  { name: "xfs", type: "xfs" },
];

const DEFAULT_CUTS = "40";

async function cutPower(seed: number, cuts?: number): Promise<boolean> {
  say(`Seed ${seed}`);
  await using setup = await setUp(GUEST, DISKS);
  const run = new Run(setup, seed);
  const plan = planCuts(seed, cuts);
  for (const cut of plan) await run.next(cut);
  await run.next(undefined);
  return run.finish(plan.some(({ mode }) => mode === "none"));
}

async function main(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      short: { type: "boolean", default: false },
      seed: { type: "string", default: `${Date.now() % 1_000_000}` },
      cuts: { type: "string", default: DEFAULT_CUTS },
    },
  });
  const missing = findMissing([["qemu-img", "qemu-utils"]]);
  if (missing === undefined) {
    const cuts = values.short ? undefined : Number(values.cuts);
    return await cutPower(Number(values.seed), cuts);
  }
  complain(missing);
  say("0 passed, 1 failed");
  return false;
}

if (import.meta.main) Deno.exit(await main(Deno.args) ? 0 : 1);
