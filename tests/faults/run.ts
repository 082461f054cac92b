/**
 * `deno task test:faults [--short] [--seed S] [NAME…]`: runs the scripts of this
 * folder, each in a process of its own, and adds up their closing lines.
 *
 * @module
 */

import { runShown } from "../../tools/run_shown.ts";
import { parseArgs } from "node:util";
import { complain, say } from "../../tools/say.ts";
import { FAILURE, formatTally, sum, type Tally } from "../../tools/tally.ts";

/** Names of the scripts, in the order in which they run. */
const SCRIPTS: readonly string[] = [
  "inject",
  "disk_full",
  "read_only",
  "kill",
  "power_cut",
  "snapshot_cut",
  "operations",
  "soak",
];

function pathOf(name: string): URL {
  return new URL(`${name}.ts`, import.meta.url);
}

function exists(name: string): boolean {
  try {
    return Deno.statSync(pathOf(name)).isFile;
  } catch {
    return false;
  }
}

/** Runs one script with its output passed through, and reads its last line. */
async function runScript(name: string, words: string[]): Promise<Tally> {
  const began = performance.now();
  say(`== ${name}`);
  const { output, success } = await runShown(
    ["run", "-A", pathOf(name).pathname, ...words],
  );
  const seconds = Math.round((performance.now() - began) / 1000);
  say(`${name} took ${seconds} s`);
  return parseClosingLine(output, success);
}

function parseClosingLine(output: string, success: boolean): Tally {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  const [, passed, failed, , skipped] =
    /^(\d+) passed, (\d+) failed(, (\d+) skipped)?$/.exec(line) ?? [];
  if (passed === undefined) return FAILURE;
  const told = {
    passed: Number(passed),
    failed: Number(failed),
    skipped: Number(skipped ?? 0),
  };
  return success || told.failed > 0 ? told : sum([told, FAILURE]);
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { short: { type: "boolean" }, seed: { type: "string" } },
    allowPositionals: true,
  });
  const unknown = positionals.filter((name) => !SCRIPTS.includes(name));
  if (unknown.length > 0) {
    complain(`Unknown: ${unknown.join(" ")}; there are ${SCRIPTS.join(" ")}`);
    return 1;
  }
  const words = [
    ...(values.short ? ["--short"] : []),
    ...(values.seed === undefined ? [] : ["--seed", values.seed]),
  ];
  const wanted = SCRIPTS.filter((name) =>
    positionals.length === 0 ? exists(name) : positionals.includes(name)
  );
  const tallies: Tally[] = [];
  for (const name of wanted) tallies.push(await runScript(name, words));
  const tally = sum(tallies);
  say(formatTally(tally));
  return tally.failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
