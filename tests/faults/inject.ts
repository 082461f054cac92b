/**
 * Makes each system call of each command fail, one at a time, by strace's fault
 * injection.
 *
 * Every run must end in success or in one clean line of error, leave no mount and
 * nothing half-made, and the same command must work afterwards.
 *
 * @module
 */

import { complain, say } from "../../tools/say.ts";
import { type Bench, makeBenches, type Reference } from "./bench.ts";
import { CASES } from "./cases.ts";
import { failCall, type Target, targetsOf } from "./failing_call.ts";
import { loseNoDescriptor } from "./inject_loop.ts";
import { type Run, script } from "./script.ts";
import { errorsOf } from "./strace.ts";

/** Errors that are tried for each call. */
const ERRORS_PER_CALL = 2;
/** Commands and faults of the short form. */
const SAMPLE = { commands: 15, faults: 200 };

/** One fault of so many lasts. */
const LASTING = 4;
/** Faults from one line of progress to the next. */
const PROGRESS = 500;

/** One fault to try. */
interface Fault {
  readonly reference: Reference;
  readonly target: Target;
  readonly error: string;
  /** Whether all later calls of its kind fail, too. */
  readonly lasting: boolean;
}

function nameOf({ reference, target, error, lasting }: Fault): string {
  const { kind, line, ordinal } = target.call;
  const which = `#${ordinal}${lasting ? " and all later ones" : ""}`;
  return `${reference.case.name}: ${error} of ${kind} ${which} ${
    line.slice(0, 160)
  }`;
}

/**
 * What is interrupted is tried again, the runtime itself reads and writes, and
 * without umount2(2) nobody can unmount.
 */
function mayLast(kind: string, error: string): boolean {
  return error !== "EINTR" &&
    !["read", "write", "poll", "umount2"].includes(kind);
}

/** Some of a list, each at most once. */
function sample<T>(run: Run, list: readonly T[], count: number): T[] {
  const rest = [...list];
  const picked: T[] = [];
  while (picked.length < count && rest.length > 0) {
    picked.push(...rest.splice(run.random.below(rest.length), 1));
  }
  return picked;
}

/** All faults of all commands: each call, with some of the errors it may have. */
async function listFaults(run: Run, bench: Bench): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const tried of run.short ? sample(run, CASES, SAMPLE.commands) : CASES) {
    const reference = await bench.reference(tried);
    const targets = await targetsOf(bench, tried);
    for (const target of targets) {
      for (const error of sample(run, errorsOf(target.call), ERRORS_PER_CALL)) {
        const lasting = mayLast(target.call.kind, error) &&
          run.random.below(LASTING) === 0;
        faults.push({ reference, target, error, lasting });
      }
    }
    if (!run.short) say(`${tried.name}: ${targets.length} calls`);
  }
  say(`${faults.length} faults to choose from`);
  return faults;
}

/** Tries faults on several benches at once. */
async function tryAll(
  run: Run,
  benches: readonly Bench[],
  faults: readonly Fault[],
): Promise<void> {
  const queue = [...faults];
  let absorbed = 0;
  let misses = 0;
  await Promise.all(benches.map(async (bench) => {
    for (let fault = queue.pop(); fault; fault = queue.pop()) {
      const { reference, target, error, lasting } = fault;
      const result = await failCall(bench, reference, target, error, lasting);
      misses += result.misses;
      if (result.absorbed) absorbed++;
      if (queue.length % PROGRESS === 0) say(`${queue.length} to go`);
      run.judge(nameOf(fault), result.faults);
      if (result.faults.length > 0) complain(`  said: ${result.stderr}`);
    }
    bench.clear();
  }));
  say(
    `${absorbed} faults were lived with, the others reported; ${misses} runs ` +
      "hit another call than the one meant and were repeated",
  );
}

await script("inject", [["strace", "strace"]], async (run) => {
  using benches = await makeBenches(2);
  const faults = await listFaults(run, benches.all[0]!);
  const chosen = run.short ? sample(run, faults, SAMPLE.faults) : faults;
  await tryAll(run, benches.all, chosen);
  await loseNoDescriptor(run);
});
