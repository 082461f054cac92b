/**
 * What must be true of a home after any fault: nothing half-made, nothing lost,
 * nothing mounted. Every script of this folder ends its cases with it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type Driver, init } from "../../mod.ts";
import { Dir } from "../../src/linux/dir.ts";
import { hasCode } from "../../src/linux/errno.ts";
import { mountsBelow } from "../../src/linux/mountinfo.ts";
import { readSmall } from "../../src/store/files.ts";
import {
  COMMITTED,
  DIFF,
  EXACT,
  idOfTarget,
  LINK,
  LINKS,
  linkTarget,
  LOWER,
  MERGED,
  parseLower,
  TEMPORARY,
  WORK,
} from "../../src/store/layout.ts";
import { bytesOf } from "../fixtures.ts";
import { describeTree } from "../trees.ts";

/** Said of a layer that is not there. */
export const ABSENT = "absent";
/** Said of a layer that may hold anything, as long as it can be mounted. */
export const ANYTHING = "anything";

/** What each layer may hold: digests of {@linkcode contentOf}, or {@linkcode ABSENT}. */
export type Expected = ReadonlyMap<string, readonly string[]>;

/** What a home may have beside its layers. */
const NO_LAYERS = [LINKS, "lost+found", "backingFsBlockDev"];

/** Digest of what a directory shows: names, modes, owners, times of files, content. */
export function contentOf(path: string): string {
  const lines = describeTree(path, { dirTimes: false, xattrs: "security." });
  return createHash("sha256").update(lines.join("\n")).digest("hex")
    .slice(0, 16);
}

/**
 * Judges a home: begins like a process after a crash, by `init`, and looks at
 * everything.
 *
 * @param home Absolute path of the home.
 * @param expected What each layer may hold; any other layer is a fault.
 * @param mounted Ids of layers that may be mounted.
 * @returns What is wrong, one line each; nothing if all is well.
 */
export async function verdict(
  home: string,
  expected: Expected,
  mounted: readonly string[] = [],
): Promise<string[]> {
  const faults = mountFaults(home, mounted, "before init");
  await using driver = await init(home, { onWarning: () => {} });
  faults.push(...recordFaults(home, mounted));
  // Before anything is mounted, which ends that an archive is kept.
  faults.push(...await archiveFaults(driver));
  for (const [id, allowed] of expected) {
    const found = await contentOfLayer(driver, id);
    if (isAllowed(found, allowed)) continue;
    faults.push(`layer ${id} holds ${found}, expected ${allowed.join(" or ")}`);
  }
  for (const id of layersIn(home)) {
    if (!expected.has(id)) faults.push(`there is a layer ${id}`);
  }
  for (const finding of await driver.check(undefined, { deep: true })) {
    if (finding.severity === "note") continue;
    faults.push(`check: ${finding.name}, ${finding.path}: ${finding.message}`);
  }
  faults.push(...mountFaults(home, mounted, "at the end"));
  return faults;
}

/** Archives that are kept, and cannot be given again. */
async function archiveFaults(driver: Driver): Promise<string[]> {
  const faults: string[] = [];
  for (const id of layersIn(driver.home)) {
    if (!exists(`${driver.home}/${id}/${EXACT}`)) continue;
    try {
      await bytesOf(driver.diff(id));
    } catch (error) {
      faults.push(`the archive of ${id} is not kept: ${error}`);
    }
  }
  return faults;
}

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(path) !== undefined;
  } catch {
    return false;
  }
}

/** Whether what a layer holds is one of what it may hold. */
export function isAllowed(found: string, allowed: readonly string[]): boolean {
  return allowed.includes(found) ||
    (allowed.includes(ANYTHING) && /^[0-9a-f]{16}$/.test(found));
}

/** Digest of a layer as it is mounted; {@linkcode ABSENT}, or why it cannot be. */
export async function contentOfLayer(
  driver: Awaited<ReturnType<typeof init>>,
  id: string,
): Promise<string> {
  try {
    if (!await driver.exists(id)) return ABSENT;
    await using mount = await driver.get(id);
    return contentOf(mount.path);
  } catch (error) {
    return `an error: ${error}`;
  }
}

/** Digests of all layers of a home. */
export async function contentsIn(home: string): Promise<Map<string, string>> {
  await using driver = await init(home, { onWarning: () => {} });
  const found = new Map<string, string>();
  for (const id of layersIn(home)) {
    found.set(id, await contentOfLayer(driver, id));
  }
  return found;
}

/** Names in a home that are layers, or should be. */
export function layersIn(home: string): string[] {
  using dir = Dir.open(home);
  return dir.names().map(({ name }) => name)
    .filter((name) => !NO_LAYERS.includes(name)).sort();
}

/** Mountpoints below a home that no layer of `mounted` accounts for. */
function mountFaults(
  home: string,
  mounted: readonly string[],
  when: string,
): string[] {
  const allowed = mounted.map((id) => `${home}/${id}/${MERGED}`);
  return mountsBelow(home).map(({ mountpoint }) => mountpoint)
    .filter((mountpoint) => !allowed.includes(mountpoint))
    .map((mountpoint) => `${mountpoint} is mounted ${when}`);
}

/** Faults of the files that describe layers. */
export function recordFaults(
  path: string,
  mounted: readonly string[] = [],
): string[] {
  using home = Dir.open(path);
  const faults: string[] = [];
  const linked = new Set<string>();
  for (const id of layersIn(path)) {
    try {
      faults.push(...layerFaults(home, id, mounted.includes(id), linked));
    } catch (error) {
      if (!hasCode(error, "ENOENT", "ENOTDIR", "EINVAL")) throw error;
      faults.push(`layer ${id}: ${error}`);
    }
  }
  using links = home.openDir(LINKS);
  for (const { name } of links.names()) {
    if (linked.has(name)) continue;
    faults.push(`l/${name} -> ${links.readlink(name)} is no layer's link`);
  }
  return faults;
}

function layerFaults(
  home: Dir,
  id: string,
  mounted: boolean,
  linked: Set<string>,
): string[] {
  const faults: string[] = [];
  const expect = (right: boolean, fault: string) => {
    if (!right) faults.push(`${id}: ${fault}`);
  };
  using dir = home.openDir(id);
  const lower = readSmall(dir, LOWER);
  const names = [DIFF, LINK, COMMITTED, LOWER, WORK, MERGED, "manifest", EXACT];
  for (const { name } of dir.names()) {
    expect(names.includes(name), `it has ${name}`);
  }
  expect(dir.self().mode === 0o710, "its mode is not 0710");
  expect(dir.tryStat(DIFF)?.type === "dir", "it has no diff");
  // A mountpoint that was not used any more harms nobody; cleanup removes it.
  expect(mounted || isEmptyOrAbsent(dir, MERGED), "merged is not empty");
  expect(
    dir.tryStat(WORK)?.type === (lower === undefined ? undefined : "dir"),
    "work and lower do not fit together",
  );
  const short = readSmall(dir, LINK) ?? "";
  linked.add(short);
  expect(
    home.readlink(`${LINKS}/${short}`) === linkTarget(id),
    "its short link leads elsewhere",
  );
  for (const entry of lower === undefined ? [] : parseLower(lower) ?? [""]) {
    const below = idOfTarget(home.readlink(entry));
    expect(
      below !== undefined && home.tryStat(`${below}/${DIFF}`) !== undefined,
      `its lower ${entry} is gone`,
    );
    expect(
      home.tryStat(`${below}/${COMMITTED}`) !== undefined,
      `its lower ${below} is not committed`,
    );
  }
  return faults;
}

function isEmptyOrAbsent(dir: Dir, name: string): boolean {
  using inner = dir.tryOpenDir(name);
  return inner === undefined || inner.names().length === 0;
}

/** Temporary files and directories in a home and in its layers. */
export function strays(home: string): string[] {
  const found: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(home)) {
    if (name.startsWith(TEMPORARY)) found.push(name);
    if (!isDirectory) continue;
    for (const inner of Deno.readDirSync(`${home}/${name}`)) {
      if (!inner.name.startsWith(TEMPORARY)) continue;
      found.push(`${name}/${inner.name}`);
    }
  }
  return found;
}

/** Files that describe layers, one line for each layer and short link. */
export function recordsIn(home: string): string[] {
  const lines: string[] = [];
  for (const id of Deno.readDirSync(home)) {
    if (!id.isDirectory || id.name.startsWith(TEMPORARY)) continue;
    const names = [...Deno.readDirSync(`${home}/${id.name}`)]
      .map(({ name }) => name)
      .filter((name) => !name.startsWith(TEMPORARY) && name !== MERGED);
    lines.push(`${id.name}: ${names.sort().join(" ")}`);
  }
  return lines.sort();
}
