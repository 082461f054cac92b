/**
 * Commands that one process runs one after the other.
 *
 * @module
 */

import type { Driver } from "../driver/driver.ts";
import type { Opening } from "../driver/open.ts";
import { decodeName } from "../text.ts";
import type { DriverOptions } from "../types.ts";
import { type GlobalValues, parseHead } from "./arguments.ts";
import { main } from "./main.ts";
import { describe, type Report } from "./report.ts";
import type { Host } from "./session.ts";
import { splitWords } from "./words.ts";

/** What a command of a batch answers. */
export interface Answer {
  /** Exit status that the command would have by itself. */
  readonly status: number;
  /** What it prints with `--json`, if anything. */
  readonly result?: unknown;
  /** Why it failed; the first reason, if there are several. */
  readonly error?: Report;
  /** All reasons, if there are several. */
  readonly errors?: readonly Report[];
  /** What it has to say besides. */
  readonly warnings?: readonly string[];
}

/** What commands print while they run. */
class Captured {
  text = "";
  readonly errors: Report[] = [];
  readonly warnings: string[] = [];

  /** Takes a line of the program's messages. */
  warn(line: string): void {
    const { error, warning }: {
      error?: Report;
      warning?: { message: string };
    } = JSON.parse(line);
    if (error !== undefined) this.errors.push(error);
    if (warning !== undefined) this.warnings.push(warning.message);
  }

  answer(status: number): Answer {
    const { errors, warnings } = this;
    return {
      status,
      ...this.text !== "" && { result: this.#result() },
      ...errors.length > 0 && { error: errors[0]! },
      ...errors.length > 1 && { errors },
      ...warnings.length > 0 && { warnings },
    };
  }

  /** Help is text; all else is JSON. */
  #result(): unknown {
    return /^[[{]/.test(this.text) ? JSON.parse(this.text) : this.text;
  }
}

function isHome(path: string): boolean {
  try {
    return Deno.statSync(`${path}/l`).isDirectory;
  } catch {
    return false;
  }
}

/** Runs commands with drivers that stay open. */
export class Batch {
  readonly #host: Host;
  readonly #given: GlobalValues;
  readonly #drivers = new Map<string, Driver>();
  #captured = new Captured();

  /**
   * Makes an empty batch.
   *
   * @param host The system that it runs on.
   * @param prefix Options that every command gets first.
   */
  constructor(host: Host, prefix: readonly string[]) {
    this.#host = host;
    this.#given = parseHead(["--json", "--quiet", ...prefix]).values;
  }

  /**
   * Runs one command.
   *
   * @param line Its words, as {@linkcode splitWords} takes them.
   * @returns What to answer; `undefined` for an empty line or a comment.
   */
  async run(line: string): Promise<Answer | undefined> {
    if (/^\s*(#|$)/.test(line)) return undefined;
    const captured = this.#captured = new Captured();
    let words: string[];
    try {
      words = splitWords(line);
    } catch (error) {
      return { status: 2, error: describe(error, undefined, undefined) };
    }
    const status = await main(words, this.#inner(), this.#given);
    return captured.answer(status);
  }

  #inner(): Host {
    const { homeVariable, signal } = this.#host;
    return {
      homeVariable,
      signal,
      trace: false,
      outputIsTerminal: false,
      standardStreams: false,
      open: (home, options, opening) => this.#open(home, options, opening),
      // The files of a layer that is gone may go while other commands run.
      settle: () => Promise.resolve(),
      // What earlier commands mounted stays, whatever becomes of this one.
      takeBack: () => Promise.resolve(),
      write: (bytes) => {
        this.#captured.text += decodeName(bytes);
        return Promise.resolve();
      },
      warn: (text) => this.#captured.warn(text),
    };
  }

  /** Opens a driver unless it is open; `init` looks at the home in any case. */
  async #open(
    home: string,
    options: DriverOptions,
    opening: Opening,
  ): Promise<Driver> {
    const { onWarning: _, ...others } = options;
    const key = JSON.stringify([home, others]);
    const known = this.#drivers.get(key);
    if (known && opening === "use") return known;
    if (known && opening === "make" && isHome(home)) return known;
    const driver = await this.#host.open(home, {
      ...others,
      onWarning: (message) => this.#captured.warnings.push(message),
    }, opening);
    // One that is in use counts mounts, and remembers which layers have children.
    if (known === undefined || opening === "make") {
      this.#drivers.set(key, driver);
    }
    return driver;
  }

  /** Waits for what commands left for later. */
  async settle(): Promise<void> {
    for (const driver of this.#drivers.values()) {
      await this.#host.settle(driver);
    }
  }
}
