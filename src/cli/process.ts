/**
 * The program as a process: its arguments, descriptors, signals and exit.
 *
 * @module
 */

import type { DriverOptions } from "../types.ts";
import type { Driver } from "../driver/driver.ts";
import type { Opening } from "../driver/open.ts";
import { CommandError } from "./command.ts";
import { Interrupt } from "./interrupt.ts";
import { main } from "./main.ts";
import { describe, reportLine } from "./report.ts";
import type { Host } from "./session.ts";
import { homeVariable, processArguments } from "./settings.ts";
import { writeAll } from "./streams.ts";

const encoder = new TextEncoder();

/**
 * Runs the program on the arguments of this process, which has to exit then.
 *
 * @returns The exit status.
 */
export async function runProcess(): Promise<number> {
  globalThis.addEventListener("unhandledrejection", endAtOnce);
  // Listens to the end of the process: a signal that comes when all is done must
  // not make a failure of what succeeded.
  const interrupt = new Interrupt();
  const host: Host = {
    homeVariable: homeVariable(),
    trace: Deno.env.get("OVERLAY2_TRACE") === "1",
    outputIsTerminal: Deno.stdout.isTerminal(),
    signal: interrupt.signal,
    secondSignal: interrupt.secondSignal,
    standardStreams: true,
    open,
    settle,
    takeBack: (driver) => driver[Symbol.asyncDispose](),
    write: (bytes) => writeAll(Deno.stdout, bytes, "standard output"),
    warn,
  };
  const status = await main(processArguments(), host);
  return status === 0 ? 0 : interrupt.status ?? status;
}

async function open(
  home: string,
  options: DriverOptions,
  opening: Opening,
): Promise<Driver> {
  if (Deno.build.os !== "linux") {
    throw new CommandError(
      "ENOTSUP",
      `Cannot run on ${Deno.build.os}: overlayfs is a part of Linux`,
    );
  }
  const { openDriver } = await import("../driver/init.ts");
  try {
    return await openDriver(home, options, opening);
  } catch (error) {
    throw Deno.uid() === 0 ? error : orNeedsRoot(error, home);
  }
}

async function settle(driver: Driver): Promise<void> {
  const { settled } = await import("../driver/init.ts");
  await settled(driver);
}

function orNeedsRoot(error: unknown, home: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (code !== "EPERM" && code !== "EACCES") return error;
  return new CommandError(
    "EPERM",
    `Cannot open "${home}": overlay2 needs root, try sudo`,
    { cause: error },
  );
}

function warn(text: string): void {
  try {
    // A line of progress may stand there.
    const clear = Deno.stderr.isTerminal() ? "\r\x1b[K" : "";
    let rest = encoder.encode(clear + text);
    while (rest.length > 0) rest = rest.subarray(Deno.stderr.writeSync(rest));
  } catch {
    // There is no one left to tell; the exit status still says it.
  }
}

/** A fault of the program, which is told on one line like any other error. */
function endAtOnce(event: PromiseRejectionEvent): void {
  event.preventDefault();
  warn(reportLine(describe(event.reason, undefined, undefined), false));
  Deno.exit(1);
}
