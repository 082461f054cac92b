/**
 * What the scripts of this folder have in common: their words on the command
 * line, their seed, and the closing line `N passed, N failed[, N skipped]`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { complain, say } from "../../tools/say.ts";
import { formatTally, type Tally } from "../../tools/tally.ts";
import { findCommand } from "../../tools/vm/needs.ts";
import { Random } from "../tree/random.ts";

/** One run of a script. */
export class Run {
  /** Whether only a sample is wanted, for every change of the sources. */
  readonly short: boolean;
  /** What all that is random follows from. */
  readonly seed: number;
  /** Numbers that follow from the seed. */
  readonly random: Random;
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  /** Begins a run. */
  constructor(short: boolean, seed: number) {
    this.short = short;
    this.seed = seed;
    this.random = new Random(seed);
  }

  /** What was counted so far. */
  get tally(): Tally {
    return {
      passed: this.#passed,
      failed: this.#failed,
      skipped: this.#skipped,
    };
  }

  /** Counts one case: passed if there are no faults, else reported. */
  judge(name: string, faults: readonly string[]): void {
    if (faults.length === 0) this.#passed++;
    else {
      this.#failed++;
      complain(`FAILED ${name}`);
      for (const fault of faults) complain(`  ${fault}`);
    }
  }

  /** Counts a case that cannot be tried here. */
  skip(name: string, why: string): void {
    this.#skipped++;
    say(`skipped ${name}: ${why}`);
  }
}

/** A command, and the Debian package that has it. */
export type Need = readonly [command: string, debian: string];

function findMissing(needs: readonly Need[]): string | undefined {
  const missing = needs.filter(([command]) => !findCommand(command))
    .map(([, debian]) => debian);
  return missing.length === 0
    ? undefined
    : `run \`apt-get install -y ${missing.join(" ")}\``;
}

/**
 * Runs a script and ends the process.
 *
 * @param name Its name, for messages.
 * @param needs Commands that it cannot do without.
 * @param body Counts its cases; what it throws counts as one failure.
 */
export async function script(
  name: string,
  needs: readonly Need[],
  body: (run: Run) => Promise<void>,
): Promise<never> {
  const { values } = parseArgs({
    options: { short: { type: "boolean" }, seed: { type: "string" } },
  });
  const random = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const run = new Run(values.short ?? false, Number(values.seed ?? random));
  const missing = findMissing(needs);
  if (missing) run.judge(`${name} cannot start`, [missing]);
  else {
    say(`${name}: seed ${run.seed}${run.short ? ", short form" : ""}`);
    await body(run).catch((error) =>
      run.judge(`${name} broke off`, [stackOf(error)])
    );
  }
  say(formatTally(run.tally));
  Deno.exit(run.tally.failed === 0 ? 0 : 1);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : `${error}`;
}
