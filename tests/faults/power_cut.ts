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

import { LayerJudge } from "./power_cut/judge.ts";
import type { Message } from "./power_cut/messages.ts";
import { planCuts } from "./power_cut/plan.ts";
import { type CutTest, main } from "./power_cut/series.ts";

const TEST: CutTest<Message> = {
  name: "power_cut",
  guest: "tests/faults/power_cut/guest.ts",
  cuts: 40,
  plan: planCuts,
  judge: () => new LayerJudge(),
};

if (import.meta.main) Deno.exit(await main(TEST, Deno.args) ? 0 : 1);
