/**
 * What is aimed at, in one place.
 *
 * @module
 */

import type { Result } from "./row.ts";

const MIB = 1 << 20;

/** Most that a row may take. */
export interface Target {
  /** Name of the row, or what the names of several begin with. */
  readonly row: string | RegExp;
  /** Most shares of what others need, by their names. */
  readonly shares?: Readonly<Record<string, number>>;
  /** Most microseconds or bytes. */
  readonly most?: number;
}

/** All of them. */
export const TARGETS: readonly Target[] = [
  { row: "exists", shares: { docker: 2 } },
  { row: "create + remove", shares: { docker: 0.8, limit: 1.3 } },
  { row: "get + put, depth 2", shares: { docker: 1, limit: 1.3 } },
  { row: "get + put, depth 120", shares: { docker: 0.3, limit: 1.2 } },
  { row: "get + put, depth 400", shares: { limit: 1.2 } },
  { row: "remove, many files", shares: { docker: 0.9, limit: 1.1 } },
  { row: "remove, many files: until it answers", most: 1000 },
  {
    row: "apply, small files",
    shares: { docker: 0.5, limit: 1.15, "GNU tar": 1, "C, 2 threads": 1.4 },
  },
  {
    row: "apply, large files, from a file",
    shares: { docker: 0.4, limit: 1.15 },
  },
  {
    row: "apply, large files, from a pipe",
    shares: { docker: 0.5, limit: 1.15 },
  },
  { row: "apply, root file system", shares: { docker: 0.5, "GNU tar": 1 } },
  {
    row: /^apply, root file system, /,
    shares: { docker: 0.7, limit: 1.15, "GNU tar": 1 },
  },
  { row: /^diff, small files, /, shares: { docker: 0.5, "GNU tar": 1 } },
  {
    row: "diff, large files, to a pipe",
    shares: { docker: 0.3, limit: 1.5 },
  },
  {
    row: "diff, large files, to a file",
    shares: { docker: 0.5, limit: 1.5 },
  },
  {
    row: "diff, large files, to a stream",
    shares: { docker: 0.6, limit: 1.5 },
  },
  { row: "changes, 10 of many files", shares: { docker: 0.002, limit: 5 } },
  { row: "diff-size, small files", shares: { docker: 0.6, limit: 1.2 } },
  { row: /^process /, shares: { limit: 1.5 }, most: 40_000 },
  { row: /^peak memory/, shares: { limit: 1.1 }, most: 120 * MIB },
  { row: /^large home: /, shares: { limit: 1.2 } },
  { row: "batch, create + get + put + remove", shares: { docker: 1 } },
];

/** Whether one aim is met. */
export interface Verdict {
  /** Whom it is about; `undefined` for an absolute amount. */
  readonly beside: string | undefined;
  readonly most: number;
  /** What there is; `undefined` where the other one was not there. */
  readonly is: number | undefined;
  readonly met: boolean | undefined;
}

/** Judges a row by all that it is aimed at. */
export function verdicts(result: Result): Verdict[] {
  return TARGETS.filter(({ row }) =>
    typeof row === "string" ? row === result.name : row.test(result.name)
  ).flatMap(({ shares, most }) => [
    ...Object.entries(shares ?? {}).map(([beside, most]) =>
      verdict(beside, most, result.contenders[beside]?.share)
    ),
    ...most === undefined
      ? []
      : [verdict(undefined, most, result.contenders["ours"]!.median)],
  ]);
}

function verdict(
  beside: string | undefined,
  most: number,
  is: number | undefined,
): Verdict {
  return { beside, most, is, met: is === undefined ? undefined : is <= most };
}
