/**
 * Docker's own driver in a process beside.
 *
 * @module
 */

import { hasProgram, LineProgram, run } from "./program.ts";

const SOURCES = new URL("./peer/", import.meta.url).pathname;

/** Jobs, each a list of words as on the command line. */
export type Jobs = readonly (readonly string[])[];

/** Builds the program; needs Go, and its modules. */
export function buildPeer(output: string): Promise<void> {
  return run("go", ["build", "-o", output, "."], { cwd: SOURCES });
}

/** Docker's driver on one home. */
export class Peer implements AsyncDisposable {
  readonly #program: LineProgram;
  /** Its home. */
  readonly home: string;
  /** Path of the program. */
  readonly binary: string;

  /**
   * Starts the driver.
   *
   * @param binary Path of the program.
   * @param home Its home.
   * @param alone Whether it is kept to one processor. Its archives pass through
   * an unbuffered pipe between two threads, three pieces a file, and waking a
   * thread on another processor of a virtual machine takes longer than the work
   * on a small file.
   */
  constructor(binary: string, home: string, alone = false) {
    this.binary = binary;
    this.home = home;
    const words = [binary, "-q", "--home", home, "batch"];
    const pin = ["taskset", "-c", "0", "env", "GOMAXPROCS=1"];
    const [program, ...args] = alone && hasProgram("taskset")
      ? [...pin, ...words]
      : words;
    this.#program = new LineProgram(program!, args);
  }

  /**
   * Has jobs done, one after the other.
   *
   * @param jobs What to do.
   * @throws {Error} if one of them fails.
   */
  async run(jobs: Jobs): Promise<void> {
    const answers = await this.#program.ask(
      jobs.map((job) => JSON.stringify(job)),
    );
    for (const [i, text] of answers.entries()) {
      const answer = JSON.parse(text);
      if (!answer.ok) throw new Error(`${jobs[i]!.join(" ")}: ${answer.error}`);
    }
  }

  /** Ends the driver. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#program[Symbol.asyncDispose]();
  }
}
