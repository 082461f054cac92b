/**
 * Help, made from the definitions of the commands.
 *
 * @module
 */

import { GLOBAL_OPTIONS } from "./arguments.ts";
import type { Command, Example, Operand, Options } from "./command.ts";

/** Longest line of help, in characters. */
const WIDTH = 80;

/** Column in which explanations begin. */
const COLUMN = 24;

/** Column from which on explanations go to a line of their own. */
const MAX_COLUMN = 52;

/**
 * Makes the help about the program.
 *
 * @param commands All commands.
 * @returns Text that ends with a line break.
 */
export function programHelp(commands: readonly Command[]): string {
  return sections(
    "Usage: overlay2 [OPTIONS] COMMAND [OPERANDS]",
    "Docker's overlay2 storage driver: makes, fills, mounts and compares " +
      "copy-on-write layers on Linux overlayfs. Needs root.",
    table("Commands:", commands.map(({ name, summary }) => [name, summary])),
    optionTable("Options, before or after the command word:", GLOBAL_OPTIONS),
    table("Storage options, as --storage-opt KEY=VALUE:", [
      ["overlay2.size", "Size of writable layers, such as 10G (default: none)"],
      ["overlay2.max_depth", "Most layers below one, up to 500 (default: 128)"],
      [
        "overlay2.sync",
        "What is forced to the disk: layer, what an apply wrote, before it " +
        "shows (default); strict, also layers made and removed; none, as Docker",
      ],
      [
        "overlay2.volatile",
        "true: what is written through a mount goes to the disk when it is put",
      ],
      [
        "overlay2.manifest",
        "true: an apply records sizes and checksums for check --deep",
      ],
      [
        "overlay2.exact",
        "true: an apply keeps the archive, so that diff gives the same bytes",
      ],
    ]),
    table("Exit status:", [
      ["0", "Done"],
      ["1", "Failed; one line on standard error tells why"],
      ["2", "Wrong usage"],
      ["130, 143", "Ended by Ctrl-C or SIGTERM; nothing half-made is left"],
      ["141", "Nobody reads the output any more"],
    ]),
    table("Environment:", [
      ["OVERLAY2_HOME", "Directory of the layers, unless --home is given"],
      ["OVERLAY2_TRACE", "If 1, errors are followed by where they arose"],
    ]),
    examples([
      { line: "overlay2 create base", help: "A read-only layer" },
      { line: "tar -c . | overlay2 apply-diff base", help: "Fill it" },
      { line: "overlay2 create-rw work base", help: "A writable layer on it" },
      { line: "cd $(overlay2 get work)", help: "Mount and enter it" },
      { line: "overlay2 changes work", help: "What has changed in it" },
    ]),
    'See "overlay2 COMMAND --help" for one command.',
  );
}

/**
 * Makes the help about one command.
 *
 * @param command The command.
 * @returns Text that ends with a line break.
 */
export function commandHelp(command: Command): string {
  const { name, operands, options } = command;
  const words = [name, ...optionHints(options), ...operands.map(operandWord)];
  return sections(
    usage(words.filter((word) => word !== "")),
    `${command.summary}.`,
    ...(command.description ?? "").split("\n\n"),
    table("Operands:", operands.map((operand) => [operand.name, operand.help])),
    optionTable("Options:", options),
    optionTable("Options of every command:", GLOBAL_OPTIONS),
    examples(command.examples),
  );
}

/** How an operand stands in the usage line. */
function operandWord({ name, optional, repeated }: Operand): string {
  const word = repeated ? `${name}...` : name;
  return optional ? `[${word}]` : word;
}

function optionHints(options: Options): string[] {
  return Object.entries(options).map(([name, { short, value }]) => {
    const flag = short ? `-${short}` : `--${name}`;
    return `[${value ? `${flag} ${value}` : flag}]`;
  });
}

/** How a command is typed; what does not fit goes to a line of its own. */
function usage(words: readonly string[]): string {
  const lines = ["Usage: overlay2"];
  for (const word of words) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length <= WIDTH) lines[lines.length - 1] = line;
    else lines.push(`         ${word}`);
  }
  return lines.join("\n");
}

function optionTable(title: string, options: Options): string {
  return table(
    title,
    Object.entries(options).map(([name, { short, value, help }]) => {
      const flag = short ? `-${short}, --${name}` : `--${name}`;
      return [value ? `${flag} ${value}` : flag, help];
    }),
  );
}

function examples(list: readonly Example[]): string {
  const longest = Math.max(...list.map(({ line }) => line.length));
  const rows = list.map(({ line, help }) => [line, help] as const);
  return table("Examples:", rows, longest + 4);
}

/** A title and rows of two columns; nothing if there are no rows. */
function table(
  title: string,
  rows: readonly (readonly [string, string])[],
  column = COLUMN,
): string {
  if (rows.length === 0) return "";
  const lines = rows.flatMap(([term, help]) => {
    const start = `  ${term}`;
    const [first, ...others] = wrap(help, column);
    const beside = start.length + 2 <= column && column < MAX_COLUMN;
    if (!beside) return [start, ...wrap(help, 6)];
    return [start.padEnd(column) + first!.trimStart(), ...others];
  });
  return [title, ...lines].join("\n");
}

/** Breaks text into indented lines. */
function wrap(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line].map((each) => " ".repeat(indent) + each);
}

function sections(...parts: readonly string[]): string {
  const wrapped = parts.filter((part) => part !== "").map((part) =>
    part.includes("\n") || part.startsWith("Usage:")
      ? part
      : wrap(part, 0).join("\n")
  );
  return wrapped.join("\n\n") + "\n";
}
