/**
 * A system without files: what the program prints, and what it asks for.
 *
 * @module
 */

import { CommandError } from "../../src/cli/command.ts";
import { main } from "../../src/cli/main.ts";
import type { Host } from "../../src/cli/session.ts";
import type { Driver } from "../../src/driver/driver.ts";
import { decodeName } from "../../src/text.ts";
import { assert } from "../assert.ts";
import type { DriverOptions } from "../../src/types.ts";

/** What one run of the program has left behind. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The home and options with which the driver was opened. */
  readonly opened: readonly { home: string; options: DriverOptions }[];
}

/** Some of the driver's methods. */
type DriverParts = Partial<Omit<Driver, "toString">>;

/**
 * Runs the program on a fake system.
 *
 * @param args Its arguments.
 * @param driver The methods that the driver needs for this run; without it,
 * the driver cannot be opened.
 * @param changes What else is different about the system.
 */
export async function runFake(
  args: readonly string[],
  driver?: DriverParts,
  changes: Partial<Host> = {},
): Promise<Outcome> {
  const opened: { home: string; options: DriverOptions }[] = [];
  let stdout = "";
  let stderr = "";
  const host: Host = {
    homeVariable: undefined,
    trace: false,
    outputIsTerminal: false,
    signal: new AbortController().signal,
    standardStreams: true,
    settle: () => Promise.resolve(),
    takeBack: (driver) => driver[Symbol.asyncDispose](),
    open(home, options) {
      const { onWarning, ...others } = options;
      assert(onWarning !== undefined);
      opened.push({ home, options: others });
      const closed = new CommandError("EPERM", "Cannot open it: it is a fake");
      if (driver === undefined) return Promise.reject(closed);
      const dispose = { [Symbol.asyncDispose]: () => Promise.resolve() };
      return Promise.resolve({ ...dispose, ...driver } as unknown as Driver);
    },
    write(bytes) {
      stdout += decodeName(bytes);
      return Promise.resolve();
    },
    warn(text) {
      stderr += text;
    },
    ...changes,
  };
  const status = await main(args, host);
  return { status, stdout, stderr, opened };
}
