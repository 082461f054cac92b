/**
 * Timing, and what is said of times.
 *
 * @module
 */

/** The middle one of some values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** Times a work, in microseconds. */
export async function microseconds(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) * 1000;
}

const SAMPLE_MS = 40;

/** Most time to wait for others, in milliseconds. */
const PATIENCE_MS = 2000;

/** Clock ticks of all processors, and how many of them were idle. */
function ticks(): { all: number; idle: number } {
  const [line] = Deno.readTextFileSync("/proc/stat").split("\n", 1);
  const fields = line!.split(/\s+/).slice(1, 9).map(Number);
  return { all: fields.reduce((a, b) => a + b), idle: fields[3]! };
}

/**
 * Waits until all is written, so that no earlier work's data disturb the next
 * one, and, for a while, until nobody works on this machine.
 */
export async function calm(): Promise<void> {
  await new Deno.Command("sync").output();
  for (const start = performance.now();;) {
    const before = ticks();
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    const after = ticks();
    const busy = (after.all - after.idle) - (before.all - before.idle);
    if (busy <= 1 || performance.now() - start > PATIENCE_MS) return;
  }
}

/** Shows a time in microseconds, or that there is none. */
export function time(value: number | undefined): string {
  if (value === undefined) return "–";
  if (value < 1000) return `${value.toPrecision(3)} µs`;
  if (value < 1e6) return `${(value / 1000).toPrecision(3)} ms`;
  return `${(value / 1e6).toPrecision(3)} s`;
}

/** Shows a number of bytes. */
export function mebibytes(value: number): string {
  return `${(value / (1 << 20)).toFixed(1)} MiB`;
}

/** Prints a line of results. */
export function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Tells what goes on. */
export function note(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
