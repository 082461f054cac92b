/**
 * The server around the snapshots: its socket, log and metrics.
 *
 * @module
 */

import { serveContainerd } from "../../../src/server/containerd/serve.ts";
import { assert, assertEquals, assertStringIncludes } from "../../assert.ts";
import { init } from "../../../mod.ts";
import { Dir } from "../../../src/linux/dir.ts";
import { tryLock } from "../../../src/linux/lock.ts";
import { assertCode, TempDir, turn } from "../../fixtures.ts";
import {
  assertFault,
  INVALID_ARGUMENT,
  NOT_FOUND,
  UNIMPLEMENTED,
} from "./client.ts";
import { Served, settingsFor } from "./fixture.ts";

const ROOT_ONLY = { ignore: Deno.uid() !== 0 };

Deno.test(
  "serve containerd listens for its owner alone, and takes the socket away",
  ROOT_ONLY,
  async () => {
    await using served = await Served.start();
    const { mode, isSocket } = Deno.lstatSync(served.socket);
    assertEquals({ mode: mode! & 0o777, isSocket }, {
      mode: 0o600,
      isSocket: true,
    });
    await served.stop();
    const left = [...Deno.readDirSync(served.temp.path)].map(({ name }) =>
      name
    );
    assertEquals(left, ["home"]);
  },
);

Deno.test(
  "serve containerd says in the log which call took how long and why it failed",
  ROOT_ONLY,
  async () => {
    await using served = await Served.start();
    await served.client.prepare("a key");
    await assertFault(served.client.stat("none"), NOT_FOUND);
    const [prepare] = served.logged("Prepare");
    assertEquals({ ...prepare, time: 0, ms: 0 }, {
      ...{ time: 0, level: "info", event: "Prepare", key: "a key", ms: 0 },
    });
    const [stat] = served.logged("Stat");
    assertEquals(stat?.level, "error");
    assertEquals(stat?.code, "NOT_FOUND");
    assertEquals(
      stat?.error,
      'Cannot describe snapshot "none": it does not exist',
    );
  },
);

Deno.test("serve containerd counts calls and errors", ROOT_ONLY, async () => {
  await using served = await Served.start();
  await served.client.prepare("key");
  await assertFault(served.client.stat("none"), NOT_FOUND);
  const text = await get(`${served.temp.path}/metrics`);
  assertStringIncludes(text, 'overlay2_calls_total{call="Prepare"} 1');
  assertStringIncludes(text, 'overlay2_call_errors_total{call="Stat"} 1');
  assertStringIncludes(text, "overlay2_calls_running 0");
});

async function get(path: string): Promise<string> {
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
  return await (await fetch("http://x/metrics", { client })).text();
}

Deno.test(
  "serve containerd refuses unknown calls and malformed requests",
  ROOT_ONLY,
  async () => {
    await using served = await Served.start();
    const { Client, credentials } = await import("npm:@grpc/grpc-js@1.14.7");
    const client = new Client(
      `unix:${served.socket}`,
      credentials.createInsecure(),
    );
    const call = (name: string, bytes: number[]) =>
      new Promise((resolve, reject) =>
        client.makeUnaryRequest(
          `/containerd.services.snapshots.v1.Snapshots/${name}`,
          // deno-lint-ignore no-node-globals -- what the library takes
          () => Buffer.from(bytes),
          (answer) => answer,
          {},
          (error, answer) => error ? reject(error) : resolve(answer),
        )
      );
    await assertFault(call("Nothing", []), UNIMPLEMENTED);
    await assertFault(call("Stat", [0x12, 5]), INVALID_ARGUMENT);
    await assertFault(call("Stat", [0x12, 1, 0xff]), INVALID_ARGUMENT);
    client.close();
  },
);

Deno.test(
  "serve containerd answers what was asked before it ends",
  ROOT_ONLY,
  async () => {
    await using served = await Served.start();
    await served.client.stat("x").catch(() => {});
    const calls = Array.from(
      { length: 20 },
      (_, i) => served.client.prepare(`key ${i}`),
    );
    await calls[0];
    const client = served.client;
    const stopped = served.stop();
    const results = await Promise.allSettled(calls);
    await stopped;
    await served.restart();
    const made = results.filter(({ status }) => status === "fulfilled").length;
    assertEquals((await served.client.names()).length, made);
    assert(client !== served.client);
  },
);

Deno.test(
  "serve containerd refuses a home that mount options cannot name",
  ROOT_ONLY,
  async () => {
    using temp = new TempDir();
    for (const name of ["a:b", "a,b", "a\\b", "a b"]) {
      const serve = () =>
        serveContainerd(
          settingsFor(`${temp.path}/socket`),
          `${temp.path}/${name}`,
        );
      await assertCode(serve, "EINVAL", name);
      assertEquals([...Deno.readDirSync(temp.path)], []);
    }
  },
);

Deno.test(
  "serve containerd does not take a socket from another server, nor a layer's name",
  ROOT_ONLY,
  async () => {
    await using served = await Served.start();
    using temp = new TempDir();
    const home = `${temp.path}/home`;
    const serve = (socket: string) =>
      serveContainerd(settingsFor(socket), home);
    await assertCode(() => serve(served.socket), "EBUSY");
    await served.client.prepare("key");
    Deno.removeSync(`${home}/containerd`, { recursive: true });
    {
      await using driver = await init(home);
      await driver.create("containerd");
    }
    await assertCode(() => serve(`${temp.path}/socket`), "EEXIST");
  },
);

Deno.test(
  "serve containerd gives up what is not answered in time",
  ROOT_ONLY,
  async () => {
    await using served = await Served.start();
    await served.committed("base", "");
    // Whoever fills or removes the parent holds its lock, and a new child waits.
    using layer = Dir.open(`${served.home}/${served.layers[0]}`);
    assert(tryLock(layer.fd, layer.path));
    const waiting = served.client.prepare("key", "base").catch(() => "lost");
    const metrics = `${served.temp.path}/metrics`;
    while (!(await get(metrics)).includes("running 1")) await turn(5);
    assertEquals(await served.stop(10), 1);
    assertEquals(await waiting, "lost");
    layer[Symbol.dispose]();
    await served.restart();
    assertEquals(await served.client.names(), ["base"]);
  },
);
