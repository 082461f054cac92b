/**
 * The process's umask, read without changing it; see proc_pid_status(5).
 *
 * @module
 */

/** Bits that new files of this process do not get. */
export function currentUmask(): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  const [, octal] = /^Umask:\s*([0-7]+)/m.exec(status) ?? [];
  // A kernel that does not tell (before 4.7) may hold anything back.
  return octal === undefined ? 0o777 : parseInt(octal, 8);
}
