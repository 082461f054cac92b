/**
 * What was told of snapshots, what was found, and the figures at the end.
 *
 * @module
 */

import { modeOf } from "../power_cut/messages.ts";
import type { Judge } from "../power_cut/series.ts";
import { Ledger, type Verdict } from "./ledger.ts";
import type { Message } from "./messages.ts";

/** Judges what becomes of snapshots. */
export class SnapshotJudge implements Judge<Message> {
  /** By home; those that were discarded have none. */
  readonly #ledgers = new Map<string, Ledger>();
  readonly #sums = new Map<string, { promised: number; whole: number }>();
  /** Homes that the guest has looked at in this boot. */
  #looked = new Set<string>();
  /** What was lost where nothing was promised. */
  #lost = 0;

  begin(): void {
    this.#looked = new Set();
  }

  take(message: Message): readonly string[] {
    switch (message.say) {
      case "begin":
      case "done":
        this.#ledgerOf(message.home).add(message);
        return [];
      case "look":
        this.#looked.add(message.home);
        return this.#judge(
          message.home,
          this.#ledgerOf(message.home).judge(message.home, message),
        );
      case "load":
        return this.#judgeMissing();
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
  #judgeMissing(): string[] {
    return [...this.#ledgers].filter(([home]) => !this.#looked.has(home))
      .flatMap(([home, ledger]) =>
        this.#judge(home, ledger.judge(home, undefined))
      );
  }

  remarks(): readonly string[] {
    return [];
  }

  figures(): readonly string[] {
    return [...this.#sums].sort().map(([key, { promised, whole }]) =>
      `${key}: ${promised} commits answered, ${whole} whole`
    );
  }

  unpromised(): { readonly count: number; readonly text: string } {
    return { count: this.#lost, text: `${this.#lost} faults` };
  }
}
