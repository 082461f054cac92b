/**
 * Whether calls that overlapped answered as if each had been made at one moment
 * between its begin and its end.
 *
 * Follows the log line by line with all homes that are possible so far. When a
 * call ends, it must have had its moment: in some order, calls that had begun
 * may have had theirs before (Wing and Gong; Lowe's “just in time”).
 *
 * @module
 */

import { type Call, describeEntry, type Entry } from "./call.ts";
import { mayChange, step } from "./model.ts";
import type { State } from "./state.ts";

/** A home that is possible, and the calls under way that had their moment. */
interface Possible {
  readonly state: State;
  readonly done: ReadonlySet<Entry>;
}

/** What came out. */
export interface Verdict {
  /** What could not have been answered, with the calls beside it. */
  readonly faults: string[];
  /** Homes that are possible in the end. */
  readonly states: State[];
  /** Most homes that were possible at a time. */
  readonly most: number;
}

const READS: readonly Call["name"][] = ["diff", "diffSize", "changes"];

function overlap(a: Entry, b: Entry): boolean {
  return a.begin < b.end && b.begin < a.end;
}

/** The calls that were under way during each call. */
function neighboursOf(entries: readonly Entry[]): Map<Entry, Entry[]> {
  const neighbours = new Map<Entry, Entry[]>();
  const open = new Set<Entry>();
  for (const entry of entries) {
    for (const other of open) if (!overlap(entry, other)) open.delete(other);
    neighbours.set(entry, [...open]);
    for (const other of open) neighbours.get(other)!.push(entry);
    open.add(entry);
  }
  return neighbours;
}

/**
 * Whether what a call reads may have changed while it was read: somebody wrote,
 * or it is read through a mount, and overlayfs leaves open what that shows if a
 * lower was written to meanwhile through a mount of its own.
 */
function isDisturbed({ call }: Entry, others: readonly Entry[]): boolean {
  if (!READS.includes(call.name)) return false;
  if (call.parent === "") return true;
  return others.some((other) =>
    other.call.name === "write" ||
    (other.call.name === "applyDiff" && other.call.id === call.id)
  );
}

/** Whether a call read a layer that was taken away or filled meanwhile, and said so. */
function isExcused({ call, outcome }: Entry, others: readonly Entry[]) {
  return outcome.code === "EIO" && READS.includes(call.name) &&
    others.some((other) =>
      other.call.id === call.id &&
      ["remove", "applyDiff"].includes(other.call.name)
    );
}

/** Follows a log. */
class Follower {
  readonly #neighbours: Map<Entry, Entry[]>;
  readonly #numbers: Map<Entry, number>;
  #possible: Possible[];
  readonly #open = new Set<Entry>();
  most = 1;

  constructor(entries: readonly Entry[], start: State) {
    this.#neighbours = neighboursOf(entries);
    this.#numbers = new Map(entries.map((entry, i) => [entry, i]));
    this.#possible = [{ state: start, done: new Set() }];
  }

  get states(): State[] {
    return this.#possible.map(({ state }) => state);
  }

  begin(entry: Entry): undefined {
    this.#open.add(entry);
  }

  /** Ends a call; gives what is wrong with it, if anything. */
  end(entry: Entry): string | undefined {
    const next = new Map<string, Possible>();
    const seen = new Set<string>();
    for (const possible of this.#possible) {
      this.#endFrom(possible, entry, next, seen);
    }
    this.#open.delete(entry);
    this.most = Math.max(this.most, next.size);
    if (next.size > 0) {
      this.#possible = [...next.values()];
      return undefined;
    }
    // Goes on as if it had not been made.
    this.#possible = this.#possible.filter(({ done }) => !done.has(entry));
    return this.#explain(entry);
  }

  #endFrom(
    start: Possible,
    entry: Entry,
    next: Map<string, Possible>,
    seen: Set<string>,
  ): void {
    const waiting = [start];
    for (let now = waiting.pop(); now; now = waiting.pop()) {
      const key = this.#keyOf(now);
      if (seen.has(key)) continue;
      seen.add(key);
      if (now.done.has(entry)) {
        const done = new Set(now.done);
        done.delete(entry);
        const ended = { state: now.state, done };
        next.set(this.#keyOf(ended), ended);
        continue;
      }
      const own = this.#stepped(now, entry);
      waiting.push(...own);
      // Had others been before it, they can as well be after it.
      if (own.length > 0 && !mayChange(entry.call, entry.outcome)) continue;
      for (const other of this.#open) {
        if (other !== entry && !now.done.has(other)) {
          waiting.push(...this.#stepped(now, other));
        }
      }
    }
  }

  #stepped({ state, done }: Possible, entry: Entry): Possible[] {
    const { process, call, outcome } = entry;
    const others = this.#neighbours.get(entry)!;
    const states = isExcused(entry, others)
      ? [state]
      : step(state, process, call, outcome, isDisturbed(entry, others));
    const now = new Set(done).add(entry);
    return states.map((after) => ({ state: after, done: now }));
  }

  #keyOf({ state, done }: Possible): string {
    const numbers = [...done].map((entry) => this.#numbers.get(entry)!);
    return `${numbers.sort((a, b) => a - b).join()} ${state.key}`;
  }

  #explain(entry: Entry): string {
    const others = this.#neighbours.get(entry)!
      .filter(({ call }) => isRelated(call, entry.call));
    const { id, parent } = entry.call;
    const homes = this.#possible.slice(0, 4).map(({ state, done }) =>
      `  ${done.size} of them done; ${describeIds(state, id, parent)}`
    );
    return [
      `not possible: ${describeEntry(entry)}`,
      ...others.map((other) => `  beside ${describeEntry(other)}`),
      ...homes,
    ].join("\n");
  }
}

function isRelated(one: Call, other: Call): boolean {
  const ids = [other.id, other.parent];
  return ids.includes(one.id) || (!!one.parent && ids.includes(one.parent));
}

function describeIds(state: State, ...ids: (string | undefined)[]): string {
  return ids.filter((id) => id).map((id) =>
    `${id}: ${JSON.stringify(state.layer(id!) ?? "absent")}${
      state.hasChild(id!) ? " with children" : ""
    }`
  ).join("; ");
}

/**
 * Follows calls that may overlap.
 *
 * @param entries Calls, sorted by their begin.
 * @param start The home before them.
 */
export function follow(entries: readonly Entry[], start: State): Verdict {
  const follower = new Follower(entries, start);
  const faults: string[] = [];
  const moments = entries.flatMap((entry) => [
    { at: entry.begin, run: () => follower.begin(entry) },
    { at: entry.end, run: () => follower.end(entry) },
  ]);
  for (const { run } of moments.sort((a, b) => a.at - b.at)) {
    const fault = run();
    if (fault) faults.push(fault);
  }
  return { faults, states: follower.states, most: follower.most };
}
