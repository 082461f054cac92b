/**
 * What the processes of `kill.ts` do, and what their layers must hold when they
 * are killed.
 *
 * @module
 */

import type { Driver } from "../../mod.ts";
import { streamOf } from "../fixtures.ts";
import { archive, dir, file } from "../tar_builder.ts";
import { ABSENT, contentOfLayer } from "./verdict.ts";

/** Layer that most others stand on. */
export const BASE = "base";
/** Ids that all processes make and remove. */
export const SHARED: readonly string[] = ["shared-0", "shared-1"];
/** How many archives there are. */
export const ARCHIVES = 3;

/** An archive of small files and one that takes several pieces. */
export function archiveOf(number: number): Uint8Array<ArrayBuffer> {
  const files = Array.from(
    { length: 10 + 30 * number },
    (_, i) => file(`d/file-${number}-${i}`, `${number} ${i}`),
  );
  const large = new Uint8Array(300_000 * number).fill(number);
  return archive(dir("d"), ...files, file("large", large));
}

/** A step that a process tells of, before (`begun`) and after it. */
export interface Step {
  readonly what: "create" | "apply" | "get" | "put" | "remove";
  readonly id: string;
  /** Parent of a new layer, `""` for none; number of an archive. */
  readonly detail: string;
  readonly state: "begun" | "done" | "refused";
}

/** What layers hold by what was done with them. */
export interface Contents {
  /** By parent. */
  readonly empty: ReadonlyMap<string, string>;
  /** By parent and archive, `PARENT NUMBER`. */
  readonly full: ReadonlyMap<string, string>;
}

/** Finds out what layers hold when nobody is killed. */
export async function learnContents(driver: Driver): Promise<Contents> {
  const empty = new Map<string, string>();
  const full = new Map<string, string>();
  for (const parent of ["", BASE]) {
    for (let number = 0; number < ARCHIVES; number++) {
      await driver.create("trial", parent);
      empty.set(parent, await contentOfLayer(driver, "trial"));
      const bytes = archiveOf(number);
      await driver.applyDiff("trial", undefined, streamOf(bytes));
      full.set(`${parent} ${number}`, await contentOfLayer(driver, "trial"));
      await driver.remove("trial");
    }
  }
  return { empty, full };
}

/** Keeps account of what each layer may hold. */
export class Account {
  readonly #contents: Contents;
  readonly #parents = new Map<string, string>();
  readonly #allowed = new Map<string, readonly string[]>();

  /** Begins with {@linkcode BASE} and the shared layers. */
  constructor(contents: Contents, base: string) {
    this.#contents = contents;
    const anything = [
      ABSENT,
      ...contents.empty.values(),
      ...contents.full.values(),
    ];
    this.#allowed.set(BASE, [base]);
    for (const id of SHARED) this.#allowed.set(id, anything);
  }

  /** What each layer may hold. */
  get allowed(): ReadonlyMap<string, readonly string[]> {
    return this.#allowed;
  }

  /** Takes a step into account. */
  note({ what, id, detail, state }: Step): void {
    if (SHARED.includes(id)) return;
    const before = this.#allowed.get(id) ?? [ABSENT];
    const after = this.#after(what, id, detail);
    if (after === undefined) return;
    this.#allowed.set(id, state === "done" ? [after] : [...before, after]);
  }

  #after(what: Step["what"], id: string, detail: string): string | undefined {
    switch (what) {
      case "create":
        this.#parents.set(id, detail);
        return this.#contents.empty.get(detail);
      case "apply":
        return this.#contents.full.get(`${this.#parents.get(id)} ${detail}`);
      case "remove":
        return ABSENT;
      default:
        return undefined;
    }
  }

  /** Forgets all layers but those of the beginning. */
  forget(): void {
    for (const id of this.#allowed.keys()) {
      if (id !== BASE && !SHARED.includes(id)) this.#allowed.delete(id);
    }
  }
}
