/**
 * The list of commands, each loaded only when it is asked for.
 *
 * @module
 */

import type { Command } from "./command.ts";
import { suggest } from "./suggest.ts";

/** Loaders by command word, in the order of `--help`. */
const LOADERS: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  "init": () => import("./commands/init.ts"),
  "create": () => import("./commands/create.ts"),
  "create-rw": () => import("./commands/create_rw.ts"),
  "get": () => import("./commands/get.ts"),
  "put": () => import("./commands/put.ts"),
  "exists": () => import("./commands/exists.ts"),
  "remove": () => import("./commands/remove.ts"),
  "metadata": () => import("./commands/metadata.ts"),
  "status": () => import("./commands/status.ts"),
  "apply-diff": () => import("./commands/apply_diff.ts"),
  "diff": () => import("./commands/diff.ts"),
  "changes": () => import("./commands/changes.ts"),
  "diff-size": () => import("./commands/diff_size.ts"),
  "check": () => import("./commands/check.ts"),
  "cleanup": () => import("./commands/cleanup.ts"),
  "serve": () => import("./commands/serve.ts"),
  "batch": () => import("./commands/batch.ts"),
};

/** The words that select a command. */
export const COMMAND_NAMES: readonly string[] = Object.keys(LOADERS);

/** Commands that were loaded: the runtime takes a while even to give one again. */
const loaded = new Map<string, Command>();

/**
 * Loads the command that a word selects.
 *
 * @param word The word.
 * @returns The command, or `undefined` if there is none of that name.
 */
export async function loadCommand(word: string): Promise<Command | undefined> {
  const known = loaded.get(word);
  if (known !== undefined || !Object.hasOwn(LOADERS, word)) return known;
  const { command } = await LOADERS[word]!();
  loaded.set(word, command);
  return command;
}

/**
 * Loads all commands.
 *
 * @returns Them, in the order of `--help`.
 */
export async function loadCommands(): Promise<Command[]> {
  const modules = await Promise.all(
    Object.values(LOADERS).map((load) => load()),
  );
  return modules.map(({ command }) => command);
}

/**
 * Tells which command was probably meant by a word that is none.
 *
 * @param word The word.
 * @returns A command word, if one is near enough.
 */
export function suggestCommand(word: string): string | undefined {
  return suggest(word, [...COMMAND_NAMES, "help"]);
}
