/**
 * Runs of `deno test`.
 *
 * @module
 */

import { parseDenoTest, type Tally } from "./tally.ts";

/** Runs `deno test` with its output passed through, and counts its results. */
export async function denoTest(
  args: string[],
  env: Record<string, string>,
): Promise<Tally> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", ...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const decoder = new TextDecoder();
  let output = "";
  for await (const chunk of child.stdout) {
    output += decoder.decode(chunk, { stream: true });
    for (let rest = chunk; rest.length > 0;) {
      rest = rest.subarray(Deno.stdout.writeSync(rest));
    }
  }
  const { success } = await child.status;
  return parseDenoTest(output, success);
}
