/**
 * Commands that a signal ends at a random moment.
 *
 * @module
 */

import { say } from "../../tools/say.ts";
import { type Bench, makeBenches, type Reference } from "./bench.ts";
import { type Case, CASES } from "./cases.ts";
import { failureFaults, isCleanError } from "./judge.ts";
import type { Run } from "./script.ts";
import { ABSENT, ANYTHING, verdict } from "./verdict.ts";

/** Exit status of each signal; a command that it ended by itself has none. */
const STATUS = { SIGINT: 130, SIGTERM: 143, SIGKILL: 137 } as const;
type Signal = keyof typeof STATUS;

/** How a command ended. */
interface End {
  readonly status: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Starts a command and sends it a signal after some milliseconds. */
async function interrupt(
  bench: Bench,
  tried: Case,
  signal: Signal,
  after: number,
): Promise<End> {
  const [program, ...args] = bench.words(tried);
  const child = new Deno.Command(program!, {
    args,
    stdin: tried.stdin ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => send(child, signal), after);
  const feeding = tried.stdin && feed(child, tried.stdin);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  await feeding;
  return { status: code, stdout, stderr: new TextDecoder().decode(stderr) };
}

async function feed(
  { stdin }: Deno.ChildProcess,
  bytes: Uint8Array,
): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(bytes).then(() => writer.close()).catch(() => {});
}

function send(child: Deno.ChildProcess, signal: Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

/** What each layer may hold after a command that may have been done, or not. */
function eitherWay({ before, after, case: tried }: Reference) {
  const ids = [...before.contents.keys(), ...after.contents.keys()];
  return new Map(ids.map((id) => {
    const allowed = [before, after].map(({ contents }) =>
      contents.get(id) ?? ABSENT
    );
    if (tried.partial && id === tried.id) allowed.push(ANYTHING);
    return [id, allowed];
  }));
}

/** Judges a command that a signal met. */
async function judgeEnd(
  bench: Bench,
  reference: Reference,
  signal: Signal,
  end: End,
): Promise<string[]> {
  const { case: tried, before, after } = reference;
  if (signal === "SIGKILL") return await recoverFrom(bench, reference);
  const faults: string[] = [];
  if (end.status !== 0) {
    if (end.status !== STATUS[signal]) {
      faults.push(`it ended with status ${end.status}: ${end.stderr}`);
    }
    if (end.stderr !== "" && !isCleanError(tried.command, end.stderr)) {
      faults.push(`it said: ${end.stderr}`);
    }
    faults.push(...await failureFaults(bench, reference));
  }
  if (!bench.hasHome) return faults;
  const mounts = end.status === 0
    ? after.mounts
    : bench.mounts.filter((id) => before.mounts.includes(id));
  return [
    ...faults,
    ...await verdict(bench.home, eitherWay(reference), mounts),
  ];
}

/** After SIGKILL: `init`, then what is mounted can be put. */
async function recoverFrom(
  bench: Bench,
  reference: Reference,
): Promise<string[]> {
  if (!bench.hasHome) return [];
  const faults = await verdict(bench.home, eitherWay(reference), bench.mounts);
  for (const id of bench.mounts) {
    const put: Case = { name: "put", command: "put", args: [id] };
    const { status, stderr } = await bench.run(put);
    if (status !== 0) faults.push(`put failed: ${stderr}`);
  }
  return [
    ...faults,
    ...await verdict(bench.home, eitherWay(reference)),
  ];
}

/** How long a command takes, in milliseconds. */
async function durationOf(bench: Bench, tried: Case): Promise<number> {
  await bench.reset(tried);
  const began = performance.now();
  await bench.run(tried);
  return performance.now() - began;
}

/**
 * Ends every command by every signal at random moments.
 *
 * @param run The script's run.
 * @param times How often each.
 */
export async function killCommands(run: Run, times: number): Promise<void> {
  using benches = await makeBenches(1);
  const bench = benches.all[0]!;
  let ended = 0;
  let count = 0;
  for (const tried of CASES.filter(({ id }) => id !== undefined)) {
    const reference = await bench.reference(tried);
    const longest = await durationOf(bench, tried);
    for (let i = 0; i < times; i++) {
      for (const signal of Object.keys(STATUS) as Signal[]) {
        await bench.reset(tried);
        // Not much happens while the runtime starts.
        const after = longest / 4 + run.random.below(Math.ceil(longest));
        const end = await interrupt(bench, tried, signal, after);
        const faults = await judgeEnd(bench, reference, signal, end);
        run.judge(
          `${tried.name}: ${signal} after ${Math.round(after)} ms`,
          faults,
        );
        count++;
        if (end.status !== 0) ended++;
      }
    }
  }
  bench.clear();
  say(`${count} commands got a signal, which ended ${ended} of them`);
}
