/**
 * What the host was told about a home, and what a cut may have done to it.
 *
 * @module
 */

import {
  type Look,
  type Mode,
  modeOf,
  type SeenLayer,
  type Step,
} from "./messages.ts";

/** A layer as far as the host was told. */
interface Told {
  /** Made, and said so. */
  made: boolean;
  /** Filled, and said so. */
  filled: boolean;
  /** Filling it has begun through a mount: its content is nobody's promise. */
  open: boolean;
  removing: boolean;
  removed: boolean;
}

/** What a look after a cut came to. */
export interface Verdict {
  /** Layers that had been reported done, with their content. */
  readonly promised: number;
  /** Those of them that were found whole. */
  readonly whole: number;
  /** Those that are there, but not whole. */
  readonly damaged: number;
  /** Those of the damaged ones that `check` finds something wrong with. */
  readonly noticed: number;
  /** Those that it does not, though their files are on record. */
  readonly unnoticed: readonly string[];
  /** What is not as it was promised. */
  readonly damages: readonly string[];
}

/** What was told about one home since the last look at it. */
export class Journal {
  readonly #layers = new Map<string, Told>();

  /** Takes a step. */
  add({ say, operation, id }: Step): void {
    const done = say === "done";
    const told = this.#layers.get(id) ?? unknown();
    this.#layers.set(id, told);
    if (operation === "create") told.made = done;
    else if (operation === "remove") {
      told.removing = true;
      told.removed = done;
    } else {
      told.open = operation === "write" && !done;
      told.filled = done;
    }
  }

  /**
   * Compares a look with what was told, and begins anew from what was seen.
   *
   * @param look What was seen; `undefined` if the home is not there any more.
   */
  judge(home: string, look: Look | undefined): Verdict {
    const seen = new Map(look?.layers.map((layer) => [layer.id, layer]));
    const findings = look?.findings ?? [];
    const damages = [
      ...look?.faults ?? [],
      ...findings.map(({ name, path }) => `${name} ${path}`),
    ];
    const mode = modeOf(home);
    const damaged: SeenLayer[] = [];
    let [promised, whole] = [0, 0];
    for (const id of new Set([...this.#layers.keys(), ...seen.keys()])) {
      const told = this.#layers.get(id) ?? unknown();
      const damage = damageOf(told, seen.get(id), mode);
      if (damage !== undefined) damages.push(`layer ${id} ${damage}`);
      if (!told.filled || told.removing) continue;
      promised++;
      if (damage === undefined) whole++;
      else if (seen.has(id)) damaged.push(seen.get(id)!);
    }
    this.#beginFrom(seen.values());
    const about = new Set(findings.map(({ id }) => id));
    const unnoticed = damaged.filter(({ id }) => !about.has(id));
    return {
      promised,
      whole,
      damaged: damaged.length,
      noticed: damaged.length - unnoticed.length,
      unnoticed: unnoticed.filter(({ recorded }) => recorded)
        .map(({ id }) => id),
      damages,
    };
  }

  #beginFrom(seen: Iterable<SeenLayer>): void {
    this.#layers.clear();
    for (const { id, differences } of seen) {
      const filled = isWhole(differences);
      const open = !filled && id.startsWith("w");
      this.#layers.set(id, { ...unknown(), made: true, filled, open });
    }
  }
}

function unknown(): Told {
  return {
    made: false,
    filled: false,
    open: false,
    removing: false,
    removed: false,
  };
}

function isWhole(differences: readonly string[]): boolean {
  return differences.length === 0;
}

/** What is wrong with a layer, as the end of a sentence. */
function damageOf(
  told: Told,
  seen: SeenLayer | undefined,
  mode: Mode,
): string | undefined {
  const strict = mode === "strict";
  if (seen === undefined) {
    const promised = told.filled || strict && told.made;
    return promised && !told.removing ? "is lost" : undefined;
  }
  if (strict && told.removed) return "is back, though removed";
  if (told.open || isWhole(seen.differences)) return undefined;
  if (!told.filled && seen.empty) return undefined;
  const state = told.filled ? "is damaged" : "is half-made";
  return `${state}: ${summary(seen.differences)}`;
}

function summary(differences: readonly string[]): string {
  const words = differences.map((difference) => difference.split(" ")[0]!);
  return [...new Set(words)].map((word) =>
    `${words.filter((other) => other === word).length} ${word}`
  ).join(", ");
}
