/**
 * `deno run -A tests/faults/snapshot_cut.ts [--short] [--seed S] [--cuts N]`:
 * cuts the power of a virtual machine in which clients make, commit and remove
 * snapshots of `overlay2 serve containerd`, and looks each time whether one is
 * lost or damaged whose commit was answered.
 *
 * Disks, file systems and moments are those of `power_cut.ts`.
 *
 * @module
 */

import { type Cut, planCuts } from "./power_cut/plan.ts";
import { type CutTest, main } from "./power_cut/series.ts";
import { SnapshotJudge } from "./snapshot_cut/judge.ts";
import type { Message } from "./snapshot_cut/messages.ts";

/** Cuts of a short run, and commits before each: a call takes less than a layer. */
const SHORT_CUTS = 1;
const MORE_COMMITS = 10;

function plan(seed: number, cuts: number | undefined): Cut[] {
  const all = planCuts(seed, cuts);
  return (cuts === undefined ? all.slice(0, SHORT_CUTS) : all)
    .map((cut) => ({ ...cut, count: cut.count + MORE_COMMITS }));
}

const TEST: CutTest<Message> = {
  name: "snapshot_cut",
  guest: "tests/faults/snapshot_cut/guest.ts",
  cuts: 30,
  plan,
  judge: () => new SnapshotJudge(),
};

if (import.meta.main) Deno.exit(await main(TEST, Deno.args) ? 0 : 1);
