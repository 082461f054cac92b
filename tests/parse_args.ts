/**
 * `@std/cli/parse-args` with types: the copy on npm ships none.
 *
 * @module
 */

import { parseArgs as untyped } from "@std/cli/parse-args";

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

/** Splits arguments into options and operands; what follows `--` are operands. */
export const parseArgs: (
  args: string[],
  options: ParseArgsOptions,
) => ParsedArgs = untyped;
