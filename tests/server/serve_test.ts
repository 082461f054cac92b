/**
 * The plugin on its socket: who may connect, who goes away, how it ends.
 *
 * @module
 */

import { serveDocker, type Serving } from "../../src/server/docker/serve.ts";
import { listen } from "../../src/server/listen.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { assertCode, openDescriptors, TempDir, turn } from "../fixtures.ts";
import { archive, file } from "../tar_builder.ts";
import { namesIn } from "../trees.ts";
import { ask, Client } from "./client.ts";

const ROOT = { ignore: Deno.uid() !== 0 };
const BIG = archive(file("big", new Uint8Array(6_000_000)));

/** A server in a directory of its own. */
class TempServer implements AsyncDisposable {
  readonly temp: TempDir = new TempDir("overlay2_server_");
  readonly lines: string[] = [];
  serving: Serving | undefined;

  get socket(): string {
    return `${this.temp.path}/run/p.sock`;
  }

  get numbers(): string {
    return `${this.temp.path}/run/m.sock`;
  }

  get home(): string {
    return `${this.temp.path}/data/o2`;
  }

  /** Starts it, and says where its home is. */
  async start(): Promise<void> {
    this.temp.useMemory();
    await this.serve();
    await this.call("Init", { Home: this.home });
  }

  /** Starts it. */
  async serve(): Promise<void> {
    this.serving = await serveDocker({
      socket: this.socket,
      metrics: this.numbers,
      log: {
        format: "text",
        quiet: false,
        write: (line) => void this.lines.push(line),
      },
      storageOpts: [],
      notifySocket: undefined,
    });
  }

  /** The object by which a call is answered. */
  async call(name: string, body: unknown = {}) {
    const text = JSON.stringify(body);
    const reply = await ask(this.socket, `GraphDriver.${name}`, text);
    assertEquals(reply.status, 200, reply.body);
    return JSON.parse(reply.body);
  }

  /** Makes a layer with a large file. */
  async fill(id: string): Promise<void> {
    await this.call("Create", { ID: id });
    using client = await Client.connect(this.socket);
    await client.head(`GraphDriver.ApplyDiff?id=${id}&parent=`, BIG.length);
    await client.send(BIG);
    assertStringIncludes((await client.reply()).body, '"Size":6000000');
  }

  /** Begins to send an archive into a new layer, and does not go on. */
  async beginFilling(id: string): Promise<Client> {
    await this.call("Create", { ID: id });
    const client = await Client.connect(this.socket);
    await client.head(`GraphDriver.ApplyDiff?id=${id}&parent=`, "chunked");
    await client.chunk(BIG.subarray(0, 100_000));
    const layer = `${this.home}/${id}`;
    await until(() => namesIn(layer).some((name) => name.startsWith(".tmp")));
    return client;
  }

  /** Waits until a line of the log holds `text`; gives it. */
  async logged(text: string): Promise<string> {
    const find = () => this.lines.find((line) => line.includes(text));
    await until(() => find() !== undefined);
    return find()!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.serving?.stop(0);
    this.temp[Symbol.dispose]();
  }
}

/** Waits for something that takes a moment. */
async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    assert(tries < 500, "it never came");
    await turn(10);
  }
}

Deno.test(
  "serveDocker() makes sockets that only their owner may use",
  ROOT,
  async () => {
    await using server = new TempServer();
    await server.serve();

    for (const path of [server.socket, server.numbers]) {
      const { isSocket, mode } = Deno.lstatSync(path);
      assert(isSocket);
      assertEquals(mode! & 0o777, 0o600);
    }
    assertEquals(Deno.lstatSync(`${server.socket}.state`).mode! & 0o777, 0o700);
    assertStringIncludes(server.lines[0]!, `listening socket=${server.socket}`);
  },
);

Deno.test(
  "serveDocker() answers whatever the Host header says, on one connection",
  ROOT,
  async () => {
    await using server = new TempServer();
    await server.start();
    const hosts = [
      "",
      "Host:\r\n",
      "Host: \r\n",
      "Host: /run/docker/plugins/x.sock\r\n",
      "Host: %2Frun%2Fx.sock\r\n",
      "Host: plugin.moby.localhost\r\n",
    ];

    using client = await Client.connect(server.socket);
    for (const host of hosts) {
      await client.head("GraphDriver.Exists", 10, host);
      await client.send('{"ID":"x"}');
      const { status, body } = await client.reply();
      assertEquals([status, body], [200, '{"Exists":false}'], host);
    }
    for (const host of hosts) {
      await client.head("GraphDriver.ApplyDiff?id=50%&parent=", 0, host);
      assertStringIncludes((await client.reply()).body, "50%", host);
    }
  },
);

Deno.test(
  "serveDocker() serves its numbers on the other socket",
  ROOT,
  async () => {
    await using server = new TempServer();
    await server.start();

    const { status, body } = await ask(server.numbers, "metrics");

    assertEquals(status, 200);
    assertStringIncludes(
      body,
      'overlay2_calls_total{call="GraphDriver.Init"} 1',
    );
    assertEquals((await ask(server.numbers, "other")).status, 404);
  },
);

Deno.test(
  "serveDocker() refuses a socket on which somebody listens, and touches nothing",
  ROOT,
  async () => {
    await using server = new TempServer();
    await server.start();
    const settings = {
      socket: `${server.temp.path}/run/q.sock`,
      metrics: undefined,
      log: { format: "text", quiet: true, write() {} },
      storageOpts: [],
      notifySocket: undefined,
    } as const;

    await assertCode(
      () => serveDocker({ ...settings, socket: server.socket }),
      "EBUSY",
    );
    await assertCode(
      () => serveDocker({ ...settings, metrics: server.numbers }),
      "EBUSY",
    );
    await assertCode(
      () =>
        serveDocker({
          ...settings,
          socket: server.socket,
          metrics: settings.socket,
        }),
      "EBUSY",
    );
    assertEquals(await server.call("Exists", { ID: "x" }), { Exists: false });
    assertEquals(
      namesIn(`${server.temp.path}/run`).filter((name) =>
        name.startsWith("q.sock") && !name.includes(".state")
      ),
      [],
    );
  },
);

Deno.test(
  "serveDocker() takes the place of a server that is gone",
  ROOT,
  async () => {
    await using server = new TempServer();
    await Deno.mkdir(`${server.temp.path}/run`);
    const path = `${server.socket}0`;
    const dead = Deno.listen({ transport: "unix", path });
    await Deno.rename(path, server.socket);
    dead.close();
    assert(Deno.lstatSync(server.socket).isSocket);

    await server.serve();

    assertEquals((await ask(server.socket, "Plugin.Activate")).status, 200);
  },
);

Deno.test("listen() refuses what it cannot replace, and impossible paths", async () => {
  using temp = new TempDir("overlay2_server_");
  const path = `${temp.path}/file`;
  await Deno.writeTextFile(path, "precious");
  const answer = () => new Response();

  await assertCode(() => listen(path, answer), "EEXIST");
  assertEquals(await Deno.readTextFile(path), "precious");
  await assertCode(() => listen("relative.sock", answer), "EINVAL");
  const long = `${temp.path}/${"x".repeat(108 - temp.path.length - 1)}`;
  assertEquals(long.length, 108);
  await assertCode(() => listen(long, answer), "EINVAL");
});

Deno.test("listen() lets one of two that start at once have the socket", async () => {
  using temp = new TempDir("overlay2_server_");
  const path = `${temp.path}/p.sock`;
  const answer = () => new Response("x\n");

  const starts = await Promise.allSettled(
    [1, 2, 3].map(() => listen(path, answer)),
  );

  const [first, ...others] = starts.filter(({ status }) =>
    status === "fulfilled"
  );
  assertEquals(others, []);
  assertEquals((await ask(path, "x")).status, 200);
  if (first?.status === "fulfilled") await first.value.close();
});

Deno.test(
  "serveDocker() empties a layer when the sender goes away, and keeps nothing open",
  ROOT,
  async () => {
    await using server = new TempServer();
    await server.start();
    await server.call("Create", { ID: "warm" });
    const before = openDescriptors();

    (await server.beginFilling("a"))[Symbol.dispose]();

    const line = await server.logged("GraphDriver.ApplyDiff");
    assertStringIncludes(line, "error GraphDriver.ApplyDiff id=a");
    assertStringIncludes(line, "the sender went away");
    assertEquals(namesIn(`${server.home}/a`), ["diff/", "link"]);
    assertEquals(namesIn(`${server.home}/a/diff`), []);
    await until(() => openDescriptors() <= before);
  },
);

Deno.test(
  "serveDocker() lets go of a layer when the reader goes away",
  ROOT,
  async () => {
    await using server = new TempServer();
    await server.start();
    await server.fill("a");
    const before = openDescriptors();

    for (const readsFirst of [false, true]) {
      server.lines.length = 0;
      const client = await Client.connect(server.socket);
      await client.head("GraphDriver.Diff", 10);
      await client.send('{"ID":"a"}');
      if (readsFirst) await client.read();
      client[Symbol.dispose]();
      const line = await server.logged("GraphDriver.Diff");
      assertStringIncludes(line, "error GraphDriver.Diff id=a");
    }
    await until(() => openDescriptors() <= before);
  },
);

Deno.test(
  "serveDocker() makes an archive at the pace of its reader",
  ROOT,
  async () => {
    await using server = new TempServer();
    await server.start();
    await server.fill("a");
    using client = await Client.connect(server.socket);
    await client.head("GraphDriver.Diff", 10);
    await client.send('{"ID":"a"}');
    await client.read();

    // Cut short while nobody reads: whoever goes on reading must notice.
    await Deno.truncate(`${server.home}/a/diff/big`, 5_000_000);

    const { body } = await client.reply(/0\r\n\r\n$/);
    assert(!body.endsWith("0\r\n\r\n"), "the archive ended as if it was whole");
    await server.logged("error GraphDriver.Diff id=a");
  },
);

Deno.test(
  "stop() answers what is asked, and takes no more connections",
  ROOT,
  async () => {
    await using server = new TempServer();
    await server.start();
    using client = await server.beginFilling("a");
    using other = await Client.connect(server.socket);
    await other.head("Plugin.Activate", 0);
    await other.reply();

    const stopping = server.serving!.stop(10_000);
    await until(() => !namesIn(`${server.temp.path}/run`).includes("p.sock"));
    await other.head("Plugin.Activate", 0);
    assertEquals((await other.reply()).status, 200);
    await client.chunk(BIG.subarray(100_000));
    await client.send("0\r\n\r\n");

    assertStringIncludes((await client.reply()).body, '"Size":6000000');
    assertEquals(await stopping, 0);
    assertEquals(namesIn(`${server.home}/a/diff`), ["big"]);
    await server.logged("stopped lost=0");
  },
);

Deno.test(
  "stop() gives up a client that never ends, and takes its work back",
  ROOT,
  async () => {
    await using server = new TempServer();
    await server.start();
    using filling = await server.beginFilling("a");
    await server.fill("b");
    using reading = await Client.connect(server.socket);
    await reading.head("GraphDriver.Diff", 10);
    await reading.send('{"ID":"b"}');
    await reading.read();
    using talking = await Client.connect(server.socket);
    await talking.head("GraphDriver.Get", 100);

    const began = performance.now();
    assertEquals(await server.serving!.stop(200), 3);

    const took = performance.now() - began;
    assert(took >= 190 && took < 4000, `${took} ms`);
    assertEquals(namesIn(`${server.home}/a`), ["diff/", "link"]);
    assertEquals(namesIn(`${server.home}/a/diff`), []);
    assertStringIncludes((await filling.reply()).body, "");
    await server.logged("warning stopped lost=3");
  },
);

Deno.test("stop() gives up at once when it is told to", ROOT, async () => {
  await using server = new TempServer();
  await server.start();
  using _client = await server.beginFilling("a");
  const second = new AbortController();

  const stopping = server.serving!.stop(60_000, second.signal);
  setTimeout(() => second.abort(), 50);

  assertEquals(await stopping, 1);
  assertEquals(namesIn(`${server.home}/a/diff`), []);
});

Deno.test("stop() leaves the socket of a successor alone", ROOT, async () => {
  await using server = new TempServer();
  await server.start();
  using client = await server.beginFilling("a");
  const stopping = server.serving!.stop(10_000);
  const run = `${server.temp.path}/run`;
  await until(() => !namesIn(run).includes("p.sock"));

  const successor = await listen(server.socket, () => new Response("new\n"));
  await client.send("0\r\n\r\n");
  await stopping;

  assertEquals((await ask(server.socket, "x")).body, "new\n");
  await successor.close();
  assert(!namesIn(run).includes("p.sock"));
});

Deno.test(
  "stop() is not held up by a connection that asks nothing",
  ROOT,
  async () => {
    await using server = new TempServer();
    await server.start();
    using _idle = await Client.connect(server.socket);
    using used = await Client.connect(server.socket);
    await used.head("Plugin.Activate", 0);
    await used.reply();

    assertEquals(await server.serving!.stop(5000), 0);
  },
);
