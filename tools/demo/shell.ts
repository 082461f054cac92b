/**
 * Shows commands as they would be typed, and runs them.
 *
 * @module
 */

import { say } from "../say.ts";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;

/** A command of the story failed, or the user has had enough. */
export class DemoError extends Error {
  /** Always `"DemoError"`. */
  override readonly name = "DemoError";
}

/** Types commands for the reader, and runs the real program. */
export class Shell {
  readonly #home: string;
  readonly #signal: AbortSignal;
  readonly #colour: boolean;

  /**
   * Makes a shell.
   *
   * @param home The driver's home, as `$OVERLAY2_HOME`.
   * @param signal Aborts when the user has had enough.
   */
  constructor(home: string, signal: AbortSignal) {
    this.#home = home;
    this.#signal = signal;
    this.#colour = Deno.stdout.isTerminal() && !Deno.noColor;
  }

  /** Says what comes next, in plain words. */
  tell(text: string): void {
    say("");
    say(this.#colour ? `\x1b[1m${text}\x1b[0m` : text);
  }

  /** Shows a command that is not ours. */
  type(line: string): void {
    if (this.#signal.aborted) throw new DemoError("interrupted");
    say(this.#colour ? `  \x1b[32m$ ${line}\x1b[0m` : `  $ ${line}`);
  }

  /** Shows lines of output. */
  show(lines: readonly string[]): void {
    for (const line of lines) say(`    ${line}`);
  }

  /** Shows and runs `overlay2`, and shows what it prints. */
  async overlay2(...args: string[]): Promise<string> {
    this.type(["overlay2", ...args.map(quoted)].join(" "));
    const lines = decode(await this.run(...args)).split("\n");
    this.show(lines.filter((line) => line !== ""));
    return lines[0]!;
  }

  /**
   * Runs `overlay2` without a word.
   *
   * @returns What it wrote on standard output.
   * @throws {DemoError} what it wrote on standard error, if it failed.
   */
  async run(...args: string[]): Promise<Uint8Array<ArrayBuffer>> {
    const binary = Deno.env.get("OVERLAY2_BIN");
    const command = new Deno.Command(binary ?? Deno.execPath(), {
      args: binary ? args : ["run", "-A", CLI, ...args],
      env: { OVERLAY2_HOME: this.#home },
      stdin: "null",
    });
    const { success, stdout, stderr } = await command.output();
    if (this.#signal.aborted) throw new DemoError("interrupted");
    if (!success) throw new DemoError(decode(stderr).trimEnd());
    return stdout;
  }

  /** Shows and runs `overlay2 diff … | tar -tv`; says so if there is no tar. */
  async listArchive(id: string): Promise<void> {
    this.type(`overlay2 diff ${id} | tar -tv`);
    const archive = await this.run("diff", id);
    const tar = new Deno.Command("tar", {
      args: ["-tv"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    });
    try {
      using child = disposable(tar.spawn());
      const writer = child.process.stdin.getWriter();
      const writing = writer.write(archive).then(() => writer.close());
      const { stdout } = await child.process.output();
      await writing;
      this.show(decode(stdout).trimEnd().split("\n"));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      this.show([`(${archive.length} bytes; tar is not installed)`]);
    }
  }
}

/** A child that does not outlive the demo. */
function disposable(process: Deno.ChildProcess) {
  return {
    process,
    [Symbol.dispose]() {
      try {
        process.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
    },
  };
}

function quoted(word: string): string {
  return /^[\w./=-]+$/.test(word) ? word : `'${word}'`;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
