/**
 * What the server forces to the disk for which call, and in which order.
 *
 * @module
 */

import { assert, assertEquals } from "../../assert.ts";
import { PROGRAM } from "../../cli/program.ts";
import { TempDir, turn } from "../../fixtures.ts";
import { Snapshots } from "./client.ts";

const CALLS = "syncfs,fsync,fdatasync,sync_file_range,renameat2";

const hasStrace = ["/usr/bin/strace", "/bin/strace"].some((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** A server whose system calls are written down. */
class Traced implements AsyncDisposable {
  readonly #temp = new TempDir("overlay2_traced_");
  readonly #child: Deno.ChildProcess;
  readonly client: Snapshots;
  #read = 0;

  private constructor(sync: string) {
    const { path } = this.#temp;
    const [program, ...words] = PROGRAM;
    this.#child = new Deno.Command("strace", {
      args: [
        ...[
          "-D",
          "-f",
          "-qq",
          "-y",
          "-z",
          "--seccomp-bpf",
          "-o",
          `${path}/trace`,
        ],
        ...["-e", `trace=${CALLS}`, program!, ...words],
        ...["--home", `${path}/home`, "--quiet"],
        ...["--storage-opt", `overlay2.sync=${sync}`],
        ...["serve", "containerd", "--socket", `${path}/socket`],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.client = new Snapshots(`${path}/socket`);
  }

  static async start(sync: string): Promise<Traced> {
    const traced = new Traced(sync);
    const { path } = traced.#temp;
    while (![...Deno.readDirSync(path)].some(({ name }) => name === "socket")) {
      await turn(20);
    }
    // Calls are written down before they are answered, but for the last.
    await traced.client.cleanup();
    traced.#lines();
    return traced;
  }

  #lines(): string[] {
    const text = Deno.readTextFileSync(`${this.#temp.path}/trace`);
    const lines = text.slice(this.#read).split("\n");
    this.#read = text.length;
    return lines;
  }

  /** What is forced to the disk until a call is answered, and what it is. */
  async during(call: () => Promise<unknown>): Promise<string[]> {
    await call();
    await turn(50);
    return this.#lines().flatMap((line) => {
      const [, name] = /^\d+ +(?:<\.\.\. )?(\w+)/.exec(line) ?? [];
      if (name === undefined || line.includes("<unfinished")) return [];
      // What strace has no name for yet is passed on whatever was asked for.
      if (name.startsWith("syscall_0x")) return [];
      return [`${name} ${this.#about(line)}`.trim()];
    });
  }

  #about(line: string): string {
    if (line.includes("snapshots.db-wal>")) return "record";
    if (line.includes("snapshots.db>")) return "database";
    return /\/(link|lower)>/.exec(line)?.[1] ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client[Symbol.dispose]();
    // With -D it is the server that is the child, and strace ends with it.
    this.#child.kill("SIGTERM");
    await this.#child.status;
    this.#temp[Symbol.dispose]();
  }
}

function traced(name: string, run: () => Promise<void>): void {
  Deno.test({
    name: `serve containerd ${name}${
      hasStrace ? "" : " (skipped: needs strace)"
    }`,
    ignore: Deno.uid() !== 0 || !hasStrace,
    fn: run,
  });
}

const UNPACKING = "default/1/extract-1-2 sha256:a";

traced(
  "puts a commit on the disk, files first, and does not wait for what nobody would miss",
  async () => {
    await using server = await Traced.start("layer");
    const { client } = server;
    const base = await server.during(() => client.prepare(UNPACKING));
    assertEquals(base, ["sync_file_range link", "renameat2"]);
    const commit = await server.during(() => client.commit("a", UNPACKING));
    assertEquals(commit, ["syncfs", "fsync record"]);
    const next = await server.during(() => client.prepare(UNPACKING, "a"));
    assertEquals(next, [
      // Begun, so that it is under way while the other is waited for.
      "sync_file_range lower",
      "sync_file_range link",
      "sync_file_range lower",
      "renameat2",
    ]);
    const removed = await server.during(() => client.remove(UNPACKING));
    assertEquals(removed, ["renameat2"]);
  },
);

traced(
  "puts the snapshot of a container on the disk before it is answered",
  async () => {
    await using server = await Traced.start("layer");
    const { client } = server;
    await client.prepare(UNPACKING);
    await client.commit("a", UNPACKING);
    await server.during(() => client.cleanup());
    for (const make of ["prepare", "view"] as const) {
      const calls = await server.during(() => client[make](make, "a"));
      assertEquals(calls, [
        "sync_file_range lower",
        "fsync link",
        "fsync lower",
        "renameat2",
        "fsync record",
      ]);
    }
    const relabelled = await server.during(() =>
      client.update("prepare", { a: "b" })
    );
    assertEquals(relabelled, ["fsync record"]);
  },
);

traced("waits for every record with overlay2.sync=strict", async () => {
  await using server = await Traced.start("strict");
  const { client } = server;
  const made = await server.during(() => client.prepare(UNPACKING));
  assert(made.includes("fsync link"), made.join());
  assertEquals(made.at(-1), "fsync record");
  const removed = await server.during(() => client.remove(UNPACKING));
  assertEquals(removed.at(-1), "fsync record");
});

traced("waits for no record with overlay2.sync=none", async () => {
  await using server = await Traced.start("none");
  const { client } = server;
  const calls = await server.during(async () => {
    await client.prepare(UNPACKING);
    await client.commit("a", UNPACKING);
    await client.remove("a");
  });
  assertEquals(calls, ["fsync link", "renameat2", "renameat2"]);
});
