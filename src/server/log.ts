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

/** How a {@linkcode Log} writes. */
export interface LogSettings {
  /** How lines are written. */
  readonly format: LogFormat;
  /** Whether only warnings and errors are written. */
  readonly quiet: boolean;
  /** Takes a line with its end. */
  readonly write: (line: string) => void;
}

/** Writes events. */
export class Log {
  readonly #settings: LogSettings;

  /**
   * Makes a log.
   *
   * @param settings How it writes.
   */
  constructor(settings: LogSettings) {
    this.#settings = settings;
  }

  /**
   * Writes an event.
   *
   * @param level How grave it is.
   * @param event What happened: a word of this program's own.
   * @param facts What it was about; what is undefined is left out.
   */
  add(level: "info" | "warning" | "error", event: string, facts: Facts = {}) {
    const { format, quiet, write } = this.#settings;
    if (quiet && level === "info") return;
    const time = new Date().toISOString();
    write(
      format === "json"
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
  return shown === "" || /[\s"=]/.test(shown) ? JSON.stringify(shown) : shown;
}
