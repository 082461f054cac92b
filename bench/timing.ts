/**
 * Timing one work, and showing times.
 *
 * @module
 */

/** The middle one of some values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** Times a run that no earlier one's unwritten data disturb, in microseconds. */
export async function microseconds(run: () => Promise<void>): Promise<number> {
  await new Deno.Command("sync").output();
  const start = performance.now();
  await run();
  return (performance.now() - start) * 1000;
}

/** Shows a time in microseconds, or that there is none. */
export function time(value: number | undefined): string {
  if (value === undefined) return "–";
  return value < 1000
    ? `${value.toFixed(1)} µs`
    : `${(value / 1000).toFixed(2)} ms`;
}

/** Prints a line. */
export function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
