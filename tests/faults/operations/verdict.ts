/**
 * What the calls on own layers, and the home in the end, should be.
 *
 * @module
 */

import { describeEntry, type Entry } from "./call.ts";
import { step } from "./model.ts";
import { FIXED } from "./plan.ts";
import { describe, type State } from "./state.ts";

/**
 * Calls that no other process can have had a part in: one after the other, each
 * must answer exactly what the model does.
 *
 * @param entries Calls of all processes on layers of their own.
 * @param start The home before them.
 */
export function ownFaults(
  entries: readonly Entry[],
  start: State,
): { faults: string[]; state: State } {
  const faults: string[] = [];
  let state = start;
  for (const entry of entries) {
    const { process, call, outcome } = entry;
    const [after] = outcome.code === "TORN"
      ? []
      : step(state, process, call, outcome);
    if (after) state = after;
    else {
      const layer = state.layer(call.id);
      faults.push(
        `wrong: ${describeEntry(entry)}\n  with ${
          layer ? describe(layer) : "no such layer"
        }`,
      );
    }
  }
  return { faults, state };
}

/** Layers of a home on lines; those that do not count left out. */
function linesOf(state: State, counts: (id: string) => boolean): string[] {
  return state.ids.filter(counts).map((id) =>
    `${id} ${describe(state.layer(id)!)}`
  );
}

/**
 * Compares a home with what the model says: all shared layers must be those of
 * one possible order, all others exactly as they should be.
 */
export function finalFaults(
  found: State,
  shared: readonly State[],
  own: State,
): string[] {
  const isShared = (id: string) => id.startsWith("shared-");
  const isOwn = (id: string) => !isShared(id) && !FIXED.includes(id);
  const actual = linesOf(found, isShared);
  const possible = shared.map((state) => linesOf(state, isShared));
  const known = possible.some((lines) => lines.join() === actual.join());
  return [
    ...differences(linesOf(found, isOwn), linesOf(own, isOwn)),
    ...known ? [] : differences(actual, possible[0] ?? []),
  ];
}

function differences(actual: string[], expected: string[]): string[] {
  return [
    ...actual.filter((line) => !expected.includes(line))
      .map((line) => `found ${line}`),
    ...expected.filter((line) => !actual.includes(line))
      .map((line) => `expected ${line}`),
  ];
}
