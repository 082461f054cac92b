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
import { type Mode, modeOf, MODES, PLACES } from "../power_cut/messages.ts";
import { SnapshotClient } from "./client.ts";
import { contentOf, Load } from "./load.ts";
import { homeOf, type Seen } from "./messages.ts";

/** Committed snapshots that are kept from one cut to the next. */
const KEPT = 5;

/** Clients that work at once. */
const CLIENTS = 3;

/** Milliseconds after which nobody seems to be there who cuts the power. */
const MOST = 100_000;

const seed = Number(Deno.env.get("POWER_SEED"));
const cut = Number(Deno.env.get("POWER_CUT"));
/** Mode of the load; empty for none. */
const mode = Deno.env.get("POWER_MODE");

/** Number of the first content that is made after a cut. */
const FIRST = cut * 10_000;

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

/** Has metadata written soon and content late: the worst that can be for it. */
function writeContentLate(): void {
  const hundredths = {
    "fs/xfs/xfssyncd_centisecs": 100,
    "vm/dirty_expire_centisecs": 60_000,
    "vm/dirty_writeback_centisecs": 100,
  };
  for (const [name, value] of Object.entries(hundredths)) {
    Deno.writeTextFileSync(`/proc/sys/${name}`, `${value}`);
  }
}

function homesOf(place: string): string[] {
  return [...Deno.readDirSync(`/mnt/${place}`)]
    .filter(({ name }) => MODES.some((mode) => name.startsWith(mode)))
    .map(({ name }) => `${place}/${name}`).sort();
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

/** Reports on a home; tells whether work can go on there. */
async function look(home: string): Promise<boolean> {
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
  return faults.length === 0;
}

/** What `check` finds, short of notes. */
async function findingsIn(home: string): Promise<string[]> {
  await using driver = await init(`/mnt/${home}`);
  const findings = await driver.check();
  return findings.filter(({ severity }) => severity !== "note")
    .map(({ name, path }) => `${name} ${path}`);
}

/** Does everything once in a home that a cut went through. */
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

async function lookAndTry(home: string): Promise<void> {
  const fit = await look(home);
  if (modeOf(home) === "none") {
    report({ say: "discard", home });
    await Deno.remove(`/mnt/${home}`, { recursive: true });
  } else if (fit) await tell(home, () => tryWork(home));
}

/** Runs a task in a home, and reports how it ended. */
async function tell(home: string, task: () => Promise<void>): Promise<void> {
  try {
    await task();
    report({ say: "works", home });
  } catch (error) {
    const fault = error instanceof Error ? error.stack : `${error}`;
    report({ say: "works", home, fault });
  }
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

function requireMounts(): void {
  const mounts = Deno.readTextFileSync("/proc/mounts");
  for (const place of PLACES) {
    if (mounts.includes(` /mnt/${place} ${place} `)) continue;
    throw new Error(`The disk ${place} is not mounted`);
  }
}

requireMounts();
report({ say: "up" });
writeContentLate();
for (const home of PLACES.flatMap(homesOf)) await lookAndTry(home);
report({ say: "load" });
if (mode) {
  const homes = PLACES.map((place) => homeOf(place, mode as Mode, cut));
  await Promise.all(homes.map((home) => tell(home, () => work(home))));
}
