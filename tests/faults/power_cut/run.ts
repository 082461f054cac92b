/**
 * A run of cuts: what was told, what was found, and the figures at the end.
 *
 * @module
 */

import { complain, say } from "../../../tools/say.ts";
import { formatTally } from "../../../tools/tally.ts";
import { CACHE, type Setup } from "../../../tools/vm/setup.ts";
import { boot } from "./boot.ts";
import { Figures } from "./figures.ts";
import { Journal } from "./journal.ts";
import { type Look, type Message, modeOf } from "./messages.ts";
import { type Cut, describeCut } from "./plan.ts";

/** Faults that are printed of one boot. */
const PRINTED = 12;

/** Damages that are printed of one boot where they are expected. */
const SAMPLES = 4;

/** Cuts on the same disks, one after the other. */
export class Run {
  readonly #setup: Setup;
  readonly #seed: number;
  readonly #figures = new Figures();
  /** By home; those that were discarded have none. */
  readonly #journals = new Map<string, Journal>();
  /** Layers that were mounted with `volatile`, as `HOME/ID`, and in which boot. */
  readonly #left = new Map<string, number>();
  /** What is wrong where nothing was promised, in this boot. */
  #damages: string[] = [];
  #last: Cut | undefined;
  #boots = 0;
  #passed = 0;
  #failed = 0;

  /** Prepares a run on new disks. */
  constructor(setup: Setup, seed: number) {
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
    const seconds = (performance.now() - begin) / 1000;
    this.#conclude(faults, seconds);
    this.#last = cut;
  }

  async #keepConsole(): Promise<void> {
    const kept = `${CACHE}/console-${this.#boots}.log`;
    await Deno.copyFile(this.#setup.options.consoleLog, kept);
    complain(`The machine's console is in ${kept}`);
  }

  /** Takes what the guest says; gives what is wrong with it. */
  #take(message: Message, looked: Set<string>): string[] {
    switch (message.say) {
      case "begin":
      case "done":
        this.#journalOf(message.home).add(message);
        return [];
      case "look":
        looked.add(message.home);
        return this.#judge(message.home, message);
      case "load":
        return this.#judgeMissing(looked);
      case "discard":
        this.#journals.delete(message.home);
        return [];
      case "left":
        this.#left.set(`${message.home}/${message.id}`, this.#boots);
        return [];
      case "works":
        if (message.id) this.#left.delete(`${message.home}/${message.id}`);
        return message.fault === undefined
          ? []
          : [`${message.home}: ${message.fault}`];
      case "up":
        return [];
    }
  }

  #journalOf(home: string): Journal {
    const journal = this.#journals.get(home) ?? new Journal();
    this.#journals.set(home, journal);
    return journal;
  }

  #judge(home: string, look: Look | undefined): string[] {
    const isNone = modeOf(home) === "none";
    // A home without a journal is what is left of one that was discarded.
    if (isNone && !this.#journals.has(home)) return [];
    const verdict = this.#journalOf(home).judge(home, look);
    this.#figures.add(home, verdict);
    if (isNone) this.#damages.push(...verdict.damages);
    const faults = [
      ...isNone ? [] : verdict.damages,
      ...verdict.unnoticed.map((id) => `check does not notice layer ${id}`),
    ];
    return faults.map((fault) => `${home}: ${fault}`);
  }

  /** Judges what the guest should have come across and did not. */
  #judgeMissing(looked: ReadonlySet<string>): string[] {
    const homes = [...this.#journals.keys()].filter((home) =>
      !looked.has(home)
    );
    const left = [...this.#left].filter(([_, boot]) => boot < this.#boots);
    return [
      ...homes.flatMap((home) => this.#judge(home, undefined)),
      ...left.map(([layer]) => `${layer}: is lost, though it was mounted`),
    ];
  }

  /** Counts what one boot showed. */
  #conclude(faults: string[], seconds: number): void {
    const what = this.#last === undefined
      ? "first boot"
      : `cut ${this.#last.number}: ${describeCut(this.#last)}`;
    const end = faults.length === 0 ? "ok" : "FAILED";
    say(`${what} ... ${end} (${Math.round(seconds)} s)`);
    for (const fault of faults.slice(0, PRINTED)) say(`  ${fault}`);
    if (faults.length > PRINTED) say(`  and ${faults.length - PRINTED} more`);
    if (this.#damages.length > 0) {
      say(`  lost without sync: ${this.#damages.slice(0, SAMPLES).join("; ")}`);
    }
    this.#damages = [];
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
    for (const line of this.#figures.lines()) say(line);
    if (cutNone) this.#concludeNone();
    say(formatTally({
      passed: this.#passed,
      failed: this.#failed,
      skipped: 0,
    }));
    return this.#failed === 0;
  }

  /** Without sync, layers have to be lost or damaged. */
  #concludeNone(): void {
    const { lost, damaged } = this.#figures.unpromised();
    const shows = lost + damaged > 0;
    say(
      `without sync ${lost} layers were lost and ${damaged} damaged ... ` +
        (shows ? "ok" : "FAILED"),
    );
    this.#count(shows);
  }
}
