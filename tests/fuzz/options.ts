/**
 * The command line of the fuzzer.
 *
 * @module
 */

import { parseArgs } from "../parse_args.ts";
import { WAY_NAMES, type WayName } from "./case.ts";

/** What a run does. */
export interface Options {
  /** How long it goes on, in seconds. */
  readonly seconds: number;
  /** Where all its choices come from. */
  readonly seed: number;
  /** Which ways of applying an archive are tried. */
  readonly way: WayName;
  /** The only case to be played; `undefined` for all from 0 on. */
  readonly only: number | undefined;
}

/** How the command is used. */
export const USAGE =
  "Usage: deno task fuzz [--seconds N] [--seed S] [--case K] [--way " +
  `${WAY_NAMES.join("|")}]`;

/**
 * Reads the command line; a seed that is not given is made up.
 *
 * @param args Words after the command.
 * @throws {TypeError} for words that make no sense.
 */
export function parseOptions(args: string[]): Options {
  const known = ["seconds", "seed", "case", "way"];
  const values = parseArgs(args, {
    string: known,
    boolean: [],
    collect: [],
    unknown: (word) => {
      throw new TypeError(`Unknown word "${word}"`);
    },
  });
  const way = WAY_NAMES.find((name) => name === (values.way || "all"));
  if (way === undefined) throw new TypeError(`Unknown way "${values.way}"`);
  const [made] = crypto.getRandomValues(new Uint32Array(1));
  return {
    seconds: numberOf(values.seconds) ?? 60,
    seed: numberOf(values.seed) ?? made! % 1_000_000,
    way,
    only: numberOf(values.case),
  };
}

function numberOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && /^\d+$/.test(value)) return Number(value);
  throw new TypeError(`"${value}" is not a number`);
}
