/**
 * A child process that answers one JSON value per line.
 *
 * @module
 */

/** What to start and with which arguments. */
export interface LineCommand {
  /** Program to run. */
  readonly program: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** Variables added to the environment. */
  readonly env?: Record<string, string>;
}

/** Asks a child process questions, one line each, one after the other. */
export class LineProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;
  readonly #label: string;
  #rest = "";
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * Starts the process.
   *
   * @param command What to start.
   */
  constructor(command: LineCommand) {
    this.#label = `${command.program} ${command.args.join(" ")}`;
    this.#child = new Deno.Command(command.program, {
      args: [...command.args],
      env: command.env ?? {},
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
  }

  /**
   * Sends a value and waits for the answer to it.
   *
   * @param question Sent as one line of JSON.
   * @returns The answer, parsed.
   */
  ask(question: unknown): Promise<unknown> {
    const answer = this.#turn.then(() => this.#exchange(question));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  async #exchange(question: unknown): Promise<unknown> {
    const line = `${JSON.stringify(question)}\n`;
    await this.#input.write(new TextEncoder().encode(line));
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error(`Cannot ask ${this.#label}: it has ended`);
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const answer = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return JSON.parse(answer);
  }

  /** Ends the process's input and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#output.cancel();
    await this.#child.status;
  }
}
