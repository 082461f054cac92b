/**
 * When the power is cut: it follows from the seed.
 *
 * @module
 */

import { Random } from "../../tree/random.ts";
import { type Mode, MODES } from "./messages.ts";

const DISKS = ["through", "cached"] as const;

/** A cut. */
export interface Cut {
  /** From 1. */
  readonly number: number;
  /** Mode of the load that it ends. */
  readonly mode: Mode;
  /**
   * What the disks make of writes that are not flushed yet: `through` keeps
   * them, `cached` loses what is new since power on.
   */
  readonly disk: typeof DISKS[number];
  /** What is waited for: the guest is up, the load begins, or `count` layers are filled. */
  readonly after: "up" | "load" | "fills";
  readonly count: number;
  /** Milliseconds from there to the cut. */
  readonly delay: number;
}

/** Modes of a short run. */
const SHORT: readonly Mode[] = ["layer", "strict", "layer", "none"];

/**
 * Plans cuts.
 *
 * @param seed What they follow from.
 * @param cuts How many; `undefined` for a short run.
 */
export function planCuts(seed: number, cuts: number | undefined): Cut[] {
  const random = new Random(seed);
  const modes = cuts === undefined
    ? SHORT
    : Array.from({ length: cuts }, (_, i) => MODES[i % MODES.length]!);
  return modes.map((mode, i) => ({
    number: i + 1,
    mode,
    // A short run has both.
    disk: cuts === undefined
      ? DISKS[(i + 1) % DISKS.length]!
      : random.pick(DISKS),
    ...momentOf(mode, i, cuts === undefined, random),
  }));
}

type Moment = Pick<Cut, "after" | "count" | "delay">;

function momentOf(
  mode: Mode,
  index: number,
  short: boolean,
  random: Random,
): Moment {
  const dice = random.below(10);
  const count = 2 + random.below(short ? 6 : 11);
  const soon = random.below(random.below(2) === 0 ? 5 : 2000);
  // A short run has one chance to see what a cut does without sync: at once.
  if (short) {
    return { after: "fills", count, delay: mode === "none" ? 0 : soon };
  }
  // The first boot has nothing to recover.
  if (dice === 0 && index > 0) {
    return { after: "up", count, delay: random.below(1500) };
  }
  if (dice > 3) return { after: "fills", count, delay: soon };
  return { after: "load", count, delay: 200 + random.below(6000) };
}

/** Says a cut in a few words. */
export function describeCut({ mode, disk, after, count, delay }: Cut): string {
  const since = after === "fills" ? `${count} layers filled` : after;
  return `${mode}, ${disk} disk, ${delay} ms after ${since}`;
}
