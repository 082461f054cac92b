/**
 * Counts of test results, and how they are read and printed.
 *
 * @module
 */

/** How many tests ended how. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Nothing counted yet. */
export const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 };

/** One failure. */
export const FAILURE: Tally = { passed: 0, failed: 1, skipped: 0 };

/** Adds tallies up. */
export function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce((a, b) => ({
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  }), NOTHING);
}

/**
 * Reads the last closing line of `deno test`, such as
 * `ok | 10 passed (3 steps) | 0 failed | 2 ignored (5s)`.
 *
 * @param output What `deno test` printed, without colours.
 * @param success Whether it exited with 0.
 * @returns The counts. A run that failed, or that never came to its closing
 * line, counts as one failure at least.
 */
export function parseDenoTest(output: string, success: boolean): Tally {
  const line = output.split("\n")
    .findLast((line) => /^(?:ok|FAILED) \| \d+ passed\b/.test(line)) ?? "";
  const count = (word: string): number =>
    Number(line.match(new RegExp(`\\| (\\d+) ${word}\\b`))?.[1] ?? 0);
  const fine = success && line !== "";
  return {
    passed: count("passed"),
    failed: fine ? count("failed") : Math.max(1, count("failed")),
    skipped: count("ignored"),
  };
}

/** Formats a tally as the closing line of a run. */
export function formatTally({ passed, failed, skipped }: Tally): string {
  const rest = skipped === 0 ? "" : `, ${skipped} skipped`;
  return `${passed} passed, ${failed} failed${rest}`;
}
