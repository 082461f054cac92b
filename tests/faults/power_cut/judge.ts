/**
 * What was told of layers, what was found, and the figures at the end.
 *
 * @module
 */

import { Figures } from "./figures.ts";
import { Journal } from "./journal.ts";
import { type Look, type Message, modeOf } from "./messages.ts";
import type { Judge } from "./series.ts";

/** Damages that are printed of one boot where they are expected. */
const SAMPLES = 4;

/** Judges what becomes of layers. */
export class LayerJudge implements Judge<Message> {
  readonly #figures = new Figures();
  /** By home; those that were discarded have none. */
  readonly #journals = new Map<string, Journal>();
  /** Layers that were mounted with `volatile`, as `HOME/ID`, and in which boot. */
  readonly #left = new Map<string, number>();
  /** What is wrong where nothing was promised, in this boot. */
  #damages: string[] = [];
  /** Homes that the guest has looked at in this boot. */
  #looked = new Set<string>();
  #boot = 0;

  begin(boot: number): void {
    this.#boot = boot;
    this.#looked = new Set();
    this.#damages = [];
  }

  take(message: Message): readonly string[] {
    switch (message.say) {
      case "begin":
      case "done":
        this.#journalOf(message.home).add(message);
        return [];
      case "look":
        this.#looked.add(message.home);
        return this.#judge(message.home, message);
      case "load":
        return this.#judgeMissing();
      case "discard":
        this.#journals.delete(message.home);
        return [];
      case "left":
        this.#left.set(`${message.home}/${message.id}`, this.#boot);
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
  #judgeMissing(): string[] {
    const homes = [...this.#journals.keys()].filter((home) =>
      !this.#looked.has(home)
    );
    const left = [...this.#left].filter(([_, boot]) => boot < this.#boot);
    return [
      ...homes.flatMap((home) => this.#judge(home, undefined)),
      ...left.map(([layer]) => `${layer}: is lost, though it was mounted`),
    ];
  }

  remarks(): readonly string[] {
    return this.#damages.length === 0
      ? []
      : [`lost without sync: ${this.#damages.slice(0, SAMPLES).join("; ")}`];
  }

  figures(): readonly string[] {
    return this.#figures.lines();
  }

  unpromised(): { readonly count: number; readonly text: string } {
    const { lost, damaged } = this.#figures.unpromised();
    return {
      count: lost + damaged,
      text: `${lost} layers were lost and ${damaged} damaged`,
    };
  }
}
