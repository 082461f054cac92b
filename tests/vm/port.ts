/**
 * The way from the virtual machine to the host.
 *
 * @module
 */

/**
 * Writes a line to the host: to the second serial port, or to standard output.
 * The host has it when this returns.
 *
 * @param line Something that JSON can say.
 */
export function report(line: object): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
  using port = openPort();
  for (let rest = bytes; rest.length > 0;) {
    rest = rest.subarray((port ?? Deno.stdout).writeSync(rest));
  }
}

function openPort(): Deno.FsFile | undefined {
  return Deno.env.get("REPORT_PORT") === undefined
    ? undefined
    : Deno.openSync(Deno.env.get("REPORT_PORT")!, { write: true });
}
