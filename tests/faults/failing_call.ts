/**
 * One command with one of its system calls made to fail.
 *
 * @module
 */

import type { Bench, Reference } from "./bench.ts";
import type { Case } from "./cases.ts";
import { judge } from "./judge.ts";
import { type Call, type Injection, trace, type Traced } from "./strace.ts";

/** A call to make fail. */
export interface Target {
  readonly call: Call;
  /** Place among the calls of its kind that concern the home, from 0. */
  readonly rank: number;
}

/** What came of a fault. */
export interface Result {
  /** Whether the command succeeded all the same. */
  readonly absorbed: boolean;
  /** How often another call than the one meant was hit. */
  readonly misses: number;
  /** What is wrong. */
  readonly faults: readonly string[];
  /** What the command said. */
  readonly stderr: string;
}

/** Files that the runtime does without if it must. */
const RUNTIME_CACHE = /_cache_v\d/;

/** How often a fault that hit another call is tried again. */
const MOST_MISSES = 30;

function traced(
  bench: Bench,
  tried: Case,
  injection?: Injection,
): Promise<Traced> {
  const log = `${bench.room}/strace.log`;
  return trace(bench.words(tried), log, tried.stdin, injection);
}

/** Lists the calls that a command makes on its home. */
export async function targetsOf(bench: Bench, tried: Case): Promise<Target[]> {
  await bench.reset(tried);
  const { calls } = await traced(bench, tried);
  return ranked(bench, calls);
}

function ranked(bench: Bench, calls: readonly Call[]): Target[] {
  const ranks = new Map<string, number>();
  return calls.filter((call) => concerns(bench, call)).map((call) => {
    const rank = ranks.get(call.kind) ?? 0;
    ranks.set(call.kind, rank + 1);
    return { call, rank };
  });
}

/** Whether a call is the driver's, rather than the runtime's. */
function concerns({ room }: Bench, { kind, line }: Call): boolean {
  // Results and messages are written by any thread.
  if (/^write\(([12]<|\d+<[^>]*\.out\.tar)/.test(line)) return false;
  // How often the mount table is read depends on everybody's mounts.
  if (/^read\(\d+<\/proc\/\d+\/mountinfo/.test(line)) return false;
  return line.includes(room) || /mount|^fs(open|config)/.test(kind) ||
    /"\/proc\/self\/(fd|mountinfo|uid_map)|module\/overlay|[(=]0<pipe/
      .test(line);
}

/**
 * Makes one call fail, and judges what came of it.
 *
 * @param bench Where to.
 * @param reference What the command does when nothing fails.
 * @param target The call.
 * @param error Name of the error.
 * @param lasting Whether all later calls of its kind fail, too.
 */
export async function failCall(
  bench: Bench,
  reference: Reference,
  { call, rank }: Target,
  error: string,
  lasting = false,
): Promise<Result> {
  const { kind } = call;
  let { ordinal } = call;
  for (let misses = 0; misses <= MOST_MISSES; misses++) {
    await bench.reset(reference.case);
    const injection = { kind, ordinal, error, lasting };
    const run = await traced(bench, reference.case, injection);
    const targets = ranked(bench, run.calls);
    const hit = targets.find(({ call }) => call.injected);
    if (hit?.rank === rank && !hasStray(bench, run.calls, lasting)) {
      const faults = await judge(bench, reference, run, injection);
      const { status, stderr } = run;
      return { absorbed: status === 0, misses, faults, stderr };
    }
    // The runtime's own calls come and go, the more so on a busy machine.
    ordinal = targets.find((other) => other.rank === rank)?.call.ordinal ??
      ordinal + (hit ? rank - hit.rank : 1);
  }
  const faults = ["the call was never hit"];
  return { absorbed: false, misses: MOST_MISSES, faults, stderr: "" };
}

/**
 * Whether a call of the runtime was hit that it may not do without. What lasts
 * meets the runtime, too, once the command fails.
 */
function hasStray(
  bench: Bench,
  calls: readonly Call[],
  lasting: boolean,
): boolean {
  const hit = calls.findIndex((call) => call.injected && concerns(bench, call));
  return (lasting ? calls.slice(0, hit) : calls).some((call) =>
    call.injected && !concerns(bench, call) && !RUNTIME_CACHE.test(call.line)
  );
}
