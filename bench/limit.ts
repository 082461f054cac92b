/**
 * The bare system calls of the same works, in C: what cannot be beaten.
 *
 * @module
 */

import { LineProgram, run } from "./program.ts";

const SOURCES = new URL("./limit/", import.meta.url).pathname;

/** Builds the program; needs gcc. */
export async function buildLimit(output: string): Promise<void> {
  const sources = [...Deno.readDirSync(SOURCES)].map(({ name }) => name)
    .filter((name) => name.endsWith(".c")).map((name) => SOURCES + name);
  await run("gcc", ["-O2", "-pthread", "-o", output, ...sources]);
}

/** The program, which `bench/limit/main.c` describes. */
export class Limit implements AsyncDisposable {
  readonly #program: LineProgram;

  /** Starts it. */
  constructor(binary: string) {
    this.#program = new LineProgram(binary, []);
  }

  /**
   * Has one work done.
   *
   * @param words Its words, none with a blank in it.
   * @returns How long it took, in microseconds.
   */
  async run(...words: readonly (string | number)[]): Promise<number> {
    const [answer] = await this.#program.ask([words.join(" ")]);
    return Number(answer!.split(" ")[0]);
  }

  /** Ends it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#program[Symbol.asyncDispose]();
  }
}
