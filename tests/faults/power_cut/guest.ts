/**
 * What runs inside the virtual machine: looks at what the last cut left of each
 * home, tries whether work goes on there, and then works until the next cut.
 *
 * @module
 */

import { type Driver, init } from "../../../mod.ts";
import { Random } from "../../tree/random.ts";
import { report } from "../../vm/port.ts";
import { Load } from "./load.ts";
import { leaveMounted, takeBack, VOLATILE_HOME } from "./volatile.ts";
import { type Lie, lookAt } from "./look.ts";
import { type Found, type Mode, modeOf, MODES, PLACES } from "./messages.ts";

/** Layers that are kept from one cut to the next. */
const KEPT = 5;

/** Milliseconds after which nobody seems to be there who cuts the power. */
const MOST = 100_000;

const seed = Number(Deno.env.get("POWER_SEED"));
const cut = Number(Deno.env.get("POWER_CUT"));
/** Mode of the load; empty for none. */
const mode = Deno.env.get("POWER_MODE");

/** Number of the first layer that is made after a cut. */
const FIRST = cut * 10_000;

function openHome(home: string): Promise<Driver> {
  return init(`/mnt/${home}`, { storageOpts: optionsOf(modeOf(home)) });
}

function optionsOf(mode: Mode): string[] {
  return [
    `overlay2.sync=${mode}`,
    "overlay2.manifest=true",
    "overlay2.exact=true",
  ];
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

/** Homes on a disk, beside which `init` may have left what it tried out. */
function homesOf(place: string): string[] {
  return [...Deno.readDirSync(`/mnt/${place}`)]
    .filter(({ name }) => MODES.some((mode) => name.startsWith(mode)))
    .map(({ name }) => `${place}/${name}`).sort();
}

/** Reports on a home; gives what lies there if work can go on. */
async function look(home: string): Promise<Lie | undefined> {
  const faults: string[] = [];
  const findings: Found[] = [];
  try {
    await using driver = await openHome(home);
    findings.push(...await check(driver));
  } catch (error) {
    faults.push(`init and check: ${error}`);
  }
  const lie = lookAt(`/mnt/${home}`, seed);
  faults.push(...lie.faults);
  report({ say: "look", home, layers: lie.layers, faults, findings });
  return faults.length === 0 ? lie : undefined;
}

async function check(driver: Driver): Promise<Found[]> {
  const findings = await driver.check(undefined, { deep: true });
  return findings.filter(({ severity }) => severity !== "note")
    .map(({ name, id, path }) => ({ name, path, ...(id ? { id } : {}) }));
}

/** Does everything once in a home that a cut went through. */
async function tryWork(home: string, lie: Lie): Promise<void> {
  await using driver = await openHome(home);
  const random = new Random(seed + cut);
  const load = new Load(driver, home, seed, random, FIRST, lie.parents);
  for (const { id, differences } of lie.layers) {
    if (differences.length > 0) await load.remove(id);
    else await load.readLayer(id);
  }
  await load.apply();
  await load.write();
  while (lie.parents.size > KEPT) await load.removeOne();
}

async function lookAndTry(home: string): Promise<void> {
  const lie = await look(home);
  if (modeOf(home) === "none") {
    report({ say: "discard", home });
    await Deno.remove(`/mnt/${home}`, { recursive: true });
  } else if (lie !== undefined) {
    await tell({ home }, () => tryWork(home, lie));
  }
}

/** Runs a task in a home, and reports how it ended. */
async function tell(
  about: { home: string; id?: string },
  task: () => Promise<void>,
): Promise<void> {
  try {
    await task();
    report({ say: "works", ...about });
  } catch (error) {
    const fault = error instanceof Error ? error.stack : `${error}`;
    report({ say: "works", ...about, fault });
  }
}

/** Goes through the layers that were mounted with `volatile`, and mounts another. */
async function tryVolatile(place: string): Promise<void> {
  const home = `${place}/${VOLATILE_HOME}`;
  Deno.mkdirSync(`/mnt/${home}`, { recursive: true });
  for (const { name: id } of [...Deno.readDirSync(`/mnt/${home}`)]) {
    if (!/^v\d+$/.test(id)) continue;
    await tell({ home, id }, () => takeBack(`/mnt/${home}`, id));
  }
  if (!mode) return;
  const id = `v${cut}`;
  await leaveMounted(`/mnt/${home}`, id);
  report({ say: "left", home, id });
}

async function work(home: string): Promise<void> {
  const driver = await openHome(home);
  const { parents } = lookAt(`/mnt/${home}`, seed);
  const random = new Random(seed + cut * 2 + home.length);
  await new Load(driver, home, seed, random, FIRST + 1000, parents).run(MOST);
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
for (const place of PLACES) await tryVolatile(place);
report({ say: "load" });
if (mode) {
  const name = mode === "none" ? `none-${cut}` : mode;
  const homes = PLACES.map((place) => `${place}/${name}`);
  await Promise.all(homes.map((home) => tell({ home }, () => work(home))));
}
