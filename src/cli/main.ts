/**
 * From arguments to a command, and from its outcome to an exit status.
 *
 * @module
 */

import { printableName } from "../text.ts";
import {
  checkOperands,
  type GlobalValues,
  mergeValues,
  parseHead,
  parseTail,
} from "./arguments.ts";
import { type Command, UsageError } from "./command.ts";
import { loadCommand, loadCommands, suggestCommand } from "./commands.ts";
import { describe, reportLine, trace } from "./report.ts";
import { type Host, Session } from "./session.ts";
import { driverOptionsOf, homeOf } from "./settings.ts";
import { ClosedPipeError, orGivenUp } from "./streams.ts";
import { VERSION } from "./version.ts";

/** Exit status of wrong usage. */
const WRONG_USAGE = 2;

/** Exit status of a program that SIGPIPE ended, as a shell tells it. */
const CLOSED_PIPE = 141;

/**
 * Runs the program.
 *
 * @param args Its arguments.
 * @param host The system it runs on.
 * @param given Options as if they came before the arguments.
 * @returns The exit status, except for a run that a signal ended.
 */
export async function main(
  args: readonly string[],
  host: Host,
  given: GlobalValues = {},
): Promise<number> {
  const json = given.json || asksForJson(args);
  let command: Command | undefined;
  try {
    const head = parseHead(args);
    const values = mergeValues(given, head.values);
    const [word, ...others] = head.rest;
    if (word === undefined || word === "help") {
      return await answer(host, values, others[0], word);
    }
    command = await findCommand(word);
    return await runCommand(command, values, others, host);
  } catch (error) {
    if (error instanceof ClosedPipeError) return CLOSED_PIPE;
    const wrongUsage = error instanceof UsageError;
    const shown = wrongUsage ? withHint(error, command) : error;
    host.warn(reportLine(describe(shown, command?.name, undefined), json));
    if (host.trace) host.warn(trace(error));
    return wrongUsage ? WRONG_USAGE : 1;
  }
}

/** Whether errors are to be JSON even if the arguments cannot be parsed. */
function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).includes("--json");
}

function withHint(error: UsageError, command: Command | undefined): UsageError {
  const words = ["overlay2", command?.name, "--help"].filter(Boolean).join(" ");
  return new UsageError(`${error.message}; see "${words}"`, { cause: error });
}

/** Answers `--help`, `--version`, `help` and `help COMMAND`. */
async function answer(
  host: Host,
  values: GlobalValues,
  topic: string | undefined,
  word: string | undefined,
): Promise<number> {
  if (values.version) return await printVersion(host);
  if (word === undefined && !values.help) {
    throw new UsageError("No command is given");
  }
  const isWord = topic !== undefined && !topic.startsWith("-");
  return await printHelp(host, isWord ? await findCommand(topic) : undefined);
}

async function findCommand(word: string): Promise<Command> {
  const command = await loadCommand(word);
  if (command !== undefined) return command;
  const near = suggestCommand(word);
  const guess = near === undefined ? "" : ` (did you mean "${near}"?)`;
  throw new UsageError(`Unknown command "${printableName(word)}"${guess}`);
}

async function printVersion(host: Host): Promise<number> {
  await host.write(new TextEncoder().encode(`overlay2 ${VERSION}\n`));
  return 0;
}

async function printHelp(
  host: Host,
  command: Command | undefined,
): Promise<number> {
  const { commandHelp, programHelp } = await import("./help.ts");
  const text = command === undefined
    ? programHelp(await loadCommands())
    : commandHelp(command);
  await host.write(new TextEncoder().encode(text));
  return 0;
}

async function runCommand(
  command: Command,
  head: GlobalValues,
  args: readonly string[],
  host: Host,
): Promise<number> {
  const { operands, values: tail } = parseTail(command, args);
  const values = mergeValues(head, tail);
  if (values.help) return await printHelp(host, command);
  if (values.version) return await printVersion(host);
  checkOperands(command.operands, operands);
  const id = layerOf(command, operands);
  const session = new Session(host, {
    command: command.name,
    id,
    home: homeOf(values, host.homeVariable),
    json: values.json ?? false,
    quiet: values.quiet ?? false,
    driverOptions: driverOptionsOf(values),
  });
  try {
    const status = await untilInterrupted(
      command,
      session.signal,
      command.run(session, operands, values),
    );
    return status ?? 0;
  } catch (error) {
    return await fail(session, error, id);
  }
}

/** The layer that a command is about, if it is about one. */
function layerOf(
  command: Command,
  operands: readonly string[],
): string | undefined {
  const [first] = command.operands;
  return first === undefined || first.repeated ? undefined : operands[0];
}

/**
 * Waits for a command. One that only reads is left at once when the user gives
 * up; any other has to come to its end, or to take its work back.
 */
async function untilInterrupted(
  command: Command,
  signal: AbortSignal,
  work: Promise<number | void>,
): Promise<number | void> {
  return command.readsOnly ? await orGivenUp(work, signal) : await work;
}

async function fail(
  session: Session,
  error: unknown,
  id: string | undefined,
): Promise<number> {
  try {
    await session.takeBack();
  } catch (second) {
    session.report(second, id);
  }
  if (error instanceof UsageError || error instanceof ClosedPipeError) {
    throw error;
  }
  session.report(error, id);
  return 1;
}
