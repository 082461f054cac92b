/**
 * Other programs, to their end or line by line.
 *
 * @module
 */

/** Runs a program; what it prints is thrown away unless it fails. */
export async function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } =
    {},
): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args],
    ...options,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  const why = new TextDecoder().decode(stderr).trim();
  throw new Error(`Cannot run ${program} ${args.join(" ")}: ${why}`);
}

/** Runs a line of shell; its words are `$1` and so on. */
export function shell(line: string, ...words: string[]): Promise<void> {
  return run("sh", ["-c", `set -e; ${line}`, "sh", ...words]);
}

/** Whether a program is installed. */
export function hasProgram(name: string): boolean {
  const dirs = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin`.split(":");
  return dirs.some((dir) => {
    try {
      return Deno.statSync(`${dir}/${name}`).isFile;
    } catch {
      return false;
    }
  });
}

/** A process that takes lines and answers each with a line. */
export class LineProgram implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #lines: string[] = [];
  #rest = "";

  /** Starts it. */
  constructor(program: string, args: readonly string[]) {
    this.#child = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
  }

  /**
   * Has lines answered. All are given at once, so that the pipe costs nothing
   * that counts.
   *
   * @returns As many answers.
   */
  async ask(lines: readonly string[]): Promise<string[]> {
    const text = lines.map((line) => line + "\n").join("");
    const writing = this.#writer.write(new TextEncoder().encode(text));
    const answers: string[] = [];
    while (answers.length < lines.length) answers.push(await this.#line());
    await writing;
    return answers;
  }

  async #line(): Promise<string> {
    while (this.#lines.length === 0) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("Cannot go on: the program has ended");
      const lines = (this.#rest + value).split("\n");
      this.#rest = lines.pop()!;
      this.#lines = lines.reverse();
    }
    return this.#lines.pop()!;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
    await this.#reader.cancel();
  }
}
