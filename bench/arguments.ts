/**
 * What the user asked for.
 *
 * @module
 */

import { parseArgs } from "node:util";

/** Text of `--help`. */
export const HELP = `Usage: deno task bench [OPTION…] [NAME…]

Times the driver beside Docker's own (if Go is there), beside the bare system
calls in C (if gcc is there) and beside ordinary programs, in turns, on ext4 in
memory. Needs root. Only rows whose name contains one of the NAMEs are measured;
the others keep what the file of results says of them.

  --rounds N      how often each work is done (5)
  --quick         little work, once: only to see that everything runs
  --rootfs DIR    root file system to archive, such as debootstrap makes; left
                  out, 120 MiB each of /etc, /usr/bin, /usr/lib, /usr/share
  --output FILE   file of results (bench/results.json)
  --markdown      print the tables as Markdown, at the end
  --show          measure nothing, print what the file of results holds
  --list          print the names of all rows
  --help          print this
`;

/** Options and names of rows. */
export interface Arguments {
  readonly names: readonly string[];
  /** How often each work is done; 0 for once in a hurry. */
  readonly rounds: number;
  readonly quick: boolean;
  readonly rootfs: string | undefined;
  readonly output: string;
  readonly markdown: boolean;
  readonly show: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

const OUTPUT = new URL("results.json", import.meta.url).pathname;

/**
 * Reads the command line.
 *
 * @throws {TypeError} for options that there are not, or values that they cannot
 * have.
 */
export function readArguments(args: string[]): Arguments {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      rootfs: { type: "string" },
      output: { type: "string", default: OUTPUT },
      markdown: { type: "boolean", default: false },
      show: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { rounds = "5", rootfs, ...others } = values;
  if (!/^[1-9]\d*$/.test(rounds)) {
    throw new TypeError(`Option --rounds takes a number, not "${rounds}"`);
  }
  return {
    ...others,
    rootfs,
    names: positionals,
    rounds: values.quick ? 0 : Number(rounds),
  };
}

/** Whether a row is asked for. */
export function isWanted({ names }: Arguments, name: string): boolean {
  return names.length === 0 || names.some((part) => name.includes(part));
}
