/**
 * Registers the tests of the suite that runs inside the virtual machine, runs
 * them, and reports to the host as `tools/vm/report.ts` tells.
 *
 * @module
 */

import { report } from "./port.ts";

interface Test {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

const tests: Test[] = [];

/**
 * Registers a test.
 *
 * @param name The property that it shows.
 * @param run The test; it fails by throwing.
 */
export function test(name: string, run: () => void | Promise<void>): void {
  tests.push({ name, run });
}

/** Reports a fact that is neither success nor failure. */
export function note(text: string): void {
  report({ note: text });
}

/** Runs the registered tests in order. */
export async function runTests(): Promise<void> {
  report({ plan: tests.length });
  for (const { name, run } of tests) {
    report({ start: name });
    const begin = performance.now();
    const error = await outcome(run);
    const ms = Math.round(performance.now() - begin);
    report({ name, ok: error === undefined, ms, error });
  }
}

async function outcome(run: Test["run"]): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error instanceof Error
      ? error.stack ?? error.message
      : `Thrown: ${error}`;
  }
}
