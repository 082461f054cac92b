/**
 * Random layers: what the driver reads from an upper directory is what the
 * kernel shows.
 *
 * `OVERLAY2_SEED` is the first seed, 1 if unset; each failure names its own.
 *
 * @module
 */

import type { Driver } from "../../mod.ts";
import { Dir } from "../../src/linux/dir.ts";
import { compareNames } from "../../src/text.ts";
import { compareTrees } from "../../src/tree/compare.ts";
import { assert, assertEquals } from "../assert.ts";
import { bytesOf, inLayer, inLayers, tempDriver } from "../fixtures.ts";
import { archiveLines } from "../tar_builder.ts";
import { Changer, Random } from "../tree/random.ts";
import { assertSameTree, changeLines, describeTree } from "../trees.ts";

const FIRST = Number(Deno.env.get("OVERLAY2_SEED") ?? 1);
const ROUNDS = 200;
/** Steps that make what an archive cannot hold. */
const UNARCHIVED = ["socket"];
/** Attributes that change what a file is to the driver. */
const CAPABILITY = "security.capability";

/** Makes random layers; gives their ids and what was done. */
async function makeLayers(
  driver: Driver,
  seed: number,
  without: readonly string[] = [],
): Promise<{ ids: string[]; log: string }> {
  const random = new Random(seed);
  const ids: string[] = [];
  const log: string[] = [];
  for (let count = 2 + random.below(3); count > 0; count--) {
    const id = `${seed}-${ids.length}`;
    await driver.createReadWrite(id, ids.at(-1));
    ids.push(id);
    await inLayer(driver, id, (path) => {
      using root = Dir.open(path);
      const changer = new Changer(root, random, without);
      changer.run(5 + random.below(20));
      log.push(`-- layer ${id}`, ...changer.log);
    });
  }
  return { ids, log: log.join("\n") };
}

async function removeLayers(driver: Driver, ids: string[]): Promise<void> {
  for (const id of ids.toReversed()) await driver.remove(id);
}

/** Runs `check` on random layers; a failure tells how to see it again. */
async function eachRound(
  rounds: number,
  check: (driver: Driver, ids: string[], message: string) => Promise<void>,
  without: readonly string[] = [],
): Promise<void> {
  await using temp = await tempDriver();
  for (let seed = FIRST; seed < FIRST + rounds; seed++) {
    const { ids, log } = await makeLayers(temp.driver, seed, without);
    const message = `OVERLAY2_SEED=${seed}\n${log}\n`;
    try {
      await check(temp.driver, ids, message);
    } catch (error) {
      throw new Error(message, { cause: error });
    }
    await removeLayers(temp.driver, ids);
  }
  assertEquals(temp.temp.mounts, []);
}

/** Entries of a diff; of a whiteout the name, since only the kernel's share an inode. */
async function entries(driver: Driver, id: string): Promise<string[]> {
  const lines = archiveLines(await bytesOf(driver.diff(id)));
  return lines.map((line) =>
    line.replace(/^\d \S+ \S+ \S+ (\S*\.wh\.\S+).*$/, "$1")
  );
}

/** Changes between two mounted layers, as comparing their trees finds them. */
function compared(
  driver: Driver,
  before: string,
  after: string,
): Promise<string[]> {
  return inLayers(driver, before, after, (one, other) => {
    using old = Dir.open(one);
    using now = Dir.open(other);
    const found = [...compareTrees(old, now)];
    return changeLines(found.sort((a, b) => compareNames(a.path, b.path)));
  });
}

Deno.test("Driver.changes() of an upper directory is what comparing the mounted trees gives", async () => {
  await eachRound(ROUNDS, async (driver, ids, message) => {
    const [parent, top] = [ids.at(-2)!, ids.at(-1)!];

    const unmounted = changeLines(await driver.changes(top));
    const mounted = await inLayer(
      driver,
      top,
      async () => changeLines(await driver.changes(top)),
    );

    const expected = await compared(driver, parent, top);
    assertEquals(unmounted, expected, message);
    assertEquals(mounted, expected, message);
  });
});

Deno.test("Driver.changes() against any layer below is what comparing the mounted trees gives", async () => {
  await eachRound(ROUNDS / 4, async (driver, ids, message) => {
    const top = ids.at(-1)!;
    for (const other of ids.slice(0, -1)) {
      const found = changeLines(await driver.changes(top, other));

      assertEquals(found, await compared(driver, other, top), message);
    }
  });
});

Deno.test("Driver.applyDiff() of a diff makes the same tree in a sibling", async () => {
  await eachRound(ROUNDS, async (driver, ids, message) => {
    const [parent, top] = [ids.at(-2), ids.at(-1)!];
    await driver.create("sibling", parent);

    const size = await driver.applyDiff("sibling", parent, driver.diff(top));

    assertEquals(size, await driver.diffSize("sibling"), message);
    await inLayers(driver, top, "sibling", (one, other) => {
      assertSameTree(other, one, message, { xattrs: CAPABILITY });
    });
    const again = await entries(driver, "sibling");
    assertEquals(again, await entries(driver, top), message);
    await driver.remove("sibling");
  }, UNARCHIVED);
});

Deno.test("Driver.applyDiff() of a diff against another layer makes a tree without changes", async () => {
  await eachRound(ROUNDS / 2, async (driver, ids, message) => {
    const [base, top] = [ids[0]!, ids.at(-1)!];
    await driver.create("sibling", base);

    await driver.applyDiff("sibling", base, driver.diff(top, base));

    assertEquals(await compared(driver, top, "sibling"), [], message);
    await driver.remove("sibling");
  }, UNARCHIVED);
});

Deno.test("Driver.applyDiff() through a mount makes the tree that an upper directory makes", async () => {
  await eachRound(ROUNDS / 2, async (driver, ids, message) => {
    const [parent, top] = [ids.at(-2)!, ids.at(-1)!];
    await driver.create("native", parent);
    await driver.create("mounted", parent);

    await driver.applyDiff("native", parent, driver.diff(top));
    await driver.applyDiff("mounted", "", driver.diff(top));

    await inLayers(driver, "native", "mounted", (one, other) => {
      assertSameTree(other, one, message, { xattrs: CAPABILITY });
    });
    await driver.remove("native");
    await driver.remove("mounted");
  }, UNARCHIVED);
});

Deno.test("Random steps are many, of every kind, and the same for a seed", async () => {
  await using temp = await tempDriver();
  const seen = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) {
    const { ids, log } = await makeLayers(temp.driver, seed);
    for (const line of log.split("\n")) {
      if (!line.endsWith(")")) seen.add(line.replace(/ \/.*/, ""));
    }
    const tree = await inLayer(
      temp.driver,
      ids.at(-1)!,
      (path) => describeTree(path, { times: false }),
    );
    await removeLayers(temp.driver, ids);
    const again = await makeLayers(temp.driver, seed);
    await inLayer(temp.driver, again.ids.at(-1)!, (path) => {
      assertEquals(describeTree(path, { times: false }), tree);
    });
    await removeLayers(temp.driver, again.ids);
  }
  assert(seen.size >= 24, [...seen].join());
});
