/**
 * Asks both drivers the same questions about the same layers.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Home, Pair } from "./pair.ts";
import { compareListings, withoutRoot } from "./looks.ts";
import type { Outcome, Side } from "./side.ts";

/** A question about a layer. */
export interface Question {
  /** What is asked, for the report. */
  readonly name: string;
  /** Asks one driver. */
  ask(side: Side): Promise<Outcome<unknown>>;
}

/**
 * The questions about one layer.
 *
 * @param id The layer.
 * @param others Layers that are not its parent to compare it with, or `""`.
 */
export function questions(id: string, others: readonly string[]): Question[] {
  const list: Question[] = [{
    name: `metadata ${id}`,
    ask: (side) => side.metadata(id),
  }];
  for (const parent of [undefined, ...others]) {
    const name = parent === undefined ? "" : ` "${parent}"`;
    list.push(
      { name: `diff ${id}${name}`, ask: (side) => side.diff(id, parent) },
      { name: `changes ${id}${name}`, ask: (side) => side.changes(id, parent) },
      {
        name: `diff-size ${id}${name}`,
        ask: (side) => side.diffSize(id, parent),
      },
    );
  }
  return list;
}

/**
 * Asks both drivers about one home; the answers must be the same.
 *
 * @returns A line for each difference.
 */
export async function compareAnswers(
  home: Home,
  list: readonly Question[],
): Promise<string[]> {
  const lines: string[] = [];
  for (const { name, ask } of list) {
    const docker = await ask(home.docker);
    const ours = await ask(home.ours);
    if (sameBytes(docker, ours)) continue;
    if (!docker.ok && !ours.ok) continue;
    const [one, two] = [show(docker), show(ours)];
    if (one === two) continue;
    lines.push(`${name}, in the home of ${homeName(home)}:`);
    lines.push(...firstDifference(one, two));
  }
  return lines;
}

function sameBytes(a: Outcome<unknown>, b: Outcome<unknown>): boolean {
  if (!a.ok || !b.ok) return false;
  if (!(a.value instanceof Uint8Array && b.value instanceof Uint8Array)) {
    return false;
  }
  return a.value.length === b.value.length &&
    Buffer.compare(a.value, b.value) === 0;
}

function homeName(home: Home): string {
  return home.path.slice(home.path.lastIndexOf("/") + 1);
}

function show(outcome: Outcome<unknown>): string {
  if (!outcome.ok) return `fails: ${outcome.error}`;
  const { value } = outcome;
  if (value instanceof Uint8Array) return showArchive(value);
  if (Array.isArray(value)) {
    return value.map((each) => JSON.stringify(each)).join("\n");
  }
  if (typeof value !== "object" || value === null) return `${value}`;
  const pairs = Object.entries(value).map((pair) => pair.join(" = "));
  return pairs.sort().join("\n");
}

/** One line per block of an archive; times from the naive differ are masked. */
function showArchive(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 512) {
    const block = bytes.subarray(at, at + 512);
    lines.push(isHeader(block) ? showHeader(block) : showData(block));
  }
  return lines.join("\n");
}

function isHeader(block: Uint8Array): boolean {
  return latin1(block, 257, 262) === "ustar";
}

/** All fields of a header, the checksum and a deletion's time left out. */
function showHeader(block: Uint8Array): string {
  const base = latin1(block, 0, 100).replace(/\0.*$/s, "").replace(/^.*\//, "");
  const made = base.startsWith(".wh.") &&
    latin1(block, 100, 108) === "0000000\0";
  const time = made ? "now" : latin1(block, 136, 148);
  const rest = latin1(block, 156, 512) + latin1(block, 100, 136);
  const name = latin1(block, 0, 100);
  return `header ${JSON.stringify(trim(name))} ${time} ${
    JSON.stringify(trim(rest))
  }`;
}

function showData(block: Uint8Array): string {
  return `data ${JSON.stringify(trim(latin1(block, 0, block.length)))}`;
}

function trim(text: string): string {
  return text.replace(/\0{4,}/g, (run) => `<${run.length} NUL>`);
}

function latin1(block: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...block.subarray(from, to));
}

function firstDifference(docker: string, ours: string): string[] {
  const one = docker.split("\n");
  const two = ours.split("\n");
  let at = 0;
  while (at < one.length && one[at] === two[at]) at++;
  const part = (lines: string[]) =>
    (lines[at] ?? "(nothing more)").slice(0, 600);
  return [`  docker[${at}]: ${part(one)}`, `  ours[${at}]:   ${part(two)}`];
}

/**
 * Mounts a layer of each home in its own driver and compares what is seen.
 *
 * @param pair The homes.
 * @param id The layer.
 * @param ignoreRoot Whether the root directory itself may differ.
 * @returns A line for each difference.
 */
export async function compareMounted(
  pair: Pair,
  id: string,
  ignoreRoot = false,
): Promise<string[]> {
  const seen = [
    await look(pair, pair.docker, id),
    await look(pair, pair.ours, id),
  ];
  const [docker, ours] = ignoreRoot ? seen.map(withoutRoot) : seen;
  return compareListings(docker!, ours!).map((line) =>
    `mounted ${id}: ${line}`
  );
}

async function look(
  pair: Pair,
  home: Home,
  id: string,
): Promise<Record<string, string>> {
  const path = await home.own.get(id);
  if (!path.ok) return { "get": path.ok ? "" : "fails" };
  try {
    return await pair.looks.tree(path.value);
  } finally {
    await home.own.put(id);
  }
}
