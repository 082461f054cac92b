/**
 * What a process does next, chosen by a seed.
 *
 * @module
 */

import type { Driver } from "../../../mod.ts";
import { streamOf } from "../../fixtures.ts";
import type { Random } from "../../tree/random.ts";
import { archiveOf } from "./archive.ts";
import type { Call, Texts } from "./call.ts";
import { step } from "./model.ts";
import { State } from "./state.ts";

/** Layers that are there from the start, and stay. */
export const FIXED: readonly string[] = ["fixed", "fixed-top"];

/** Makes the layers that stay; gives the home as it is then. */
export async function prepare(driver: Driver): Promise<State> {
  const [base, top] = FIXED as [string, string];
  const common = { shared: true, cli: false };
  const calls: Call[] = [
    { ...common, name: "create", id: base },
    { ...common, name: "applyDiff", id: base, texts: { a: "1", b: "2" } },
    { ...common, name: "create", id: top, parent: base },
    { ...common, name: "applyDiff", id: top, texts: { c: "3" }, gone: ["b"] },
    // So that both are marked as parents.
    { ...common, name: "create", id: "brief", parent: top },
    { ...common, name: "remove", id: "brief" },
  ];
  let state = new State();
  for (const call of calls) {
    if (call.name === "create") await driver.create(call.id, call.parent);
    else if (call.name === "remove") await driver.remove(call.id);
    else await driver.applyDiff(call.id, undefined, streamOf(archiveOf(call)));
    const value = call.name === "applyDiff" ? { value: 0 } : {};
    [state] = step(state, 0, call, { code: "OK", ...value }, true) as [State];
  }
  return state;
}

/** Ids that all processes use. */
export const SHARED: readonly string[] = Array.from(
  { length: 4 },
  (_, i) => `shared-${i}`,
);

/** Ids of one process. */
export function ownIds(process: number): string[] {
  return Array.from({ length: 5 }, (_, i) => `own-${process}-${i}`);
}

/** Whether layers are mounted, or cleaned up instead. */
export type Phase = "mounting" | "cleaning";

type Weights = readonly (readonly [Call["name"], number])[];

const COMMON: Weights = [
  ["create", 14],
  ["createReadWrite", 8],
  ["remove", 14],
  ["applyDiff", 14],
  ["diff", 5],
  ["diffSize", 3],
  ["changes", 5],
  ["exists", 3],
  ["getMetadata", 6],
  ["check", 2],
];
const MOUNTING: Weights = [...COMMON, ["get", 10], ["put", 15], ["write", 8]];
const OWN: Weights = [...MOUNTING, ["unlink", 4], ["read", 8]];
const CLEANING: Weights = [...COMMON, ["cleanup", 6]];

/** What only a process can do that keeps running, or that is no command. */
const NO_COMMAND: readonly Call["name"][] = ["write", "unlink", "read"];
/** Calls that wait for others and take a signal; an apply may be given up halfway. */
const CAN_GIVE_UP: readonly Call["name"][] = [
  "create",
  "createReadWrite",
  "get",
  "put",
  "remove",
];
const NAMES = ["a", "b", "c", "d"];
/** One of so many calls is made by the command. */
const COMMAND_SHARE = 8;

/** Chooses the calls of one process. */
export class Plan {
  readonly #random: Random;
  readonly #process: number;
  readonly #phase: Phase;
  #count = 0;

  /**
   * Makes a plan.
   *
   * @param random Where the choices come from.
   * @param process Number of the process.
   * @param phase What is tried.
   */
  constructor(random: Random, process: number, phase: Phase) {
    this.#random = random;
    this.#process = process;
    this.#phase = phase;
  }

  /** The next call. */
  next(): Call {
    this.#count++;
    const shared = this.#random.below(100) < 60;
    const name = this.#choose(this.#weights(shared));
    const id = this.#random.pick(shared ? SHARED : ownIds(this.#process));
    const cli = this.#random.below(COMMAND_SHARE) === 0 &&
      !NO_COMMAND.includes(name);
    const details = this.#details(name, shared);
    const hurried = !cli && CAN_GIVE_UP.includes(name) &&
      this.#random.below(10) === 0;
    const patience = hurried ? { patience: this.#random.below(6) } : {};
    return { name, id, shared, cli, ...details, ...patience };
  }

  #weights(shared: boolean): Weights {
    if (this.#phase === "cleaning") return CLEANING;
    return shared ? MOUNTING : OWN;
  }

  #choose(weights: Weights): Call["name"] {
    const sum = weights.reduce((sum, [, weight]) => sum + weight, 0);
    let rest = this.#random.below(sum);
    for (const [name, weight] of weights) {
      rest -= weight;
      if (rest < 0) return name;
    }
    throw new Error("Cannot choose: the weights do not add up");
  }

  #details(name: Call["name"], shared: boolean): Partial<Call> {
    switch (name) {
      case "create":
      case "createReadWrite":
        return this.#parent(shared);
      case "applyDiff":
        return this.#archive(shared);
      case "write":
        return { texts: this.#written(shared) };
      case "unlink":
        return { gone: [this.#random.pick(NAMES)] };
      case "diff":
      case "diffSize":
      case "changes":
        return this.#random.below(4) === 0 ? { parent: "" } : {};
      default:
        return {};
    }
  }

  #parent(shared: boolean): Partial<Call> {
    const kind = this.#random.below(4);
    if (kind === 0) return {};
    if (kind === 1) return { parent: this.#random.pick(FIXED) };
    const ids = shared ? SHARED : ownIds(this.#process);
    return { parent: this.#random.pick(ids) };
  }

  /** A text that no other call writes, of a length that the next ones have not. */
  #text(): string {
    const padding = "x".repeat(this.#count % 60);
    return `${this.#process}.${this.#count}.${padding}`;
  }

  /** A link, which is there with its content at once, where others look on. */
  #written(shared: boolean): Texts {
    return shared
      ? { [`w-${this.#process}-${this.#count}`]: `s${this.#text()}` }
      : { [this.#random.pick(NAMES)]: `f${this.#text()}` };
  }

  #archive(shared: boolean): Partial<Call> {
    const texts: Record<string, string> = {};
    const gone: string[] = [];
    for (const name of NAMES) {
      const kind = this.#random.below(4);
      if (kind < 2) texts[name] = this.#text();
      else if (kind === 2) gone.push(name);
    }
    if (Object.keys(texts).length === 0) texts.e = this.#text();
    return {
      texts,
      gone,
      time: 1_000_000_000 + this.#process * 100_000 + this.#count,
      ...(this.#random.below(6) === 0 ? { broken: true } : {}),
      // Its mount would be in the way of others, or in that of a cleanup.
      ...(!shared && this.#phase === "mounting" && this.#random.below(3) === 0
        ? { parent: "" }
        : {}),
    };
  }
}
