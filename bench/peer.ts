/**
 * Docker's own driver in a process beside, fed many jobs at once, so that the
 * pipe between costs neither side anything that counts.
 *
 * @module
 */

const SOURCES = new URL("./peer/", import.meta.url).pathname;

/** Jobs, each a list of words as on the command line. */
export type Jobs = readonly (readonly string[])[];

/** Docker's driver on one home. */
export class Peer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #rest = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#reader = child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
  }

  /**
   * Builds and starts the peer.
   *
   * @param dir Directory for its binary.
   * @param home Its home.
   * @returns The peer; `undefined` if Go is not there.
   */
  static async start(dir: string, home: string): Promise<Peer | undefined> {
    const binary = `${dir}/peer`;
    try {
      const { success } = await new Deno.Command("go", {
        args: ["build", "-o", binary, "."],
        cwd: SOURCES,
      }).output();
      if (!success) return undefined;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
    return new Peer(
      new Deno.Command(binary, {
        args: ["-q", "--home", home, "batch"],
        stdin: "piped",
        stdout: "piped",
      }).spawn(),
    );
  }

  /**
   * Has jobs done, one after the other.
   *
   * @param jobs What to do.
   * @throws {Error} if one of them fails.
   */
  async run(jobs: Jobs): Promise<void> {
    const lines = jobs.map((job) => JSON.stringify(job) + "\n").join("");
    const writing = this.#writer.write(new TextEncoder().encode(lines));
    for (const job of jobs) {
      const answer = JSON.parse(await this.#line());
      if (!answer.ok) throw new Error(`${job.join(" ")}: ${answer.error}`);
    }
    await writing;
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return line;
      }
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("the peer ended");
      this.#rest += value;
    }
  }

  /** Ends the peer. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
    await this.#reader.cancel();
  }
}
