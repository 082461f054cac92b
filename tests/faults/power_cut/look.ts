/**
 * Looks at a home after a cut, without the driver.
 *
 * @module
 */

import { differencesIn } from "./compare.ts";
import { itemsOf } from "./content.ts";
import type { SeenLayer } from "./messages.ts";

/** The device is one that quotas need on xfs. */
const OF_A_HOME = ["l", "backingFsBlockDev"];

const OF_A_LAYER = [
  ...["committed", "diff", "exact", "link", "lower", "manifest", "work"],
];

/** What lies in a home. */
export interface Lie {
  readonly layers: SeenLayer[];
  /** Layers that there are, with their parents. */
  readonly parents: Map<string, string | undefined>;
  readonly faults: string[];
}

/**
 * Looks at a home.
 *
 * @param home Path of the home.
 * @param seed What the layers' content follows from.
 */
export function lookAt(home: string, seed: number): Lie {
  const lie: Lie = { layers: [], parents: new Map(), faults: [] };
  for (const { name } of Deno.readDirSync(home)) {
    if (OF_A_HOME.includes(name)) continue;
    if (/^[aew]\d+$/.test(name)) lookAtLayer(home, name, seed, lie);
    else lie.faults.push(`there is a stray "${name}"`);
  }
  return lie;
}

function lookAtLayer(home: string, id: string, seed: number, lie: Lie): void {
  const items = itemsOf(seed, id);
  try {
    const differences = differencesIn(`${home}/${id}/diff`, items);
    const empty = isEmpty(`${home}/${id}/diff`);
    const recorded = exists(`${home}/${id}/manifest`);
    lie.layers.push({ id, differences, empty, recorded });
    for (const { name } of Deno.readDirSync(`${home}/${id}`)) {
      const isKnown = OF_A_LAYER.includes(name) ||
        name === "merged" && isEmpty(`${home}/${id}/merged`);
      if (isKnown) continue;
      lie.faults.push(`there is a stray "${id}/${name}"`);
    }
    checkLink(home, id);
    lie.parents.set(id, parentOf(home, id));
  } catch (error) {
    lie.faults.push(`layer ${id}: ${error}`);
  }
}

function checkLink(home: string, id: string): void {
  const short = Deno.readTextFileSync(`${home}/${id}/link`);
  if (short === "") throw new Error("its link is empty");
  if (idBehind(home, short) !== id) throw new Error("its link is another's");
}

function parentOf(home: string, id: string): string | undefined {
  try {
    const lower = Deno.readTextFileSync(`${home}/${id}/lower`);
    const [nearest = ""] = lower.split(":");
    return idBehind(home, nearest.replace(/^l\//, ""));
  } catch (error) {
    const isBase = error instanceof Deno.errors.NotFound &&
      !exists(`${home}/${id}/work`);
    if (isBase) return undefined;
    throw error;
  }
}

/** The layer that a short link leads to. */
function idBehind(home: string, short: string): string {
  const target = Deno.readLinkSync(`${home}/l/${short}`);
  const id = target.match(/^\.\.\/([^/]+)\/diff$/)?.[1];
  if (id !== undefined && exists(`${home}/${id}/diff`)) return id;
  throw new Error(`the link ${short} leads to ${target}`);
}

function isEmpty(dir: string): boolean {
  return [...Deno.readDirSync(dir)].length === 0;
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
