/**
 * What all cuts together came to.
 *
 * @module
 */

import type { Verdict } from "./journal.ts";
import { type Mode, modeOf, MODES, PLACES } from "./messages.ts";

interface Row {
  /** Times that a home was looked at. */
  looks: number;
  /** Times that something was wrong with it. */
  bad: number;
  promised: number;
  whole: number;
  damaged: number;
  noticed: number;
}

const HEAD = [
  "sync",
  "disk",
  "looks",
  "bad",
  "reported",
  "whole",
  "damaged",
  "noticed",
];

/** Sums by mode and file system. */
export class Figures {
  readonly #rows = new Map<string, Row>();

  /** Adds what was found in one home. */
  add(home: string, verdict: Verdict): void {
    const [place] = home.split("/");
    const row = this.#row(modeOf(home), place!);
    row.looks++;
    if (verdict.damages.length > 0) row.bad++;
    row.promised += verdict.promised;
    row.whole += verdict.whole;
    row.damaged += verdict.damaged;
    row.noticed += verdict.noticed;
  }

  /** Layers that were lost or damaged where nothing was promised. */
  unpromised(): { lost: number; damaged: number } {
    const sum = { lost: 0, damaged: 0 };
    for (const place of PLACES) {
      const { promised, whole, damaged } = this.#row("none", place);
      sum.lost += promised - whole - damaged;
      sum.damaged += damaged;
    }
    return sum;
  }

  /** A table, line by line. */
  lines(): string[] {
    const rows = MODES.flatMap((mode) =>
      PLACES.map((place) => {
        const row = this.#row(mode, place);
        const { looks, bad, promised, whole, damaged, noticed } = row;
        return [mode, place, looks, bad, promised, whole, damaged, noticed];
      })
    );
    return [HEAD, ...rows].map((cells) =>
      cells.map((cell, i) => {
        const width = Math.max(HEAD[i]!.length, 6);
        return typeof cell === "number"
          ? `${cell}`.padStart(width)
          : cell.padEnd(width);
      }).join("  ")
    );
  }

  #row(mode: Mode, place: string): Row {
    const key = `${mode} ${place}`;
    const row = this.#rows.get(key) ??
      newRow();
    this.#rows.set(key, row);
    return row;
  }
}

function newRow(): Row {
  return {
    looks: 0,
    bad: 0,
    promised: 0,
    whole: 0,
    damaged: 0,
    noticed: 0,
  };
}
