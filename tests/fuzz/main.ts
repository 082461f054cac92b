/**
 * `deno task fuzz`: random archives against the real driver, by each way, with
 * canaries around the layer.
 *
 * The same seed makes the same archives. A failure is saved, made smaller, and
 * told with the command that repeats it.
 *
 * @module
 */

import { complain, say } from "../../tools/say.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { commandOf, type Result, run } from "./run.ts";
import { Watchdog } from "./watchdog.ts";

/** Time between two lines of progress, in milliseconds. */
const PROGRESS = 10_000;

function readOptions(): Options | undefined {
  try {
    return parseOptions(Deno.args);
  } catch (error) {
    complain(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    return undefined;
  }
}

/** Says how far a run has come, every few seconds. */
function progress(start: number): (result: Result) => void {
  let told = start;
  return ({ passed, failed, codes }) => {
    const now = performance.now();
    if (now - told < PROGRESS) return;
    told = now;
    const count = passed + failed;
    const pace = Math.round(count / (now - start) * 1000);
    say(`${count} archives, ${pace} per second, ${codes.get("") ?? 0} taken`);
  };
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return 2;
  const command = commandOf(options, options.only);
  say(`Seed ${options.seed}: ${command}`);
  using watchdog = new Watchdog(command);
  const { passed, failed } = await run(options, {
    begin: (number) => watchdog.begin(number),
    end: progress(performance.now()),
    fail: complain,
  });
  say(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
