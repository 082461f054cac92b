/**
 * One run of one command: the driver it opens, the lines it prints.
 *
 * @module
 */

import { encodeName, printableName } from "../text.ts";
import type { DriverOptions } from "../types.ts";
import type { Driver } from "../driver/driver.ts";
import type { Opening } from "../driver/open.ts";
import type { Context } from "./command.ts";
import { describe, reportLine, trace, warningLine } from "./report.ts";
import { interrupted } from "./streams.ts";

/** What the program needs of the system; tests bring their own. */
export interface Host {
  /** Value of `$OVERLAY2_HOME`, if set. */
  readonly homeVariable: string | undefined;
  /** Whether errors are followed by where they arose. */
  readonly trace: boolean;
  /** Whether results go to a terminal. */
  readonly outputIsTerminal: boolean;
  /** Aborts when the user gives up. */
  readonly signal: AbortSignal;
  /** Aborts when the user does so again. */
  readonly secondSignal?: AbortSignal;
  /** Whether commands may use standard input and output for archives. */
  readonly standardStreams: boolean;
  /** Opens the driver; `thorough` also checks a home that was used before. */
  open(home: string, options: DriverOptions, opening: Opening): Promise<Driver>;
  /** Takes back what a command that failed did through a driver. */
  takeBack(driver: Driver): Promise<void>;
  /** Waits for what calls of a driver left for later. */
  settle(driver: Driver): Promise<void>;
  /** Writes a result. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Writes a message. */
  warn(text: string): void;
}

/** What {@linkcode Session} is made of. */
export interface SessionOptions {
  readonly command: string;
  /** The layer that the command is about, if it is about one. */
  readonly id: string | undefined;
  readonly home: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly driverOptions: DriverOptions;
}

/** Lines that are written at once. */
const BATCH = 4096;

/** The outside world as a command sees it. */
export class Session implements Context {
  readonly home: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly driverOptions: DriverOptions;
  readonly host: Host;
  readonly #options: SessionOptions;
  #driver: Promise<Driver> | undefined;

  /**
   * Starts a session; nothing is opened yet.
   *
   * @param host The system.
   * @param options What the user asked for.
   */
  constructor(host: Host, options: SessionOptions) {
    this.host = host;
    this.#options = options;
    this.driverOptions = options.driverOptions;
    this.home = options.home;
    this.json = options.json;
    this.quiet = options.quiet;
  }

  /** Aborts when the user gives up. */
  get signal(): AbortSignal {
    return this.host.signal;
  }

  /** Whether archives may come from standard input and go to standard output. */
  get standardStreams(): boolean {
    return this.host.standardStreams;
  }

  /**
   * Opens the driver, once.
   *
   * @throws {CommandError} `ECANCELED` if the user has given up already: nothing
   * needs to be taken back yet.
   */
  async openDriver(opening: Opening = "use"): Promise<Driver> {
    const { home, driverOptions, command, id } = this.#options;
    const where = id === undefined ? command : `${command} ${id}`;
    const onWarning = (text: string) =>
      this.host.warn(warningLine(text, where, this.json));
    const options = { ...driverOptions, onWarning };
    this.#driver ??= this.host.open(home, options, opening);
    const driver = await this.#driver;
    if (this.signal.aborted) throw interrupted();
    return driver;
  }

  /**
   * Prints lines of results: every byte of a name as it is, for programs, and
   * control characters escaped for a terminal, which would obey them.
   */
  print(...lines: readonly string[]): Promise<void> {
    return this.printAll(lines);
  }

  /** Like {@linkcode Session.print}, for any number of lines. */
  async printAll(lines: readonly string[]): Promise<void> {
    const terminal = this.host.outputIsTerminal;
    for (let i = 0; i < lines.length; i += BATCH) {
      const batch = lines.slice(i, i + BATCH);
      const shown = terminal ? batch.map(printableName) : batch;
      await this.host.write(encodeName(shown.join("\n") + "\n"));
    }
  }

  /** Prints a result as one line of JSON. */
  printJson(value: unknown): Promise<void> {
    return this.host.write(encodeName(JSON.stringify(value) + "\n"));
  }

  /** Tells something that is neither a result nor an error, unless that is not wanted. */
  note(text: string): void {
    if (!this.quiet) this.host.warn(`${printableName(text)}\n`);
  }

  /** Reports an error about layer `id` that does not end the command. */
  report(error: unknown, id?: string): void {
    const report = describe(error, this.#options.command, id);
    this.host.warn(reportLine(report, this.json));
    if (this.host.trace) this.host.warn(trace(error));
  }

  /** Waits for what the driver's calls left for later. */
  async settle(): Promise<void> {
    if (this.#driver !== undefined) await this.host.settle(await this.#driver);
  }

  /** Takes back what the driver mounted; for a command that failed. */
  async takeBack(): Promise<void> {
    const driver = await this.#driver?.catch(() => undefined);
    if (driver !== undefined) await this.host.takeBack(driver);
  }
}
