/**
 * Mends what can be mended, stage by stage.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import { refuseAborted } from "../giving_up.ts";
import type { Dir } from "../linux/dir.ts";
import { paced } from "../pace.ts";
import { NotDone, perform } from "./act.ts";
import type { Expected } from "./facts.ts";
import { type Action, DELETIONS, type Fault, keyOf, STAGES } from "./fault.ts";
import { lockHome, look } from "./look.ts";
import { within } from "./scope.ts";

/** More than enough for repairs that make others possible. */
const MOST_ROUNDS = 100;

/** What was mended, and why the rest was not. */
export class Outcome {
  /** Faults that are gone. */
  readonly mended: Fault[] = [];
  /** Why a repair was not done, by the key of its fault. */
  readonly obstacles = new Map<string, string>();

  #first: readonly Fault[] | undefined;

  /** Notes what was wrong before anything was mended. */
  begin(faults: readonly Fault[]): void {
    this.#first ??= faults;
  }

  /**
   * Tells what is mended: what a repair was for, and what went with it.
   *
   * @param left Faults that are still there.
   */
  allMended(left: readonly Fault[]): Fault[] {
    const known = new Set([...this.mended, ...left].map(keyOf));
    const others = (this.#first ?? []).filter((fault) =>
      !known.has(keyOf(fault))
    );
    return [...this.mended, ...others];
  }

  /** Does one repair. */
  async mend(home: Dir, fault: Fault, action: Action): Promise<void> {
    try {
      const work = perform(home, action);
      if (work && "next" in work) await paced(work);
      else await work;
      this.mended.push(fault);
    } catch (error) {
      if (!(error instanceof NotDone) && !hasErrno(error)) throw error;
      this.obstacles.set(keyOf(fault), messageOf(error));
    }
  }
}

function hasErrno(error: unknown): boolean {
  return error instanceof Error && "code" in error;
}

/**
 * Mends a home. After each stage it is read again, so that one repair makes
 * others possible, or needless.
 *
 * @param home Open home directory.
 * @param expected Who files should belong to.
 * @param ids Layers to mend; none for the whole home.
 * @param signal Stops between two repairs.
 */
export async function repairHome(
  home: Dir,
  expected: Expected,
  ids: readonly string[] | undefined,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const outcome = new Outcome();
  const tried = new Set<string>();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    using lock = await lockHome(home, true, signal);
    const seen = await look(home, expected, signal, true);
    const faults = within(seen.faults, seen.view, ids);
    outcome.begin(faults);
    const todo = nextStage(faults.filter((each) => !tried.has(keyOf(each))));
    if (todo.length === 0) return outcome;
    // Whoever deletes a directory has its own lock.
    if (DELETIONS.includes(todo[0]![1].do)) lock?.[Symbol.dispose]();
    for (const [fault, action] of todo) {
      refuseAborted(signal);
      tried.add(keyOf(fault));
      await outcome.mend(home, fault, action);
    }
  }
  return outcome;
}

/** Of all repairs those of the first stage that has any. */
function nextStage(faults: readonly Fault[]): [Fault, Action][] {
  const actions = faults.flatMap((fault) =>
    fault.repair ? [[fault, fault.repair.action] as [Fault, Action]] : []
  );
  for (const stage of STAGES) {
    const found = actions.filter(([, action]) => stage.includes(action.do));
    if (found.length > 0) return found;
  }
  return [];
}
