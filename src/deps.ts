/**
 * The typed face of `@std/cli/parse-args` and `@std/path`.
 *
 * The only file under `src` that imports bare specifiers. The npm packages of
 * the Deno standard library ship no types; what is used of them is typed here,
 * once.
 *
 * @module
 */

import { parseArgs as untypedParseArgs } from "@std/cli/parse-args";

/** How {@linkcode parseArgs} reads its arguments. */
export interface ParseArgsOptions {
  /** Names of options without a value. */
  readonly boolean: readonly string[];
  /** Names of options whose value is text; `"_"` keeps operands text, too. */
  readonly string: readonly string[];
  /** Names of options that may be repeated; their values form an array. */
  readonly collect: readonly string[];
  /** Called for each operand and each unknown option; `false` drops it. */
  readonly unknown: (argument: string, name?: string) => boolean;
}

/** What {@linkcode parseArgs} makes of the arguments: operands and options. */
export interface ParsedArgs {
  /** The operands, in order. */
  readonly _: readonly string[];
  /** Values of the options, by name. */
  readonly [name: string]: boolean | string | readonly string[];
}

/**
 * Splits arguments into options and operands; what follows `--` are operands.
 *
 * @param args The arguments.
 * @param options The options to expect.
 * @returns Options by name, operands under `_`.
 */
export const parseArgs: (
  args: string[],
  options: ParseArgsOptions,
) => ParsedArgs = untypedParseArgs;

/** The part of `@std/path` that is used here. */
export interface PathFunctions {
  /** Last part of a path. */
  basename(path: string): string;
  /** Path without its last part. */
  dirname(path: string): string;
  /** Joins the parts of a path. */
  join(...parts: string[]): string;
}

/**
 * Loads `@std/path`.
 *
 * It is a hundred modules that take 15 ms, which a command that needs no path
 * function should not wait for.
 *
 * @returns Its functions.
 */
export async function loadPath(): Promise<PathFunctions> {
  const path: PathFunctions = await import("@std/path");
  return path;
}
