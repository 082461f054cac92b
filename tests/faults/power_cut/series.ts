/**
 * Cuts on the same disks, one after the other: the machine, the command line and
 * the counting, whatever the guest works at.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { complain, say } from "../../../tools/say.ts";
import { formatTally } from "../../../tools/tally.ts";
import type { Disk } from "../../../tools/vm/disks.ts";
import { findMissing } from "../../../tools/vm/needs.ts";
import { CACHE, type Setup, setUp } from "../../../tools/vm/setup.ts";
import { boot, type Said } from "./boot.ts";
import { type Cut, describeCut } from "./plan.ts";

/** Metadata is written every second; content has no such date. */
const DISKS: readonly Disk[] = [
  { name: "ext4", type: "ext4", mount: "commit=1" },
  { name: "xfs", type: "xfs" },
];

/** Faults that are printed of one boot. */
const PRINTED = 12;

/** Makes of what the guest says what is wrong. */
export interface Judge<Message> {
  /** Begins a boot, the first with 1. */
  begin(boot: number): void;
  /** Takes what the guest says; gives what is wrong with it. */
  take(message: Message): readonly string[];
  /** What else is worth a line about the boot that ended. */
  remarks(): readonly string[];
  /** Lines of figures about all boots. */
  figures(): readonly string[];
  /** What was lost where nothing was promised. */
  unpromised(): { readonly count: number; readonly text: string };
}

/** A test by cuts. */
export interface CutTest<Message> {
  /** Its name, for what is kept of it. */
  readonly name: string;
  /** Program that runs in the machine. */
  readonly guest: string;
  /** How many cuts a long run makes. */
  readonly cuts: number;
  /** Plans cuts; a short run if their number is left out. */
  plan(seed: number, cuts: number | undefined): readonly Cut[];
  /** Makes its judge. */
  judge(): Judge<Message>;
}

/**
 * Runs a test as its command line says.
 *
 * @param test The test.
 * @param args The command line.
 * @returns Whether all was as it should be.
 */
export async function main<Message extends Said>(
  test: CutTest<Message>,
  args: string[],
): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      short: { type: "boolean", default: false },
      seed: { type: "string", default: `${Date.now() % 1_000_000}` },
      cuts: { type: "string", default: `${test.cuts}` },
    },
  });
  const missing = findMissing([["qemu-img", "qemu-utils"]]);
  if (missing === undefined) {
    const cuts = values.short ? undefined : Number(values.cuts);
    return await cutPower(test, Number(values.seed), cuts);
  }
  complain(missing);
  say("0 passed, 1 failed");
  return false;
}

async function cutPower<Message extends Said>(
  test: CutTest<Message>,
  seed: number,
  cuts: number | undefined,
): Promise<boolean> {
  say(`Seed ${seed}`);
  await using setup = await setUp(test.guest, DISKS);
  const series = new Series(test, setup, seed);
  const plan = test.plan(seed, cuts);
  for (const cut of plan) await series.next(cut);
  await series.next(undefined);
  return series.finish(plan.some(({ mode }) => mode === "none"));
}

class Series<Message extends Said> {
  readonly #name: string;
  readonly #judge: Judge<Message>;
  readonly #setup: Setup;
  readonly #seed: number;
  #last: Cut | undefined;
  #boots = 0;
  #passed = 0;
  #failed = 0;

  constructor(test: CutTest<Message>, setup: Setup, seed: number) {
    this.#name = test.name;
    this.#judge = test.judge();
    this.#setup = setup;
    this.#seed = seed;
  }

  /**
   * Switches the machine on, judges what the last cut did, and has it work until
   * the next one.
   *
   * @param cut The next; `undefined` after the last one.
   */
  async next(cut: Cut | undefined): Promise<void> {
    const begin = performance.now();
    this.#judge.begin(++this.#boots);
    const faults = await this.#boot(cut);
    if (faults.length > 0) await this.#keepConsole();
    this.#conclude(faults, (performance.now() - begin) / 1000);
    this.#last = cut;
  }

  /** Gives what is wrong with a boot. */
  async #boot(cut: Cut | undefined): Promise<string[]> {
    const environment = {
      POWER_SEED: `${this.#seed}`,
      POWER_CUT: `${this.#boots}`,
      POWER_MODE: cut?.mode ?? "",
    };
    const faults: string[] = [];
    let loading = false;
    const end = await boot<Message>(
      this.#setup,
      environment,
      cut,
      (message) => {
        loading ||= message.say === "load";
        faults.push(...this.#judge.take(message));
      },
    );
    if (end !== (cut === undefined ? "power off" : "power cut")) {
      faults.push(`the machine ended by ${end}`);
    }
    // It cannot say so itself if it ended before.
    if (!loading && cut?.after !== "up") {
      faults.push("the guest did not come to work");
    }
    return faults;
  }

  async #keepConsole(): Promise<void> {
    const kept = `${CACHE}/${this.#name}-console-${this.#boots}.log`;
    await Deno.copyFile(this.#setup.options.consoleLog, kept);
    complain(`The machine's console is in ${kept}`);
  }

  /** Counts what one boot showed. */
  #conclude(faults: readonly string[], seconds: number): void {
    const what = this.#last === undefined
      ? "first boot"
      : `cut ${this.#last.number}: ${describeCut(this.#last)}`;
    const end = faults.length === 0 ? "ok" : "FAILED";
    say(`${what} ... ${end} (${Math.round(seconds)} s)`);
    for (const fault of faults.slice(0, PRINTED)) say(`  ${fault}`);
    if (faults.length > PRINTED) say(`  and ${faults.length - PRINTED} more`);
    for (const remark of this.#judge.remarks()) say(`  ${remark}`);
    this.#count(faults.length === 0);
  }

  #count(good: boolean): void {
    if (good) this.#passed++;
    else this.#failed++;
  }

  /**
   * Prints the figures.
   *
   * @param cutNone Whether a load without sync was cut, so that damage must show.
   * @returns Whether all is as it should be.
   */
  finish(cutNone: boolean): boolean {
    for (const line of this.#judge.figures()) say(line);
    if (cutNone) this.#concludeNone();
    const [passed, failed] = [this.#passed, this.#failed];
    say(formatTally({ passed, failed, skipped: 0 }));
    return failed === 0;
  }

  /** Without sync, something has to be lost or damaged. */
  #concludeNone(): void {
    const { count, text } = this.#judge.unpromised();
    say(`without sync ${text} ... ${count > 0 ? "ok" : "FAILED"}`);
    this.#count(count > 0);
  }
}
