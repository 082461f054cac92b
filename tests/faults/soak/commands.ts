/**
 * What each command costs, which is a process of its own, in homes of different
 * sizes.
 *
 * @module
 */

import { init } from "../../../mod.ts";
import { say } from "../../../tools/say.ts";
import { execute, PROGRAM } from "../../cli/program.ts";
import { TempDir } from "../../fixtures.ts";
import { Random } from "../../tree/random.ts";
import type { Run } from "../script.ts";
import { ARCHIVE, Growth } from "./home.ts";
import { median } from "./timing.ts";

/** Commands in an order in which each can be done; what they make is gone in the end. */
const COMMANDS: readonly (readonly string[])[] = [
  ["init"],
  ["status"],
  ["create", "timed"],
  ["exists", "timed"],
  ["apply-diff", "timed"],
  ["create-rw", "timed-top", "timed"],
  ["metadata", "timed-top"],
  ["get", "timed-top"],
  ["put", "timed-top"],
  ["changes", "timed"],
  ["diff", "timed"],
  ["diff-size", "timed"],
  ["remove", "timed-top"],
  ["remove", "timed"],
  ["cleanup"],
  ["check"],
];

/**
 * Commands that look at every layer, in a process that knows none, and how many
 * milliseconds longer they may take for each 1,000 layers.
 */
const MOST_PER_1000: Readonly<Record<string, number>> = {
  "init": 60,
  "apply-diff": 60,
  "remove": 60,
  "cleanup": 100,
  "check": 500,
};
/** Milliseconds that any other may take longer, however many there are. */
const MOST_MORE = 40;

/** Runs its arguments, and tells after them how much time they had of a processor. */
const TIMED = 'TIMEFORMAT="%3U %3S"; time "$@"';

/** Milliseconds of a processor that a command takes: others' work does not count. */
async function time(home: string, args: readonly string[]): Promise<number> {
  const stdin = args[0] === "apply-diff" ? ARCHIVE : undefined;
  const words = ["bash", "-c", TIMED, "time", ...PROGRAM, "--home", home];
  const { status, stderr } = await execute([...words, ...args], { stdin });
  const times = stderr.trimEnd().split("\n").at(-1)!.split(" ").map(Number);
  if (status === 0) return 1000 * (times[0]! + times[1]!);
  throw new Error(`${args.join(" ")} failed: ${stderr}`);
}

/** Median milliseconds of each command in each home. */
async function measure(
  homes: readonly string[],
  rounds: number,
): Promise<number[][]> {
  const times = COMMANDS.map(() => homes.map((): number[] => []));
  for (let round = 0; round < rounds; round++) {
    for (const [i, args] of COMMANDS.entries()) {
      for (const [j, home] of homes.entries()) {
        times[i]![j]!.push(await time(home, args));
      }
    }
  }
  return times.map((row) => row.map(median));
}

function faultsOf(
  args: readonly string[],
  [few, ...more]: readonly number[],
  sizes: readonly number[],
): string[] {
  return more.flatMap((many, i) => {
    const layers = sizes[i + 1]!;
    const extra = (MOST_PER_1000[args[0]!] ?? 0) * layers / 1000;
    const fine = many <= few! + MOST_MORE + extra;
    return fine ? [] : [
      `${args.join(" ")}: ${few!.toFixed(0)} ms, and ${
        many.toFixed(0)
      } ms with ${layers} layers`,
    ];
  });
}

/** Times all commands; most must not notice how many layers there are. */
export async function timeCommands(run: Run): Promise<void> {
  const sizes = run.short ? [10, 1000] : [10, 1000, 10_000];
  using temp = new TempDir();
  temp.useMemory();
  const homes: string[] = [];
  for (const size of sizes) {
    const home = `${temp.path}/${size}`;
    const driver = await init(home);
    await new Growth(driver, new Random(run.seed)).growTo(size);
    homes.push(home);
  }
  const times = await measure(homes, run.short ? 2 : 7);
  say(
    `milliseconds of a processor for commands, with ${
      sizes.join(", ")
    } layers:`,
  );
  for (const [i, args] of COMMANDS.entries()) {
    const row = times[i]!.map((time) => time.toFixed(0)).join(", ");
    say(`${args.join(" ")}: ${row}`);
    const faults = faultsOf(args, times[i]!, sizes);
    run.judge(`${args.join(" ")} among many layers`, faults);
  }
}
