/**
 * The command `overlay2` as a program.
 *
 * @module
 */

import { OPTIONS } from "./room.ts";

const CLI = new URL("../cli.ts", import.meta.url).pathname;

function onHome(home: string): string[] {
  return [
    "--home",
    home,
    ...OPTIONS.flatMap((option) => ["--storage-opt", option]),
  ];
}

/** Words that start the command from its sources. */
export function sourceProgram(home: string): string[] {
  return [Deno.execPath(), "run", "-A", CLI, ...onHome(home)];
}

/** Words that start the portable file. */
export function portableProgram(binary: string, home: string): string[] {
  return [binary, ...onHome(home)];
}
