/**
 * What runs inside the virtual machine: has the server take over what the last
 * cut left of each home, looks at it through the server, tries whether work goes
 * on there, and then works until the next cut.
 *
 * @module
 */

import { init } from "../../../mod.ts";
import { serveContainerd } from "../../../src/server/containerd/serve.ts";
import { Random } from "../../tree/random.ts";
import { report } from "../../vm/port.ts";
import { differencesIn } from "../power_cut/compare.ts";
import { beInside, cut, FIRST, KEPT, MOST, seed } from "../power_cut/inside.ts";
import { modeOf } from "../power_cut/messages.ts";
import { SnapshotClient } from "./client.ts";
import { contentOf, Load } from "./load.ts";
import type { Seen } from "./messages.ts";

/** Clients that work at once. */
const CLIENTS = 3;

/** What the server mends after a cut; it may warn of nothing else. */
const MENDS = /has no record and was removed|has no layer and was dropped/;

/** A home that is served. */
interface Served extends AsyncDisposable {
  readonly client: SnapshotClient;
  /** Warnings of the server about what it cannot mend. */
  readonly warnings: readonly string[];
}

async function serve(home: string): Promise<Served> {
  const warnings: string[] = [];
  const socket = `/tmp/${home.replaceAll("/", "-")}.sock`;
  const serving = await serveContainerd({
    socket,
    metrics: undefined,
    log: {
      format: "text",
      quiet: true,
      write: (line) => void (MENDS.test(line) || warnings.push(line.trim())),
    },
    storageOpts: [`overlay2.sync=${modeOf(home)}`],
    notifySocket: undefined,
  }, `/mnt/${home}`);
  const client = new SnapshotClient(socket);
  return {
    client,
    warnings,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await serving.stop(60_000);
    },
  };
}

async function seenOf(client: SnapshotClient): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const { name, parent, committed } of await client.list()) {
    const differences: string[] = [];
    if (committed) {
      const root = await client.files(name);
      differences.push(...differencesIn(root, contentOf(seed, name)));
    } else await client.mounts(name);
    seen.push({ name, parent, committed, differences });
  }
  return seen;
}

async function look(home: string): Promise<true | undefined> {
  const faults: string[] = [];
  const snapshots: Seen[] = [];
  try {
    await using served = await serve(home);
    snapshots.push(...await seenOf(served.client));
    await served.client.cleanup();
    faults.push(...served.warnings);
    faults.push(...await findingsIn(home));
  } catch (error) {
    faults.push(error instanceof Error ? `${error.stack}` : `${error}`);
  }
  report({ say: "look", home, snapshots, faults });
  return faults.length === 0 || undefined;
}

/** What `check` finds, short of notes. */
async function findingsIn(home: string): Promise<string[]> {
  await using driver = await init(`/mnt/${home}`);
  const findings = await driver.check();
  return findings.filter(({ severity }) => severity !== "note")
    .map(({ name, path }) => `${name} ${path}`);
}

async function tryWork(home: string): Promise<void> {
  await using served = await serve(home);
  const { client } = served;
  const all = await client.list();
  const committed = all.filter((each) => each.committed)
    .map(({ name, parent }) => [name, parent] as const);
  const parents = new Map(committed);
  const random = new Random(seed + cut);
  const load = new Load(client, home, seed, random, FIRST, parents);
  for (const { name, committed } of all) {
    if (!committed) await load.remove(name);
  }
  await load.unpack();
  await load.contain();
  while (parents.size > KEPT) await load.removeOne();
}

async function work(home: string): Promise<void> {
  await using served = await serve(home);
  const { client } = served;
  const all = await client.list();
  const needed = all.filter(({ committed }) => !committed)
    .map(({ parent }) => parent);
  const clients = Array.from({ length: CLIENTS }, (_, i) => {
    // Each has snapshots of its own, so that nobody removes another's parent.
    const own = i === 0 ? all.filter(({ committed }) => committed) : [];
    const parents = new Map(own.map(({ name, parent }) => [name, parent]));
    const random = new Random(seed + cut * 10 + i + home.length);
    const first = FIRST + (i + 1) * 1000;
    return new Load(client, home, seed, random, first, parents, needed)
      .run(MOST);
  });
  await Promise.all(clients);
}

await beInside({ look, tryWork, load: work });
