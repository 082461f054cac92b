/**
 * Rows of the table, and how one is measured: A B A B …, so that what changes on
 * the machine changes for all.
 *
 * @module
 */

import type { Room } from "./room.ts";
import { shell } from "./program.ts";
import { calm, median, note } from "./timing.ts";

/** One of those that do a row's work. */
export interface Contender {
  /** Files and trees to read right before, so that they are in memory. */
  readonly reads?: readonly string[];
  /** Does the work; tells microseconds an operation, or bytes. */
  measure(): Promise<number>;
  /** Takes back what the work made, untimed. */
  undo?(): Promise<unknown>;
}

/**
 * Those that do a row's work, by name: `ours`, `docker`, `limit` (what cannot be
 * beaten), and any others.
 */
export type Contenders = {
  readonly ours: Contender;
  readonly [name: string]: Contender | undefined;
};

/** A row of the table. */
export interface Row {
  /** What is done. */
  readonly name: string;
  /** What is measured; time if left out. */
  readonly unit?: "memory";
  /** What the limit is. */
  readonly limit?: string;
  /** How many times as many rounds as others: more for what is short and unsteady. */
  readonly rounds?: number;
  /** Whether to do the work once before it counts. */
  readonly warmUp?: boolean;
  /** Makes ready. */
  prepare(room: Room): Promise<Contenders>;
}

/** Rows that share a disk. */
export interface Area {
  readonly name: string;
  readonly rows: readonly Row[];
}

/** What one contender needed. */
export interface Measured {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Median of our share of it, round by round. */
  readonly share: number;
}

/** What a row's measurement gave. */
export interface Result {
  readonly name: string;
  readonly unit: "time" | "memory";
  readonly limit: string | undefined;
  readonly contenders: Readonly<Record<string, Measured>>;
}

/**
 * Measures a row.
 *
 * @param row The row.
 * @param room Where.
 * @param rounds How often; 0 for once in a hurry, when the figures do not count.
 */
export async function measure(
  row: Row,
  room: Room,
  rounds: number,
): Promise<Result> {
  note(`${row.name} …`);
  const contenders = there(await row.prepare(room));
  const hurry = rounds === 0;
  if (row.warmUp && !hurry) await once(contenders, hurry);
  const taken: Record<string, number>[] = [];
  const wanted = Math.ceil(rounds * (row.rounds ?? 1)) || 1;
  for (let i = 0; i < wanted; i++) taken.push(await once(contenders, hurry));
  return {
    name: row.name,
    unit: row.unit ?? "time",
    limit: row.limit,
    contenders: Object.fromEntries(
      Object.keys(contenders).map((name) => [name, summary(taken, name)]),
    ),
  };
}

function there(contenders: Contenders): Record<string, Contender> {
  return Object.fromEntries(
    Object.entries(contenders).flatMap(([name, contender]) =>
      contender === undefined ? [] : [[name, contender]]
    ),
  );
}

async function once(
  contenders: Record<string, Contender>,
  hurry: boolean,
): Promise<Record<string, number>> {
  const taken: Record<string, number> = {};
  for (const [name, contender] of Object.entries(contenders)) {
    if (!hurry) await makeReady(contender);
    taken[name] = await contender.measure();
    await contender.undo?.();
  }
  return taken;
}

async function makeReady({ reads }: Contender): Promise<void> {
  for (const path of reads ?? []) await read(path);
  await calm();
}

/** Reads a file, or all files of a directory. */
async function read(path: string): Promise<void> {
  const line = 'if [ -d "$1" ]; then tar -C "$1" -cf - . | cat >/dev/null; ' +
    'else cat "$1" >/dev/null; fi';
  await shell(line, path);
}

function summary(
  taken: readonly Record<string, number>[],
  name: string,
): Measured {
  const values = taken.map((round) => round[name]!);
  return {
    median: median(values),
    least: Math.min(...values),
    most: Math.max(...values),
    share: median(taken.map((round) => round["ours"]! / round[name]!)),
  };
}
