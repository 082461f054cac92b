/**
 * Memory of a process while it runs.
 *
 * @module
 */

const POLL_MS = 5;

/** Most memory that a process has had, so far, in bytes; `undefined` once it is gone. */
function peak(pid: number): number | undefined {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/status`);
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(text) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}

/**
 * Runs a program and watches its memory.
 *
 * @param line Line of shell that becomes the program, by `exec`.
 * @param words Its words, `$0` and so on.
 * @returns Most bytes that it had in memory at once.
 */
export async function peakMemory(
  line: string,
  ...words: string[]
): Promise<number> {
  const child = new Deno.Command("sh", {
    args: ["-c", line, ...words],
    stdout: "null",
  }).spawn();
  let most = 0;
  const look = () => most = peak(child.pid) ?? most;
  const timer = setInterval(look, POLL_MS);
  const { success } = await child.status;
  clearInterval(timer);
  if (success) return most;
  throw new Error(`Cannot run ${words.join(" ")}`);
}
