/**
 * What the host was told about the snapshots of a home, and what a cut may have
 * done to them.
 *
 * @module
 */

import { type Mode, modeOf } from "../power_cut/messages.ts";
import { idOf, type Look, namesOf, type Seen, type Step } from "./messages.ts";

/** How far a call came, as the host was told. */
type Progress = "not asked" | "asked" | "answered";

/** A snapshot as far as the host was told. */
interface Told {
  /** Whether containerd would unpack into it. */
  readonly unpacking: boolean;
  prepared: Progress;
  committed: Progress;
  removed: Progress;
}

/** What a look after a cut came to. */
export interface Verdict {
  /** Commits that were answered, of snapshots that nobody removes. */
  readonly promised: number;
  /** Those whose snapshot was found whole. */
  readonly whole: number;
  /** What is not as it was promised. */
  readonly damages: readonly string[];
}

/** What was told about one home since the last look at it. */
export class Ledger {
  readonly #told = new Map<string, Told>();

  /** Takes a step. */
  add({ say, operation, name }: Step): void {
    const told = this.#of(name);
    const progress = say === "done" ? "answered" : "asked";
    if (operation === "prepare") told.prepared = progress;
    else if (operation === "commit") told.committed = progress;
    else told.removed = progress;
  }

  #of(name: string): Told {
    const id = idOf(name);
    const told = this.#told.get(id) ?? {
      unpacking: name !== namesOf(id).container,
      prepared: "not asked",
      committed: "not asked",
      removed: "not asked",
    };
    this.#told.set(id, told);
    return told;
  }

  /**
   * Compares a look with what was told, and begins anew from what was seen.
   *
   * @param home Name of the home.
   * @param look What was seen; `undefined` if the home is not there any more.
   */
  judge(home: string, look: Look | undefined): Verdict {
    const mode = modeOf(home);
    const seen = new Map(
      look?.snapshots.map((snapshot) => [idOf(snapshot.name), snapshot]),
    );
    const names = new Set(look?.snapshots.map(({ name }) => name));
    const damages = [...look?.faults ?? []];
    let [promised, whole] = [0, 0];
    for (const id of new Set([...this.#told.keys(), ...seen.keys()])) {
      const told = this.#told.get(id);
      const damage = damageOf(told, seen.get(id), names, mode);
      if (damage !== undefined) damages.push(`snapshot ${id} ${damage}`);
      if (told?.committed !== "answered" || told.removed !== "not asked") {
        continue;
      }
      promised++;
      if (damage === undefined) whole++;
    }
    this.#beginFrom(seen);
    return { promised, whole, damages };
  }

  #beginFrom(seen: ReadonlyMap<string, Seen>): void {
    this.#told.clear();
    for (const { name, committed } of seen.values()) {
      const told = this.#of(name);
      told.prepared = "answered";
      told.committed = committed ? "answered" : "not asked";
    }
  }
}

/** What is wrong with a snapshot, as the end of a sentence. */
function damageOf(
  told: Told | undefined,
  seen: Seen | undefined,
  names: ReadonlySet<string>,
  mode: Mode,
): string | undefined {
  if (told === undefined) return "was never asked for";
  if (seen === undefined) return lossOf(told, mode);
  if (mode === "strict" && told.removed === "answered") {
    return "is back, though removed";
  }
  if (seen.parent !== "" && !names.has(seen.parent)) {
    return `stands on ${seen.parent}, which is not there`;
  }
  if (seen.committed && told.committed === "not asked") {
    return "is committed, which nobody asked for";
  }
  if (!seen.committed && told.committed === "answered") {
    return "is not committed any more";
  }
  return seen.differences.length === 0
    ? undefined
    : `is damaged: ${seen.differences.slice(0, 3).join(", ")}`;
}

function lossOf(told: Told, mode: Mode): string | undefined {
  if (told.removed !== "not asked") return undefined;
  if (told.committed === "answered") return "is lost, though committed";
  if (told.prepared !== "answered") return undefined;
  const mayGo = told.unpacking && mode !== "strict";
  return mayGo ? undefined : "is lost, though prepared";
}
