/**
 * Times of calls in a small and in a large home, side by side.
 *
 * @module
 */

import type { Driver } from "../../../mod.ts";
import { bytesOf, streamOf } from "../../fixtures.ts";
import { ARCHIVE } from "./home.ts";

type Works = Readonly<Record<string, (driver: Driver) => Promise<unknown>>>;

/** In this order; what they make is gone in the end. */
const WORKS: Works = {
  "create": (driver) => driver.create("timed"),
  "exists": (driver) => driver.exists("timed"),
  "apply a small archive": (driver) =>
    driver.applyDiff("timed", undefined, streamOf(ARCHIVE)),
  "create a child": (driver) => driver.createReadWrite("timed-top", "timed"),
  "get and put": async (driver) => {
    await driver.get("timed-top");
    await driver.put("timed-top");
  },
  "getMetadata": (driver) => driver.getMetadata("timed-top"),
  "changes": (driver) => driver.changes("timed"),
  "diff": (driver) => bytesOf(driver.diff("timed")),
  "diffSize": (driver) => driver.diffSize("timed"),
  "remove": (driver) => driver.remove("timed-top"),
  "remove what was a parent": (driver) => driver.remove("timed"),
};

/** Median of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** Median times of one call. */
export interface Comparison {
  /** What was called. */
  readonly name: string;
  /** Microseconds in the small home. */
  readonly small: number;
  /** Microseconds in the large home. */
  readonly large: number;
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await task();
  return (performance.now() - begin) * 1000;
}

/**
 * Times each call in two homes, in turns, so that whatever slows the machine down
 * slows both down.
 *
 * @param small Driver on a home of few layers.
 * @param large Driver on a home of many.
 * @param rounds How often.
 */
export async function compare(
  small: Driver,
  large: Driver,
  rounds: number,
): Promise<Comparison[]> {
  const times = new Map<string, [number[], number[]]>();
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? [0, 1] : [1, 0];
    for (const [name, work] of Object.entries(WORKS)) {
      const both = times.get(name) ?? [[], []];
      times.set(name, both);
      for (const i of order) {
        both[i]!.push(await timed(() => work([small, large][i]!)));
      }
    }
  }
  return [...times].map(([name, [few, many]]) => ({
    name,
    small: median(few),
    large: median(many),
  }));
}
