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

import { parseArgs } from "node:util";
import { complain, say } from "../../tools/say.ts";
import { formatTally } from "../../tools/tally.ts";
import type { Disk } from "../../tools/vm/disks.ts";
import { findMissing } from "../../tools/vm/needs.ts";
import { CACHE, type Setup, setUp } from "../../tools/vm/setup.ts";
import { boot } from "./power_cut/boot.ts";
import { modeOf } from "./power_cut/messages.ts";
import { type Cut, describeCut, planCuts } from "./power_cut/plan.ts";
import { Ledger, type Verdict } from "./snapshot_cut/judge.ts";
import type { Message } from "./snapshot_cut/messages.ts";

const GUEST = "tests/faults/snapshot_cut/guest.ts";

/** Metadata is written every second; content has no such date. */
const DISKS: readonly Disk[] = [
  { name: "ext4", type: "ext4", mount: "commit=1" },
  { name: "xfs", type: "xfs" },
];

const DEFAULT_CUTS = "30";

/** Cuts of a short run, and commits before each: a call takes less than a layer. */
const SHORT_CUTS = 1;
const MORE_COMMITS = 10;

/** Faults that are printed of one boot. */
const PRINTED = 12;

/** Cuts on the same disks, one after the other. */
class Run {
  readonly #setup: Setup;
  readonly #seed: number;
  /** By home; those that were discarded have none. */
  readonly #ledgers = new Map<string, Ledger>();
  readonly #sums = new Map<string, { promised: number; whole: number }>();
  #last: Cut | undefined;
  #boots = 0;
  /** What was lost where nothing was promised. */
  #lost = 0;
  #failed = 0;

  constructor(setup: Setup, seed: number) {
    this.#setup = setup;
    this.#seed = seed;
  }

  /** Switches the machine on, judges the last cut, and works until the next. */
  async next(cut: Cut | undefined): Promise<void> {
    const begin = performance.now();
    const environment = {
      POWER_SEED: `${this.#seed}`,
      POWER_CUT: `${++this.#boots}`,
      POWER_MODE: cut?.mode ?? "",
    };
    const faults: string[] = [];
    const looked = new Set<string>();
    let loading = false;
    const end = await boot<Message>(
      this.#setup,
      environment,
      cut,
      (message) => {
        loading ||= message.say === "load";
        faults.push(...this.#take(message, looked));
      },
    );
    if (end !== (cut === undefined ? "power off" : "power cut")) {
      faults.push(`the machine ended by ${end}`);
    }
    // It cannot say so itself if it ended before.
    if (!loading && cut?.after !== "up") {
      faults.push("the guest did not come to work");
    }
    if (faults.length > 0) await this.#keepConsole();
    this.#conclude(faults, (performance.now() - begin) / 1000);
    this.#last = cut;
  }

  async #keepConsole(): Promise<void> {
    const kept = `${CACHE}/snapshot-console-${this.#boots}.log`;
    await Deno.copyFile(this.#setup.options.consoleLog, kept);
    complain(`The machine's console is in ${kept}`);
  }

  /** Takes what the guest says; gives what is wrong with it. */
  #take(message: Message, looked: Set<string>): string[] {
    switch (message.say) {
      case "begin":
      case "done":
        this.#ledgerOf(message.home).add(message);
        return [];
      case "look":
        looked.add(message.home);
        return this.#judge(
          message.home,
          this.#ledgerOf(message.home).judge(message.home, message),
        );
      case "load":
        return this.#judgeMissing(looked);
      case "discard":
        this.#ledgers.delete(message.home);
        return [];
      case "works":
        return message.fault === undefined
          ? []
          : [`${message.home}: ${message.fault}`];
      case "up":
        return [];
    }
  }

  #ledgerOf(home: string): Ledger {
    const ledger = this.#ledgers.get(home) ?? new Ledger();
    this.#ledgers.set(home, ledger);
    return ledger;
  }

  #judge(home: string, { promised, whole, damages }: Verdict): string[] {
    const [place] = home.split("/");
    const key = `${modeOf(home)} ${place}`;
    const sum = this.#sums.get(key) ?? { promised: 0, whole: 0 };
    this.#sums.set(key, sum);
    sum.promised += promised;
    sum.whole += whole;
    if (modeOf(home) !== "none") {
      return damages.map((damage) => `${home}: ${damage}`);
    }
    this.#lost += damages.length;
    return [];
  }

  /** Judges homes that the guest should have come across and did not. */
  #judgeMissing(looked: ReadonlySet<string>): string[] {
    return [...this.#ledgers].filter(([home]) => !looked.has(home))
      .flatMap(([home, ledger]) =>
        this.#judge(home, ledger.judge(home, undefined))
      );
  }

  #conclude(faults: readonly string[], seconds: number): void {
    const what = this.#last === undefined
      ? "first boot"
      : `cut ${this.#last.number}: ${describeCut(this.#last)}`;
    const end = faults.length === 0 ? "ok" : "FAILED";
    say(`${what} ... ${end} (${Math.round(seconds)} s)`);
    for (const fault of faults.slice(0, PRINTED)) say(`  ${fault}`);
    if (faults.length > PRINTED) say(`  and ${faults.length - PRINTED} more`);
    if (faults.length > 0) this.#failed++;
  }

  /** Prints the figures; tells whether all is as it should be. */
  finish(cutNone: boolean): boolean {
    for (const [key, { promised, whole }] of [...this.#sums].sort()) {
      say(`${key}: ${promised} commits answered, ${whole} whole`);
    }
    let passed = this.#boots - this.#failed;
    if (cutNone) {
      const shows = this.#lost > 0;
      say(`without sync ${this.#lost} faults ... ${shows ? "ok" : "FAILED"}`);
      if (shows) passed++;
      else this.#failed++;
    }
    say(formatTally({ passed, failed: this.#failed, skipped: 0 }));
    return this.#failed === 0;
  }
}

async function cutPower(seed: number, cuts?: number): Promise<boolean> {
  say(`Seed ${seed}`);
  await using setup = await setUp(GUEST, DISKS);
  const run = new Run(setup, seed);
  const all = planCuts(seed, cuts);
  const plan = (cuts === undefined ? all.slice(0, SHORT_CUTS) : all)
    .map((cut) => ({ ...cut, count: cut.count + MORE_COMMITS }));
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
