/**
 * Runs of this Deno whose output is shown as it comes, and read afterwards.
 *
 * @module
 */

/** What a run has printed, and whether it ended well. */
export interface Shown {
  /** Its standard output. */
  readonly output: string;
  /** Whether its exit status is 0. */
  readonly success: boolean;
}

/**
 * Runs Deno with its output passed through.
 *
 * @param args Its arguments.
 * @param env Variables to add to the environment.
 */
export async function runShown(
  args: string[],
  env: Record<string, string> = {},
): Promise<Shown> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
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
  return { output, success };
}
