/**
 * Restarts, and what kills leave.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { type Driver, init } from "../../../mod.ts";
import { openSnapshots } from "../../../src/server/containerd/home.ts";
import { assert, assertEquals } from "../../assert.ts";
import { PROGRAM } from "../../cli/program.ts";
import { assertCode, turn } from "../../fixtures.ts";
import { assertFault, NOT_FOUND, Snapshots, UNKNOWN } from "./client.ts";
import { Served } from "./fixture.ts";

const ROOT_ONLY = { ignore: Deno.uid() !== 0 };

/** Registers a test on a server of its own. */
function served(name: string, run: (served: Served) => Promise<void>) {
  Deno.test(`serve containerd ${name}`, ROOT_ONLY, async () => {
    await using server = await Served.start();
    await run(server);
  });
}

/** Runs `task` with the driver while nobody serves. */
async function meanwhile(
  served: Served,
  task: (driver: Driver) => Promise<void>,
): Promise<void> {
  await served.stop();
  {
    await using driver = await init(served.home);
    await task(driver);
  }
  await served.restart();
}

const warnings = (served: Served) =>
  served.logged("driver").map(({ message }) => message);

served(
  "knows everything after a restart that it knew before",
  async (served) => {
    await served.committed("a", "", (root) => Deno.mkdirSync(`${root}/dir`));
    await served.committed("b", "a");
    await served.client.prepare("c", "b", { label: "1" });
    await served.client.view("v", "b");
    const look = async () => ({
      list: await served.client.list(),
      mounts: [
        await served.client.mounts("c"),
        await served.client.mounts("v"),
      ],
      usage: await served.client.usage("a"),
    });
    const before = await look();
    await served.restart();
    assertEquals(await look(), before);
    assertEquals(warnings(served), []);
    await served.client.prepare("d", "b");
    assertEquals(served.layers.length, 5);
  },
);

served("removes a layer whose record was never made", async (served) => {
  await served.committed("a", "");
  const [layer] = served.layers;
  const tag = layer!.split("-")[0];
  await meanwhile(served, async (driver) => {
    await driver.create(`${tag}-7`, layer);
    await driver.create(`${tag}-9`, `${tag}-7`);
  });
  assertEquals(served.layers, [layer]);
  assertEquals(warnings(served), [
    `Layer ${tag}-9 has no record and was removed`,
    `Layer ${tag}-7 has no record and was removed`,
  ]);
});

served("deletes at a cleanup what an interrupted call left", async (served) => {
  await served.committed("a", "");
  const [layer] = served.layers;
  {
    await using driver = await init(served.home);
    await driver.create(`${layer!.split("-")[0]}-7`);
  }
  await served.client.cleanup();
  assertEquals(served.layers, [layer]);
});

served(
  "drops a record whose layer is gone, unless others stand on it",
  async (served) => {
    await served.committed("a", "");
    await served.committed("b", "a");
    await served.client.prepare("c", "b");
    const [, b, c] = served.layers;
    await meanwhile(served, (driver) => driver.remove(c!));
    assertEquals(await served.client.names(), ["a", "b"]);
    await assertFault(served.client.stat("c"), NOT_FOUND);
    await served.client.prepare("c", "b");
    await served.stop();
    Deno.removeSync(`${served.home}/${b}`, { recursive: true });
    await served.restart();
    assertEquals(await served.client.names(), ["a", "b", "c"]);
    assertEquals(warnings(served).slice(1), [
      'Snapshot "b" has no layer, and snapshot "c" stands on it',
    ]);
  },
);

served(
  "leaves layers alone that are none of its records, even if those are lost",
  async (served) => {
    await served.committed("a", "");
    await meanwhile(served, (driver) => driver.create("somebody-7"));
    await served.stop();
    const before = [...Deno.readDirSync(served.home)].map(({ name }) => name);
    Deno.removeSync(`${served.home}/containerd`, { recursive: true });
    await served.restart();
    await served.client.cleanup();
    assertEquals(warnings(served), [
      "The home has 2 layers and no records yet: they stay, and are no snapshots",
    ]);
    const after = [...Deno.readDirSync(served.home)].map(({ name }) => name);
    assertEquals(after.sort(), before.sort());
    assertEquals(await served.client.names(), []);
  },
);

served(
  "refuses records that are damaged or of a later version",
  async (served) => {
    await served.client.prepare("key");
    await served.stop();
    const open = async () => {
      using _ = await openSnapshots({
        home: served.home,
        storageOpts: [],
        onWarning: () => {},
      });
    };
    const path = `${served.home}/containerd/snapshots.db`;
    using db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 2");
    await assertCode(open, "EUCLEAN");
    db.exec("PRAGMA user_version = 1");
    await open();
    db.close();
    Deno.writeTextFileSync(path, "no database ".repeat(1000));
    await assertCode(open, "EUCLEAN");
    assertEquals(served.layers.length, 1);
  },
);

served(
  "leaves everything as it was if a record cannot be written",
  async (served) => {
    const { client } = served;
    await served.committed("base", "");
    await client.prepare("key", "base", { a: "1" });
    using db = new DatabaseSync(`${served.home}/containerd/snapshots.db`);
    const before = { list: await client.list(), layers: served.layers };
    const after = async () => ({
      list: await client.list(),
      layers: served.layers,
    });
    for (const change of ["INSERT", "UPDATE", "DELETE"]) {
      db.exec(`CREATE TRIGGER full_${change} BEFORE ${change} ON snapshots
      BEGIN SELECT RAISE(ABORT, 'disk full'); END`);
    }
    await assertFault(client.prepare("new", "base"), UNKNOWN);
    await assertFault(client.view("new"), UNKNOWN);
    await assertFault(client.commit("new", "key"), UNKNOWN);
    await assertFault(client.update("key", {}), UNKNOWN);
    assertEquals(await after(), before);
    // The layer goes first; whoever asks again gets on.
    await assertFault(client.remove("key"), UNKNOWN);
    assertEquals((await after()).list, before.list);
    db.exec("DROP TRIGGER full_DELETE");
    await client.remove("key");
    assertEquals(await client.names(), ["base"]);
    assertEquals(served.layers.length, 1);
  },
);

served("keeps a home from a second server", async (served) => {
  const { home } = served;
  const again = () =>
    openSnapshots({ home, storageOpts: [], onWarning: () => {} });
  await assertCode(again, "EBUSY");
});

Deno.test(
  "serve containerd loses nothing that it answered when it is killed",
  ROOT_ONLY,
  async () => {
    await using served = await Served.startOnDisk();
    await served.committed("base", "");
    for (let round = 0; round < 4; round++) {
      await served.stop();
      const model = await killedAmid(served, round);
      await served.restart();
      const kinds = new Map(
        (await served.client.list()).map(({ name, kind }) => [name, kind]),
      );
      for (const [name, kind] of model.sure) {
        assertEquals(kinds.get(name), kind, name);
      }
      for (const name of kinds.keys()) {
        assert(model.asked.has(name) || name === "base", name);
      }
      assertEquals(served.layers.length, kinds.size);
      for (const [name, kind] of kinds) {
        if (kind === "ACTIVE") {
          await served.within(await served.client.mounts(name), () => {});
        }
        if (name !== "base") await served.client.remove(name);
      }
      await served.client.cleanup();
      await using driver = await init(served.home);
      assertEquals(await driver.check(), []);
    }
  },
);

interface Model {
  /** What was answered, and nothing else was asked of afterwards. */
  readonly sure: Map<string, string | undefined>;
  /** Names that were ever asked for. */
  readonly asked: Set<string>;
}

/** Makes calls of a server that is killed amid them. */
async function killedAmid(served: Served, round: number): Promise<Model> {
  const child = await startProgram(served);
  using client = new Snapshots(served.socket);
  const model: Model = { sure: new Map(), asked: new Set() };
  const timer = setTimeout(() => child.kill("SIGKILL"), 300 + 150 * round);
  await Promise.all(
    [1, 2, 3].map((worker) => work(client, model, `${round}-${worker}`)),
  );
  clearTimeout(timer);
  await child.status;
  return model;
}

/** Starts the server as a process. */
async function startProgram(served: Served): Promise<Deno.ChildProcess> {
  const [program, ...words] = PROGRAM;
  const child = new Deno.Command(program!, {
    args: [
      ...[...words, "--home", served.home, "--quiet", "serve", "containerd"],
      ...["--socket", served.socket],
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  await appears(served.socket);
  return child;
}

/** Has the server hang when it is about to record something, and kills it then. */
async function killAt(
  served: Served,
  change: "INSERT" | "UPDATE" | "DELETE",
  call: (client: Snapshots) => Promise<unknown>,
  isThere: () => boolean,
): Promise<void> {
  await served.stop();
  const path = `${served.home}/containerd/snapshots.db`;
  using db = new DatabaseSync(path);
  db.exec(`
    CREATE VIEW forever AS
      WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x FROM c;
    CREATE TRIGGER hang BEFORE ${change} ON snapshots
      BEGIN SELECT count(*) FROM forever; END;
  `);
  const child = await startProgram(served);
  using client = new Snapshots(served.socket);
  const lost = call(client).catch(() => {});
  while (!isThere()) await turn(5);
  await turn(100);
  child.kill("SIGKILL");
  await Promise.all([lost, child.status]);
  db.exec("DROP TRIGGER hang; DROP VIEW forever");
  await served.restart();
}

served(
  "undoes or finishes what a kill interrupted before it was recorded",
  async (served) => {
    const { home } = served;
    await served.committed("base", "");
    await killAt(
      served,
      "INSERT",
      (client) => client.prepare("key", "base"),
      () => served.layers.length === 2,
    );
    assertEquals(served.layers.length, 1);
    assertEquals(await served.client.names(), ["base"]);

    const [mount] = await served.client.prepare("key", "base");
    assert(mount !== undefined);
    await killAt(
      served,
      "UPDATE",
      (client) => client.commit("name", "key"),
      () => true,
    );
    assertEquals(await served.client.names(), ["base", "key"]);
    await served.client.commit("name", "key");

    await killAt(
      served,
      "DELETE",
      (client) => client.remove("name"),
      () => served.layers.length === 1,
    );
    assertEquals(await served.client.names(), ["base"]);
    assertEquals(served.layers.length, 1);
    await using driver = await init(home);
    assertEquals(await driver.check(), []);
  },
);

async function appears(socket: string): Promise<void> {
  for (;;) {
    try {
      (await Deno.connect({ transport: "unix", path: socket })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Makes, commits and removes snapshots until the server is gone. */
async function work(
  client: Snapshots,
  { sure, asked }: Model,
  worker: string,
): Promise<void> {
  const step = async (
    call: Promise<unknown>,
    ...outcome: [name: string, kind: string | undefined][]
  ) => {
    for (const [name] of outcome) {
      sure.delete(name);
      asked.add(name);
    }
    await call;
    for (const [name, kind] of outcome) sure.set(name, kind);
  };
  try {
    for (let i = 0;; i++) {
      const key = `key ${worker}-${i}`;
      const name = `name ${worker}-${i}`;
      await step(client.prepare(key, "base"), [key, "ACTIVE"]);
      if (i % 3 === 0) continue;
      await step(client.commit(name, key), [key, undefined], [
        name,
        "COMMITTED",
      ]);
      if (i % 3 === 1) await step(client.remove(name), [name, undefined]);
    }
  } catch {
    // The server is gone.
  }
}
