/**
 * From the words that were typed to options and operands.
 *
 * @module
 */

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
  const { values, operands } = parse(args, GLOBAL_OPTIONS, true);
  return { values, rest: operands };
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
  return parse(args, { ...GLOBAL_OPTIONS, ...command.options }, false);
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

/** Values while they are read. */
type Found = Record<string, boolean | string | string[]>;

/**
 * Reads words from left to right. The usual libraries take an empty value, or one
 * with a leading dash, for something else, and loading one takes longer than a
 * short command works.
 *
 * @param stop Whether the first operand ends the options.
 */
function parse(
  args: readonly string[],
  options: Options,
  stop: boolean,
): Tail {
  const words = [...args];
  const operands: string[] = [];
  const values = nothingGiven(options);
  while (words.length > 0) {
    const word = words.shift()!;
    if (word === "--") return { operands: [...operands, ...words], values };
    const isOption = word.startsWith("-") && word !== "-";
    if (!isOption && stop) return { operands: [word, ...words], values };
    if (!isOption) operands.push(word);
    else if (word.startsWith("--")) takeLong(word, options, words, values);
    else takeShort(word, options, words, values);
  }
  return { operands, values };
}

function nothingGiven(options: Options): Found {
  const values: Found = {};
  for (const [name, { type }] of Object.entries(options)) {
    if (type === "boolean") values[name] = false;
    else if (type === "list") values[name] = [];
  }
  return values;
}

function takeLong(
  word: string,
  options: Options,
  words: string[],
  values: Found,
): void {
  const [name, inline] = splitOnce(word.slice(2));
  const option = Object.hasOwn(options, name) ? options[name]! : undefined;
  if (option === undefined) throw unknownOption(`--${name}`);
  if (option.type !== "boolean") {
    const value = inline ?? valueOf(`--${name}`, option, words);
    return give(values, name, value);
  }
  if (inline !== undefined) {
    throw new UsageError(`Option --${name} takes no value`);
  }
  values[name] = true;
}

function splitOnce(text: string): [name: string, value: string | undefined] {
  const at = text.indexOf("=");
  return at === -1
    ? [text, undefined]
    : [text.slice(0, at), text.slice(at + 1)];
}

/** Takes letters of options without a value, the last of which may have one. */
function takeShort(
  word: string,
  options: Options,
  words: string[],
  values: Found,
): void {
  for (let i = 1; i < word.length; i++) {
    const found = Object.entries(options).find(([, { short }]) =>
      short === word[i]
    );
    if (found === undefined) throw unknownOption(`-${word[i]}`);
    const [name, option] = found;
    if (option.type !== "boolean") {
      const inline = word.slice(i + 1);
      const value = inline || valueOf(`-${word[i]}`, option, words);
      return give(values, name, value);
    }
    values[name] = true;
  }
}

/** Sets a value, or adds it where there may be several. */
function give(values: Found, name: string, value: string): void {
  const list = values[name];
  if (Array.isArray(list)) list.push(value);
  else values[name] = value;
}

function valueOf(flag: string, option: Option, words: string[]): string {
  const value = words.shift();
  if (value !== undefined) return value;
  throw new UsageError(`Option ${flag} lacks its value ${option.value}`);
}

function unknownOption(flag: string): UsageError {
  return new UsageError(`Unknown option ${printableName(flag)}`);
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
