/**
 * The suite as a program, to be run in a user namespace.
 *
 * Prints one line for each property.
 *
 * @module
 */

import { tempDriver } from "../fixtures.ts";
import { PROPERTIES } from "./suite.ts";

const encoder = new TextEncoder();

function say(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`));
}

for (const [what, property] of Object.entries(PROPERTIES)) {
  try {
    await using temp = await tempDriver();
    // Only root is mapped here.
    const root = { uid: 0, gid: 0 };
    await property(temp, { owner: root, root, native: true });
    say(`ok ${what}`);
  } catch (error) {
    say(`failed ${what}`);
    Deno.stderr.writeSync(encoder.encode(`${what}: ${error}\n`));
    if (error instanceof Error) {
      Deno.stderr.writeSync(encoder.encode(`${error.stack}\n`));
    }
  }
}
