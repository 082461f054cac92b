/**
 * `overlay2 serve` as a process: signals, exit status, readiness, its log.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { PROGRAM } from "../cli/program.ts";
import { TempDir } from "../fixtures.ts";
import { namesIn } from "../trees.ts";
import { ask, Client } from "./client.ts";

const ROOT = { ignore: Deno.uid() !== 0 };

/** A server as a process. */
class ServerProcess implements AsyncDisposable {
  readonly temp: TempDir = new TempDir("overlay2_server_");
  readonly #child: Deno.ChildProcess;
  readonly #listening = Promise.withResolvers<void>();
  readonly #reading: Promise<void>;
  /** What it wrote. */
  log = "";

  constructor(
    args: readonly string[] = [],
    env: Record<string, string> = {},
    engine = "docker",
  ) {
    const [program, ...words] = [
      ...PROGRAM,
      "serve",
      engine,
      "-s",
      this.socket,
      ...args,
    ];
    this.#child = new Deno.Command(program!, {
      args: words,
      env: {
        NOTIFY_SOCKET: "",
        OVERLAY2_HOME: `${this.temp.path}/home`,
        ...env,
      },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#reading = this.#read();
  }

  get socket(): string {
    return `${this.temp.path}/p.sock`;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stderr) {
      this.log += decoder.decode(chunk, { stream: true });
      if (this.log.includes("listening")) this.#listening.resolve();
    }
    this.#listening.resolve();
  }

  /** Waits until it listens. */
  async started(): Promise<void> {
    await this.#listening.promise;
    assertStringIncludes(this.log, "listening");
  }

  /** Makes a home and begins to fill a layer. */
  async beginFilling(): Promise<Client> {
    const Home = `${this.temp.path}/o2`;
    await ask(this.socket, "GraphDriver.Init", JSON.stringify({ Home }));
    await ask(this.socket, "GraphDriver.Create", '{"ID":"a"}');
    const client = await Client.connect(this.socket);
    await client.head("GraphDriver.ApplyDiff?id=a&parent=", "chunked");
    await client.chunk(new Uint8Array(512));
    const memory = `${this.socket}.state/transfers`;
    while (!namesIn(memory).includes("a")) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return client;
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Its exit status. */
  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.ended();
    this.temp[Symbol.dispose]();
  }
}

Deno.test(
  "overlay2 serve ends with 0 by either signal, and takes its socket along",
  ROOT,
  async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      await using server = new ServerProcess();
      await server.started();
      assertEquals((await ask(server.socket, "Plugin.Activate")).status, 200);

      server.kill(signal);

      assertEquals(await server.ended(), 0, server.log);
      assert(!namesIn(server.temp.path).includes("p.sock"));
      assertStringIncludes(server.log, "info stopped lost=0\n");
    }
  },
);

Deno.test(
  "overlay2 serve gives requests up after its grace, or by a second signal, and says so",
  ROOT,
  async () => {
    for (const second of [false, true]) {
      await using server = new ServerProcess(["--grace", second ? "600" : "0"]);
      await server.started();
      using _client = await server.beginFilling();

      server.kill("SIGTERM");
      if (second) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        server.kill("SIGTERM");
      }

      assertEquals(await server.ended(), 143, server.log);
      assertStringIncludes(server.log, "warning stopped lost=1\n");
    }
  },
);

Deno.test(
  "overlay2 serve refuses a socket that is taken, with 1",
  ROOT,
  async () => {
    await using server = new ServerProcess();
    await server.started();

    const [program, ...words] = PROGRAM;
    const { code, stderr } = await new Deno.Command(program!, {
      args: [...words, "serve", "docker", "-s", server.socket],
    }).output();

    assertEquals(code, 1);
    assertEquals(
      new TextDecoder().decode(stderr),
      `overlay2: serve docker: Cannot listen on ${server.socket}: another server listens there (EBUSY)\n`,
    );
  },
);

Deno.test(
  "overlay2 serve logs JSON alone if asked, and nothing fine if quiet",
  ROOT,
  async () => {
    await using server = new ServerProcess(["--log-format", "json"]);
    await server.started();
    await ask(server.socket, "GraphDriver.Get", '{"ID":"a\\nb"}');
    await ask(server.socket, "Plugin.Activate");
    server.kill("SIGTERM");
    await server.ended();

    const events = server.log.trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals(events.map(({ event }) => event), [
      "listening",
      "GraphDriver.Get",
      "Plugin.Activate",
      "stopped",
    ]);
    assertEquals([events[1].level, events[1].id], ["error", "a\nb"]);

    await using quiet = new ServerProcess(["-q"]);
    while (!namesIn(quiet.temp.path).includes("p.sock")) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await ask(quiet.socket, "Plugin.Activate");
    quiet.kill("SIGTERM");
    assertEquals(await quiet.ended(), 0);
    assertEquals(quiet.log, "");
  },
);

/** Prints each datagram that comes to a socket. */
const RECEIVER = `
const [path, count] = Deno.args;
const socket = Deno.listenDatagram({ transport: "unixpacket", path });
console.log("ready");
for (let i = 0; i < Number(count); i++) {
  const [bytes] = await socket.receive();
  console.log(JSON.stringify(new TextDecoder().decode(bytes)));
}
socket.close();
`;

/** Runs an engine's server under a supervisor from its start to its end. */
async function supervise(engine: string): Promise<void> {
  using temp = new TempDir("overlay2_server_");
  const path = `${temp.path}/notify`;
  const program = `${temp.path}/receive.ts`;
  await Deno.writeTextFile(program, RECEIVER);
  const receiver = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--unstable-net", program, path, "2"],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  while (!namesIn(temp.path).includes("notify")) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  const env = { NOTIFY_SOCKET: path };
  await using server = new ServerProcess([], env, engine);
  await server.started();
  server.kill("SIGTERM");
  assertEquals(await server.ended(), 0);

  const { stdout } = await receiver.output();
  const [, ...said] = new TextDecoder().decode(stdout).trimEnd().split("\n");
  assertEquals(said.map((line) => JSON.parse(line)), [
    `READY=1\nSTATUS=Listening on ${server.socket}`,
    "STOPPING=1",
  ]);
}

Deno.test(
  "overlay2 serve tells its supervisor when it is ready and when it stops",
  ROOT,
  () => supervise("docker"),
);

Deno.test(
  "overlay2 serve containerd tells its supervisor when it is ready and when it stops",
  ROOT,
  () => supervise("containerd"),
);

Deno.test(
  "overlay2 serve runs without a supervisor that it cannot reach",
  ROOT,
  async () => {
    await using server = new ServerProcess([], {
      NOTIFY_SOCKET: "/nonexistent",
    });
    await server.started();
    server.kill("SIGTERM");

    assertEquals(await server.ended(), 0);
    assertStringIncludes(
      server.log,
      'warning supervisor message="Cannot sendto /nonexistent: no such file or directory"',
    );
  },
);

Deno.test("overlay2 serve refuses what makes no sense, with 2", async () => {
  const wrong = [
    ["serve"],
    ["serve", "podman"],
    ["serve", "docker", "--log-format", "xml"],
    ["serve", "docker", "--grace", "-1"],
    ["--uid-map", "0:1000:1", "serve", "docker"],
  ];
  for (const args of wrong) {
    const [program, ...words] = PROGRAM;
    const { code, stderr } = await new Deno.Command(program!, {
      args: [...words, ...args],
    }).output();
    assertEquals(code, 2, args.join(" "));
    assertEquals(new TextDecoder().decode(stderr).split("\n").length, 2);
  }
});
