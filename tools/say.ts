/**
 * Output of the tasks: one line at a time, without the colours of `console`.
 *
 * @module
 */

const encoder = new TextEncoder();

/** Prints `line` on standard output. */
export function say(line: string): void {
  writeAll(Deno.stdout, `${line}\n`);
}

/** Prints `line` on standard error. */
export function complain(line: string): void {
  writeAll(Deno.stderr, `${line}\n`);
}

function writeAll(
  to: { writeSync(data: Uint8Array): number },
  text: string,
): void {
  let rest = encoder.encode(text);
  while (rest.length > 0) rest = rest.subarray(to.writeSync(rest));
}
