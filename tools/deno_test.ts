/**
 * Runs of `deno test`.
 *
 * @module
 */

import { runShown } from "./run_shown.ts";
import { parseDenoTest, type Tally } from "./tally.ts";

/** Runs `deno test` with its output passed through, and counts its results. */
export async function denoTest(
  args: string[],
  env: Record<string, string>,
): Promise<Tally> {
  const { output, success } = await runShown(["test", "-A", ...args], env);
  return parseDenoTest(output, success);
}
