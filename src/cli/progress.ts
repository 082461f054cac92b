/**
 * Tells on a terminal that work goes on, once it takes longer than a second.
 *
 * @module
 */

import { printableName } from "../text.ts";
import type { Context } from "./command.ts";

/** Work shorter than this is not talked about, in ms. */
const PATIENCE = 1000;

/** Pause between two looks at the work, in ms. */
const INTERVAL = 200;

const SPINNER = ["|", "/", "-", "\\"];
const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
const encoder = new TextEncoder();

/**
 * Writes a size as people read it.
 *
 * @param bytes A number of bytes.
 * @returns Such as `"1.4 MB"`, in powers of 1000.
 */
export function readableSize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 999.95 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${UNITS[unit]}`;
}

/** One line at the bottom of the terminal, kept up to date. */
export class Progress implements Disposable {
  readonly #done: () => string;
  readonly #subject: string;
  readonly #start: number = performance.now();
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #ticks = 0;

  /**
   * Starts, unless there is no terminal to talk to.
   *
   * @param context Tells whether to be quiet.
   * @param subject What is being done, such as `"changes base"`.
   * @param done Tells what has been done so far, such as `"1.4 MB"`.
   */
  constructor(
    context: Pick<Context, "quiet">,
    subject: string,
    done: () => string = () => "",
  ) {
    this.#done = done;
    this.#subject = printableName(subject);
    if (context.quiet || !Deno.stderr.isTerminal()) return;
    this.#timer = setInterval(() => this.#tick(), INTERVAL);
  }

  #tick(): void {
    const elapsed = performance.now() - this.#start;
    if (elapsed < PATIENCE) return;
    const turn = SPINNER[this.#ticks++ % SPINNER.length];
    const seconds = `${Math.floor(elapsed / 1000)} s`;
    const parts = [`${turn} ${this.#subject}`, seconds, this.#done()];
    this.#show(parts.filter((part) => part !== "").join(", "));
  }

  #show(text: string): void {
    try {
      // A terminal that does not know its size says 0.
      const columns = Deno.consoleSize().columns || 80;
      const line = [...text].slice(0, columns - 1).join("");
      Deno.stderr.writeSync(encoder.encode(`\r${line}\x1b[K`));
    } catch {
      // The terminal went away; the work goes on without it.
    }
  }

  /** Stops, and clears the line. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#ticks > 0) this.#show("");
    this.#ticks = 0;
  }
}
