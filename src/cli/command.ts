/**
 * What a command is: all that parsing, `--help` and dispatch need to know.
 *
 * @module
 */

import type { Driver } from "../driver/driver.ts";
import type { Opening } from "../driver/open.ts";
import type { DriverOptions } from "../types.ts";
import type { Host } from "./session.ts";

/** An option of a command, or one that every command takes. */
export interface Option {
  /** Whether it takes a value, takes several by being repeated, or none. */
  readonly type: "boolean" | "string" | "list";
  /** One letter, for the short form. */
  readonly short?: string;
  /** Stands for the value in `--help`, such as `"FILE"`. */
  readonly value?: string;
  /** What it does, for `--help`. */
  readonly help: string;
}

/** Options by long name. */
export type Options = Readonly<Record<string, Option>>;

/** Values of {@linkcode Options} after parsing. */
export type Values<O extends Options> = {
  readonly [K in keyof O]?: O[K]["type"] extends "boolean" ? boolean
    : O[K]["type"] extends "list" ? readonly string[]
    : string;
};

/** A positional argument. */
export interface Operand {
  /** Upper-case name, such as `"ID"`. */
  readonly name: string;
  /** What it stands for, for `--help`. */
  readonly help: string;
  /** Whether it may be left out. */
  readonly optional?: boolean;
  /** Whether more of the same may follow. */
  readonly repeated?: boolean;
}

/** A command line that does a job, with what it is good for. */
export interface Example {
  /** What to type. */
  readonly line: string;
  /** What that does. */
  readonly help: string;
}

/** What a command may use of the outside world. */
export interface Context {
  /** Absolute path of the driver's home directory. */
  readonly home: string;
  /** Whether results and errors are printed as JSON. */
  readonly json: boolean;
  /** Whether progress is kept quiet. */
  readonly quiet: boolean;
  /** Aborts when the user gives up. */
  readonly signal: AbortSignal;
  /** Whether archives may come from standard input and go to standard output. */
  readonly standardStreams: boolean;
  /** What the driver is opened with. */
  readonly driverOptions: DriverOptions;
  /** The system, for a command that runs others. */
  readonly host: Host;
  /**
   * Opens the driver on {@linkcode Context.home}.
   *
   * @param opening What to do beforehand; `"use"` if left out.
   */
  openDriver(opening?: Opening): Promise<Driver>;
  /** Waits for what the driver's calls left for later. */
  settle(): Promise<void>;
  /** Prints lines of results: as bytes, so that any file name survives. */
  print(...lines: readonly string[]): Promise<void>;
  /** Like {@linkcode Context.print}, for any number of lines. */
  printAll(lines: readonly string[]): Promise<void>;
  /** Prints a result as one line of JSON. */
  printJson(value: unknown): Promise<void>;
  /** Tells something that is neither a result nor an error, unless that is not wanted. */
  note(text: string): void;
  /** Reports an error about layer `id` that does not end the command. */
  report(error: unknown, id?: string): void;
}

/** Values of any options. */
export type AnyValues = Readonly<
  Record<string, boolean | string | readonly string[] | undefined>
>;

/** One command of `overlay2`. */
export interface Command<V = AnyValues, O extends Options = Options> {
  /** The word that selects it. */
  readonly name: string;
  /** One line for the list of commands, without a final period. */
  readonly summary: string;
  /** Further paragraphs of `--help`, with empty lines between them. */
  readonly description?: string;
  /** Positional arguments, in order. */
  readonly operands: readonly Operand[];
  /** Options of this command alone. */
  readonly options: O;
  /** Whether it changes nothing, so that it can be left at any time. */
  readonly readsOnly?: boolean;
  /** Command lines worth copying. */
  readonly examples: readonly Example[];
  /**
   * Does the job.
   *
   * @returns The exit status, unless that is 0.
   */
  run(
    context: Context,
    operands: readonly string[],
    values: V,
  ): Promise<number | void>;
}

/**
 * Keeps the type of each option's value while a command is written.
 *
 * @param command The command.
 * @returns The same command.
 */
export function defineCommand<const O extends Options>(
  command: Command<Values<O>, O>,
): Command {
  return command;
}

/** A command line that makes no sense; its message is one line. */
export class UsageError extends Error {
  /** Always `"UsageError"`. */
  override readonly name = "UsageError";
  /** Always `"EUSAGE"`. */
  readonly code = "EUSAGE";
}

/** A failure of the command line itself, such as a file that is not there. */
export class CommandError extends Error {
  /** Always `"CommandError"`. */
  override readonly name = "CommandError";
  /** Name of an errno, such as `"ENOENT"`. */
  readonly code: string;

  /**
   * Makes an error.
   *
   * @param code Name of an errno.
   * @param message What was attempted, a colon, and what prevents it.
   * @param options The error that caused this one, if any.
   */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The operand that names a layer. */
export const LAYER: Operand = { name: "ID", help: "Name of the layer" };

/** The operand that names the parent of a new layer. */
export const NEW_PARENT: Operand = {
  name: "PARENT",
  optional: true,
  help: 'Layer below the new one; none if left out or ""',
};

/** The operand that names the layer to compare with. */
export const PARENT: Operand = {
  name: "PARENT",
  optional: true,
  help: 'Layer to compare with; the parent on record if left out, none if ""',
};
