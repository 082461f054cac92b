/**
 * Errors as the user sees them: one line, or one object.
 *
 * @module
 */

import { printableName } from "../text.ts";

/** What the user sees of an error. */
export interface Report {
  /** Name of an errno, or `EUSAGE`, or `EINTERNAL`. */
  readonly code: string;
  /** What was attempted, a colon, and what prevents it. */
  readonly message: string;
  /** The command word, if there was one. */
  readonly command: string | null;
  /** The layer, if the command is about one. */
  readonly id: string | null;
}

/**
 * Describes an error.
 *
 * @param error Anything that was thrown. An error with a `code` is one to be
 * expected; any other is a fault of the program.
 * @param command The command word, if there was one.
 * @param id The layer, if the command is about one.
 * @returns What to print.
 */
export function describe(
  error: unknown,
  command: string | undefined,
  id: string | undefined,
): Report {
  const where = { command: command ?? null, id: id ?? null };
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && "code" in error && error.code) {
    return { code: String(error.code), message: attempted(text), ...where };
  }
  const hint = "set OVERLAY2_TRACE=1 for the stack";
  const message = `Cannot go on: internal error: ${text}; ${hint}`;
  return { code: "EINTERNAL", message, ...where };
}

/** Adds what an error of `Deno` leaves out: that something was attempted. */
function attempted(text: string): string {
  const known = /^(Cannot|Unknown|Operand|Option|No) /.test(text);
  return known ? text : `Cannot go on: ${text}`;
}

/**
 * Writes a report on one line.
 *
 * @param report The report.
 * @param json Whether to write it as JSON.
 * @returns One line, with its line break. Names in it are printable.
 */
export function reportLine(report: Report, json: boolean): string {
  if (json) return JSON.stringify({ error: report }) + "\n";
  const { command, id, message, code } = report;
  const where = [command, id].filter((word) => word !== null).join(" ");
  const line = where === "" ? message : `${where}: ${message}`;
  return `overlay2: ${printableName(line)} (${code})\n`;
}

/**
 * Writes a warning on one line.
 *
 * @param text What the driver has to tell.
 * @param where The command and its layer.
 * @param json Whether to write it as JSON.
 * @returns One line, with its line break. Names in it are printable.
 */
export function warningLine(
  text: string,
  where: string,
  json: boolean,
): string {
  if (json) return JSON.stringify({ warning: { message: text } }) + "\n";
  return `overlay2: ${printableName(`${where}: ${text}`)}\n`;
}

/**
 * Tells where an error arose, and what caused it.
 *
 * @param error Anything that was thrown.
 * @returns Lines, with the final line break.
 */
export function trace(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const cause = error.cause ? `Caused by: ${trace(error.cause)}` : "";
  return `${error.stack ?? error.message}\n${cause}`;
}
