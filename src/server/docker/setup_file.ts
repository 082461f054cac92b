/**
 * What dockerd said at `Init`. It says so once, however often the plugin starts.
 *
 * @module
 */

import { parseBody, type Setup, setupOf } from "./protocol.ts";

/**
 * Reads what was remembered.
 *
 * @param path Path of the file.
 * @returns The setup; `undefined` if nothing was remembered.
 * @throws {DriverError} `EINVAL` if the file is malformed.
 */
export function readSetup(path: string): Setup | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return setupOf(parseBody(text));
}

/**
 * Remembers a setup, in one step.
 *
 * @param path Path of the file, which only its owner may read.
 * @param body What dockerd sent.
 */
export function writeSetup(
  path: string,
  body: Readonly<Record<string, unknown>>,
): void {
  const temporary = `${path}.tmp`;
  Deno.writeTextFileSync(temporary, JSON.stringify(body), { mode: 0o600 });
  Deno.renameSync(temporary, path);
}
