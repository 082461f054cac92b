/**
 * What a server says of itself: one line for each event, for people or programs.
 *
 * @module
 */

import { printableName } from "../text.ts";

/** How lines are written. */
export type LogFormat = "text" | "json";

/** Facts about an event. */
export type Facts = Readonly<
  Record<string, string | number | boolean | undefined>
>;

/** Writes events. */
export class Log {
  readonly #format: LogFormat;
  readonly #write: (line: string) => void;

  /**
   * Makes a log.
   *
   * @param format How lines are written.
   * @param write Takes a line with its end.
   */
  constructor(format: LogFormat, write: (line: string) => void) {
    this.#format = format;
    this.#write = write;
  }

  /**
   * Writes an event.
   *
   * @param level How grave it is.
   * @param event What happened.
   * @param facts What it was about; what is undefined is left out.
   */
  add(level: "info" | "warning" | "error", event: string, facts: Facts = {}) {
    const time = new Date().toISOString();
    this.#write(
      this.#format === "json"
        ? JSON.stringify({ time, level, event, ...facts }) + "\n"
        : `${time} ${level} ${event}${words(facts)}\n`,
    );
  }
}

function words(facts: Facts): string {
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${quoted(String(value))}`)
    .join("");
}

function quoted(text: string): string {
  const shown = printableName(text);
  return /[\s"=]/.test(shown) ? JSON.stringify(shown) : shown;
}
