/**
 * What the suite inside the virtual machine reports, as the host reads it.
 *
 * One JSON object a line: `{"plan":N}` first, `{"start":NAME}` and
 * `{"name":NAME,"ok":BOOLEAN,"ms":N}` (with `error` if not ok, or `skip` with
 * the reason) for each test, `{"note":TEXT}` in between, `{"end":true}` last.
 *
 * @module
 */

import type { Tally } from "../tally.ts";

/** A line of the report. */
interface Line {
  plan?: number;
  start?: string;
  name?: string;
  ok?: boolean;
  ms?: number;
  error?: string;
  skip?: string;
  note?: string;
  end?: boolean;
}

/** Collects the lines of a report. */
export class Report {
  #plan: number | undefined;
  #running: string | undefined;
  #ended = false;
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  /**
   * Takes a line of the report.
   *
   * @param text The line.
   * @returns What to print for the user; `undefined` if nothing.
   */
  add(text: string): string | undefined {
    const line = parse(text);
    if (line === undefined) return text === "" ? undefined : `# ${text}`;
    if (line.plan !== undefined) this.#plan = line.plan;
    if (line.end === true) this.#ended = true;
    if (line.note !== undefined) return `# ${line.note}`;
    if (line.start !== undefined) this.#running = line.start;
    return line.name === undefined ? undefined : this.#result(line);
  }

  #result({ name, ok, ms, error, skip }: Line): string {
    this.#running = undefined;
    if (skip !== undefined) {
      this.#skipped++;
      return `${name} ... ignored (${skip})`;
    }
    if (ok === true) this.#passed++;
    else this.#failed++;
    const detail = ok === true ? "" : `\n${error ?? "no reason given"}`;
    return `${name} ... ${ok === true ? "ok" : "FAILED"} (${ms}ms)${detail}`;
  }

  /** Whether the guest came to its end. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The test that had begun and not ended, if any. */
  get running(): string | undefined {
    return this.#running;
  }

  /**
   * Counts the results.
   *
   * @returns Planned tests without a result count as failed, and so does a run
   * that did not come to its end.
   */
  tally(): Tally {
    const done = this.#passed + this.#failed + this.#skipped;
    const lost = Math.max((this.#plan ?? 0) - done, 0);
    const broken = this.#plan === undefined || !this.#ended;
    return {
      passed: this.#passed,
      failed: this.#failed + (lost === 0 && broken ? 1 : lost),
      skipped: this.#skipped,
    };
  }
}

function parse(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
