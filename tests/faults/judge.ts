/**
 * What must be true after a command that a fault met.
 *
 * @module
 */

import { openDriver } from "../../src/driver/init.ts";
import type { Bench, Reference } from "./bench.ts";
import type { Case } from "./cases.ts";
import type { Injection, Traced } from "./strace.ts";
import {
  ABSENT,
  ANYTHING,
  contentOfLayer,
  isAllowed,
  recordsIn,
  strays,
  verdict,
} from "./verdict.ts";

/**
 * Errors of a trial that answer what the kernel can do, so that the work is done
 * in another way.
 */
const DECIDING: readonly string[] = [
  ...["EPERM", "EACCES"],
  ...["ENOSPC", "EDQUOT", "EROFS"],
];

/** Commands that take away what others left, and may do so in part. */
const CLEANING: readonly string[] = ["cleanup", "check"];

/** Judges a command one of whose calls, or all from that one on, failed. */
export async function judge(
  bench: Bench,
  reference: Reference,
  traced: Traced,
  { error, lasting }: Injection,
): Promise<string[]> {
  const { after } = reference;
  const faults = traced.status === 0
    ? successFaults(bench, reference, traced, error)
    : [
      ...outcomeFaults(reference.case, traced, lasting),
      // What cannot be taken back now is left to init.
      ...lasting
        ? await initFaults(bench)
        : await failureFaults(bench, reference),
      ...await againFaults(bench, reference),
    ];
  const expected = new Map(
    [...after.contents].map(([id, digest]) => [id, [digest]]),
  );
  return [...faults, ...await verdict(bench.home, expected, after.mounts)];
}

/** Whether a command that failed said so as it should. */
function outcomeFaults(
  { command }: Case,
  { status, stderr, stdout }: Traced,
  lasting: boolean,
): string[] {
  if (status === undefined) return ["it did not come to an end"];
  // What cannot be read is what check was asked to find.
  const findings = command === "check" && stdout.length > 0 && stderr === "";
  if (findings && status === 1) return [];
  const faults: string[] = [];
  if (status !== 1) faults.push(`it ended with status ${status}`);
  if (!isCleanError(command, stderr, lasting ? 2 : 1)) {
    faults.push(`it said: ${stderr.trimEnd()}`);
  }
  return faults;
}

/** Whether there is a line of error, perhaps after warnings, and not too many. */
export function isCleanError(
  command: string,
  stderr: string,
  most = 1,
): boolean {
  const lines = stderr.trimEnd().split("\n");
  const errors = lines.filter((line) => /\(E\d*[A-Z]+\)$/.test(line));
  return lines.every((line) => line.startsWith(`overlay2: ${command}`)) &&
    errors.length >= 1 && errors.length <= most &&
    errors.every((line) => /^overlay2: [^:]+: [^:]+: /.test(line)) &&
    !/internal error|TypeError|ReferenceError|RangeError|file:\/\/|undefined/
      .test(stderr);
}

function successFaults(
  bench: Bench,
  { case: tried, stdout, after }: Reference,
  traced: Traced,
  error: string,
): string[] {
  const faults: string[] = [];
  const loose = tried.looseOutput || DECIDING.includes(error);
  if (!loose && bench.printed(tried, traced.stdout) !== stdout) {
    faults.push("it succeeded but printed something else");
  }
  if (bench.mounts.join() !== after.mounts.join()) {
    faults.push(`it succeeded with mounts ${bench.mounts}`);
  }
  return faults;
}

/** What a command that failed must not leave. */
export async function failureFaults(
  bench: Bench,
  { case: tried, before, after }: Reference,
): Promise<string[]> {
  const faults = mountFaults(bench, tried, before.mounts);
  if (!bench.hasHome) return faults;
  if (!CLEANING.includes(tried.command)) {
    // What a trial leaves is left to cleanup.
    const left = strays(bench.home).filter((name) =>
      !name.startsWith(".tmp-probe-")
    );
    faults.push(...left.map((name) => `it left ${name}`));
  }
  const records = recordsIn(bench.home);
  if (records.join() !== before.records.join()) {
    const changed = records.filter((line) => !before.records.includes(line));
    faults.push(`it failed, but there is ${changed.join(", ") || "less"}`);
  }
  const { id, partial } = tried;
  if (id === undefined) return faults;
  const driver = await openDriver(bench.home, {}, "use");
  const found = await contentOfLayer(driver, id);
  const allowed = [before, after].map(({ contents }) =>
    contents.get(id) ?? ABSENT
  );
  if (partial) allowed.push(ANYTHING);
  if (!isAllowed(found, allowed)) {
    faults.push(`layer ${id} is half-made: ${found}`);
  }
  return faults;
}

/** After a lasting fault, cleanup and init must come first. */
async function initFaults(bench: Bench): Promise<string[]> {
  if (!bench.hasHome) return [];
  const { status, stderr } = await bench.run({
    name: "init",
    command: "init",
    args: [],
  });
  return status === 0 ? [] : [`init failed: ${stderr}`];
}

function mountFaults(
  bench: Bench,
  { command }: Case,
  before: readonly string[],
): string[] {
  const mounts = bench.mounts;
  const unmounts = command === "put" || CLEANING.includes(command);
  const fine = unmounts
    ? mounts.every((mount) => before.includes(mount))
    : mounts.join() === before.join();
  return fine ? [] : [`it failed with mounts ${mounts}`];
}

/** The same command must work once nothing fails any more. */
async function againFaults(
  bench: Bench,
  { case: tried, stdout }: Reference,
): Promise<string[]> {
  const again = await bench.run(tried);
  if (again.status !== 0) {
    return [`again, it failed: ${again.stderr.trimEnd()}`];
  }
  const loose = tried.looseOutput || CLEANING.includes(tried.command);
  return loose || bench.printed(tried, again.bytes) === stdout
    ? []
    : ["again, it printed something else"];
}
