/**
 * From the words that were typed to options and operands.
 *
 * @module
 */

import { parseArgs } from "../deps.ts";
import { printableName } from "../text.ts";
import {
  type AnyValues,
  type Command,
  type Operand,
  type Option,
  type Options,
  UsageError,
  type Values,
} from "./command.ts";

/** Options that are taken before and after the command word. */
export const GLOBAL_OPTIONS = {
  home: {
    type: "string",
    value: "DIR",
    help: "Directory of the layers ($OVERLAY2_HOME, else /var/lib/overlay2)",
  },
  "storage-opt": {
    type: "list",
    value: "K=V",
    help: "Option of the driver, such as overlay2.size=10G; repeatable",
  },
  "uid-map": {
    type: "list",
    value: "C:H:N",
    help: "Store N user ids from C on as ids from H on; repeatable",
  },
  "gid-map": {
    type: "list",
    value: "C:H:N",
    help: "Store N group ids from C on as ids from H on; repeatable",
  },
  json: { type: "boolean", help: "Print results and errors as JSON" },
  quiet: { type: "boolean", short: "q", help: "Show no progress" },
  help: { type: "boolean", short: "h", help: "Explain, and do nothing" },
  version: { type: "boolean", help: "Print the version, and do nothing" },
} as const satisfies Options;

/** Values of {@linkcode GLOBAL_OPTIONS}. */
export type GlobalValues = Values<typeof GLOBAL_OPTIONS>;

/** The words before the command, parsed, and the others, untouched. */
export interface Head {
  /** Values of the options before the command word. */
  readonly values: GlobalValues;
  /** The command word and what follows. */
  readonly rest: readonly string[];
}

/** The words after the command, parsed. */
export interface Tail {
  /** The operands. */
  readonly operands: readonly string[];
  /** Values of the command's options and of the global ones. */
  readonly values: AnyValues;
}

/**
 * Parses the options before the command word.
 *
 * @param args All arguments of the program.
 * @returns Their values, and the arguments from the command word on.
 * @throws {UsageError} if an option is unknown, or lacks its value.
 */
export function parseHead(args: readonly string[]): Head {
  const { flags, rest } = plainFlags(args, GLOBAL_OPTIONS, true);
  const { values } = parse(flags, GLOBAL_OPTIONS);
  return { values, rest };
}

/**
 * Parses what follows the command word.
 *
 * @param command The command.
 * @param args The arguments after the command word.
 * @returns Operands and options.
 * @throws {UsageError} if an option is unknown or lacks its value.
 */
export function parseTail(command: Command, args: readonly string[]): Tail {
  const options = { ...GLOBAL_OPTIONS, ...command.options };
  const { flags, rest } = plainFlags(args, options, false);
  return parse([...flags, ...rest], options);
}

/**
 * Joins the values of options given before and after the command word; where
 * only one can stand, the later one wins.
 *
 * @param head Values from before the command word.
 * @param tail Values from after it.
 * @returns All of them.
 */
export function mergeValues(
  head: GlobalValues,
  tail: AnyValues,
): AnyValues & GlobalValues {
  if (Object.keys(tail).length === 0) return head;
  const merged: Record<string, AnyValues[string]> = { ...head, ...tail };
  for (const [name, value] of Object.entries(head)) {
    const later = tail[name];
    if (Array.isArray(value) && Array.isArray(later)) {
      merged[name] = [...value, ...later];
    } else if (value === true) merged[name] = true;
  }
  return merged;
}

/**
 * Writes each option in the one form that `parseArgs` cannot misread,
 * `--name=value`: it would take an empty value or one with a leading dash for
 * something else, and the operand in `--json true` for the value of `--json`.
 *
 * @param stop Whether the first operand ends the options.
 */
function plainFlags(
  args: readonly string[],
  options: Options,
  stop: boolean,
): { flags: string[]; rest: string[] } {
  const flags: string[] = [];
  const words = [...args];
  while (words.length > 0) {
    const word = words.shift()!;
    if (word === "--") return { flags, rest: stop ? words : ["--", ...words] };
    const isOption = word.startsWith("-") && word !== "-";
    if (!isOption && stop) return { flags, rest: [word, ...words] };
    if (!isOption) flags.push(word);
    else if (word.startsWith("--")) flags.push(plainLong(word, options, words));
    else flags.push(...plainShort(word, options, words));
  }
  return { flags, rest: [] };
}

function plainLong(word: string, options: Options, words: string[]): string {
  const name = word.slice(2).split("=", 1)[0]!;
  const option = Object.hasOwn(options, name) ? options[name]! : undefined;
  if (option === undefined) throw unknownOption(`--${name}`);
  const inline = word.includes("=");
  if (option.type !== "boolean") {
    return inline ? word : `${word}=${valueOf(word, option, words)}`;
  }
  if (inline) throw new UsageError(`Option --${name} takes no value`);
  return `${word}=true`;
}

function plainShort(
  word: string,
  options: Options,
  words: string[],
): string[] {
  const flags: string[] = [];
  for (let i = 1; i < word.length; i++) {
    const found = Object.entries(options).find(([, { short }]) =>
      short === word[i]
    );
    if (found === undefined) throw unknownOption(`-${word[i]}`);
    const [name, option] = found;
    if (option.type === "boolean") flags.push(`--${name}=true`);
    else {
      const inline = word.slice(i + 1);
      const value = inline || valueOf(`-${word[i]}`, option, words);
      return [...flags, `--${name}=${value}`];
    }
  }
  return flags;
}

function valueOf(flag: string, option: Option, words: string[]): string {
  const value = words.shift();
  if (value !== undefined) return value;
  throw new UsageError(`Option ${flag} lacks its value ${option.value}`);
}

function unknownOption(flag: string): UsageError {
  return new UsageError(`Unknown option ${printableName(flag)}`);
}

function parse(words: string[], options: Options): Tail {
  if (!words.some((word) => word.startsWith("-"))) {
    return { operands: words, values: {} };
  }
  const named = (...types: readonly Option["type"][]) =>
    Object.keys(options).filter((name) => types.includes(options[name]!.type));
  const { _, ...values } = parseArgs(words, {
    boolean: named("boolean"),
    string: [...named("string", "list"), "_"],
    collect: named("list"),
    unknown: () => true,
  });
  return { operands: _, values };
}

/**
 * Checks the number of operands.
 *
 * @param operands What the command takes.
 * @param given What was typed.
 * @throws {UsageError} if there are too few or too many.
 */
export function checkOperands(
  operands: readonly Operand[],
  given: readonly string[],
): void {
  const missing = operands[given.length];
  if (missing !== undefined && !missing.optional) {
    throw new UsageError(`Operand ${missing.name} is missing`);
  }
  const repeated = operands.at(-1)?.repeated ?? false;
  const extra = given[operands.length];
  if (extra !== undefined && !repeated) {
    throw new UsageError(
      `Operand "${printableName(extra)}" is one too many`,
    );
  }
}
