/**
 * What runs inside the virtual machine: looks at what the last cut left of each
 * home, tries whether work goes on there, and then works until the next cut.
 *
 * @module
 */

import { type Driver, init } from "../../../mod.ts";
import { Random } from "../../tree/random.ts";
import { report } from "../../vm/port.ts";
import { beInside, cut, FIRST, KEPT, MOST, seed, tell } from "./inside.ts";
import { Load } from "./load.ts";
import { type Lie, lookAt } from "./look.ts";
import { type Found, type Mode, modeOf } from "./messages.ts";
import { leaveMounted, takeBack, VOLATILE_HOME } from "./volatile.ts";

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

/** Goes through the layers that were mounted with `volatile`, and mounts another. */
async function tryVolatile(
  place: string,
  mode: Mode | undefined,
): Promise<void> {
  const home = `${place}/${VOLATILE_HOME}`;
  Deno.mkdirSync(`/mnt/${home}`, { recursive: true });
  for (const { name: id } of [...Deno.readDirSync(`/mnt/${home}`)]) {
    if (!/^v\d+$/.test(id)) continue;
    await tell({ home, id }, () => takeBack(`/mnt/${home}`, id));
  }
  if (mode === undefined) return;
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

await beInside({ look, tryWork, before: tryVolatile, load: work });
