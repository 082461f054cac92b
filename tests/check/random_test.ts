/**
 * Several damages at once, picked at random.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { assert, assertEquals } from "../assert.ts";
import { describeTree } from "../trees.ts";
import { Family, LAYERS, lines } from "./fixture.ts";

const SEED = Number(Deno.env.get("OVERLAY2_SEED") ?? "1");
const ROUNDS = Number(Deno.env.get("OVERLAY2_ROUNDS") ?? "15");

/** Numbers that depend on the seed alone (mulberry32). */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 2 ** 32 * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

const FILES = ["link", "lower", "committed", "work", "merged", "l"];

/** Ways to damage one thing; what is gone already cannot be damaged. */
const HARMS: readonly ((family: Family, random: Random) => void)[] = [
  (family, random) => family.remove(anyFile(random)),
  (family, random) => family.write(anyFile(random), ""),
  (family, random) => family.write(anyFile(random), anyText(family, random)),
  (family, random) => {
    const path = anyFile(random);
    const text = family.read(path);
    family.write(path, text.slice(0, random.below(text.length)));
  },
  (family, random) => family.link(anyFile(random), anyText(family, random)),
  (family, random) => {
    const path = anyFile(random);
    family.remove(path);
    family.mkdir(`${path}/dir`);
  },
  (family, random) => family.remove(`l/{${random.pick(LAYERS)}}`),
  (family, random) =>
    family.link(`l/{${random.pick(LAYERS)}}`, anyText(family, random)),
  (family, random) =>
    family.link(`l/N${random.below(9)}`, anyText(family, random)),
  (family, random) =>
    Deno.renameSync(
      family.path(random.pick(LAYERS)),
      family.path(`${random.pick(LAYERS)}-removing`),
    ),
  (family, random) =>
    Deno.renameSync(
      family.path(random.pick(LAYERS)),
      family.path(`moved${random.below(9)}`),
    ),
  (family, random) => family.remove(random.pick(LAYERS)),
  (family, random) =>
    Deno.chmodSync(family.path(anyFile(random)), random.below(0o1000)),
  (family, random) =>
    Deno.chownSync(
      family.path(anyFile(random)),
      random.below(9),
      random.below(9),
    ),
  (family, random) => {
    family.mkdir(`new${random.below(9)}/${random.pick(["diff", "work", "x"])}`);
  },
  (family, random) => {
    const id = random.pick(LAYERS);
    family.mkdir(`${id}/work/work/incompat/volatile`);
  },
  (family, random) => family.write(`${random.pick(LAYERS)}/.tmp-link1`, "x"),
  (family, random) =>
    family.mark(`${random.pick(LAYERS)}/diff`, "trusted.overlay.opaque", "y"),
  (family, random) => family.whiteout(`${random.pick(LAYERS)}/diff/wh`),
];

function anyFile(random: Random): string {
  const id = random.pick(LAYERS);
  const file = random.pick(FILES);
  return file === "l" ? `l/{${id}}` : `${id}/${file}`;
}

function anyText(family: Family, random: Random): string {
  const id = random.pick(LAYERS);
  return family.named(random.pick([
    `../${id}/diff`,
    `../gone/diff`,
    `{${id}}`,
    `l/{${id}}`,
    `l/{${id}}:l/{${random.pick(LAYERS)}}`,
    "garbage\n",
    "/etc/passwd",
    "..",
  ]));
}

/** Damages a home; tells how. */
function damage(family: Family, random: Random): void {
  for (let count = 1 + random.below(5); count > 0; count--) {
    try {
      random.pick(HARMS)(family, random);
    } catch (error) {
      // What is damaged already may not be there.
      if (!(error instanceof Error && "code" in error)) throw error;
    }
  }
}

/** Files that hold anything but a record, and where they lie. */
function contents(family: Family): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { name, isDirectory } of Deno.readDirSync(family.home)) {
    if (!isDirectory) continue;
    for (const inner of ["diff", "merged"]) {
      const path = `${family.home}/${name}/${inner}`;
      if (!isDir(path)) continue;
      found.set(`${name}/${inner}`, describeTree(path));
    }
  }
  return found;
}

function isDir(path: string): boolean {
  try {
    return Deno.lstatSync(path).isDirectory;
  } catch {
    return false;
  }
}

Deno.test(`Driver.check() survives any damage, and its repair loses no file (OVERLAY2_SEED=${SEED})`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const seed = SEED * 1000 + round;
    await using family = await Family.make();
    damage(family, new Random(seed));
    const before = contents(family);

    const found = await family.check();
    const repaired = await family.repair();
    const after = contents(family);
    const left = await family.check();
    const again = await family.repair();

    const about = `seed ${seed}: ${lines(found).join(", ")}`;
    assertEquals(
      lines(left),
      lines(repaired.filter((each) => !each.repaired)),
      about,
    );
    assertEquals(again.filter((each) => each.repaired), [], about);
    assertKept(before, after, about);
    assertUsable(family, left.map(({ id }) => id ?? ""), about);
  }
});

/** Content may only go where it was empty, or half removed with nobody needing it. */
function assertKept(
  before: ReadonlyMap<string, string[]>,
  after: ReadonlyMap<string, string[]>,
  about: string,
): void {
  for (const [path, tree] of before) {
    if (tree.length === 0 || path.split("/")[0]!.endsWith("-removing")) {
      continue;
    }
    assertEquals(after.get(path), tree, `${path}, ${about}`);
  }
}

/** What a check has nothing to say about has its link. */
function assertUsable(
  family: Family,
  faulty: readonly string[],
  about: string,
): void {
  using home = Dir.open(family.home);
  for (const id of LAYERS) {
    if (faulty.includes(id) || !isDir(`${family.home}/${id}`)) continue;
    const short = family.read(`${id}/link`);
    const target = home.tryStat(`l/${short}`) && home.readlink(`l/${short}`);
    assert(target === `../${id}/diff`, `${id}, ${about}`);
  }
}
