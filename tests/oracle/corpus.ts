/**
 * The archives: made afresh by `corpus/make.py` for each run.
 *
 * @module
 */

import { CACHE, PYTHON } from "./setup.ts";

/** Archives to be applied one over the other, or why there are none. */
export interface ArchiveCase {
  /** Generator it comes from. */
  readonly group: string;
  /** What is special about it. */
  readonly name: string;
  /** Paths of the archives, lowest layer first. */
  readonly layers?: readonly string[];
  /** Why it cannot be had. */
  readonly reason?: string;
}

/**
 * Makes the corpus.
 *
 * @param dir Directory for the archives.
 * @param groups Generators to run.
 * @returns All cases.
 */
export async function makeCorpus(
  dir: string,
  groups: readonly string[],
): Promise<ArchiveCase[]> {
  const script = new URL("corpus/make.py", import.meta.url).pathname;
  const { success, stdout } = await new Deno.Command("python3", {
    args: [script, dir, CACHE, ...groups],
    env: PYTHON,
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("Cannot make the corpus: see above");
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  return lines.map((line) => JSON.parse(line) as ArchiveCase);
}
