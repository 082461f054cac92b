/**
 * Eight processes make random calls on one home at the same time; all that they
 * are told, and what is there in the end, must agree with a model.
 *
 * `deno run -A tests/faults/operations.ts [--short] [--seed S]`
 *
 * @module
 */

import { init } from "../../mod.ts";
import { say } from "../../tools/say.ts";
import { TempDir } from "../fixtures.ts";
import { type Entry, parseLog } from "./operations/call.ts";
import { Disk } from "./operations/disk.ts";
import { follow } from "./operations/history.ts";
import { type Phase, prepare } from "./operations/plan.ts";
import { finalFaults, ownFaults } from "./operations/verdict.ts";
import { type Run, script } from "./script.ts";

const PROCESSES = 8;
const WORKER = new URL("./operations/worker.ts", import.meta.url).pathname;

/** Starts a process, which waits until its standard input is closed. */
function start(words: readonly (string | number)[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", WORKER, ...words.map(String)],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs all processes to their end; gives what went wrong with them. */
async function race(
  temp: TempDir,
  run: Run,
  phase: Phase,
  count: number,
): Promise<string[]> {
  const numbers = Array.from({ length: PROCESSES }, (_, i) => i);
  const children = numbers.map((number) => {
    const seed = run.random.below(2 ** 32);
    return start([home(temp), log(temp), number, phase, count, seed]);
  });
  const outputs = children.map((child) => child.stdout.getReader());
  for (const output of outputs) await output.read();
  for (const child of children) await child.stdin.close();
  const faults: string[] = [];
  for (const [number, child] of children.entries()) {
    const text = await new Response(child.stderr).text();
    const { code } = await child.status;
    if (code === 0 && text === "") continue;
    faults.push(`process ${number} ended with ${code}: ${text}`);
  }
  for (const output of outputs) await output.cancel();
  return faults;
}

function home(temp: TempDir): string {
  return `${temp.path}/home`;
}

function log(temp: TempDir): string {
  return `${temp.path}/log`;
}

/** Says how much of what was tried. */
function summary(entries: readonly Entry[]): string {
  const refused = entries.filter(({ outcome }) => outcome.code !== "OK");
  const commands = entries.filter(({ call }) => call.cli);
  const overlapping = entries.filter((entry, i) =>
    entries[i + 1] !== undefined && entries[i + 1]!.begin < entry.end
  );
  return `${entries.length} calls, ${commands.length} by the command, ` +
    `${refused.length} refused, ${overlapping.length} overlap the next`;
}

async function tryPhase(run: Run, phase: Phase, count: number): Promise<void> {
  using temp = new TempDir();
  // Waiting for a disk gives others a turn in the middle of a call.
  if (phase === "cleaning") temp.useMemory();
  const driver = await init(home(temp));
  const start = await prepare(driver);
  const crashes = await race(temp, run, phase, count);
  run.judge(`${phase}: every process comes to its end`, crashes);
  if (crashes.length > 0) return;

  const entries = parseLog(Deno.readTextFileSync(log(temp)));
  say(`${phase}: ${summary(entries)}`);
  const shared = follow(entries.filter(({ call }) => call.shared), start);
  run.judge(`${phase}: calls on shared layers fit together`, shared.faults);
  const own = ownFaults(entries.filter(({ call }) => !call.shared), start);
  run.judge(`${phase}: calls on own layers answer exactly`, own.faults);
  const disk = new Disk(home(temp));
  const found = disk.read();
  run.judge(`${phase}: the home is clean`, disk.faults);
  run.judge(
    `${phase}: the home is what the model says`,
    finalFaults(found, shared.states, own.state),
  );
  say(`${phase}: ${found.ids.length} layers, at most ${shared.most} orders`);
  await driver.cleanup();
  run.judge(`${phase}: nothing stays mounted`, temp.mounts);
  const findings = await driver.check();
  run.judge(
    `${phase}: check finds nothing wrong`,
    findings.filter(({ severity }) => severity !== "note")
      .map(({ name, path }) => `${name} ${path}`),
  );
}

await script("operations", [], async (run) => {
  const count = run.short ? 100 : 1000;
  await tryPhase(run, "mounting", count);
  await tryPhase(run, "cleaning", count / 4);
});
