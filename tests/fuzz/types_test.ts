/**
 * Each kind of file in the place of each other kind.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { assertEquals } from "../assert.ts";
import { applyTop, type Way, WAYS } from "../driver/apply_ways.ts";
import { inLayer, streamOf, type TempDriver, tempDriver } from "../fixtures.ts";
import {
  archive,
  dir,
  file,
  link,
  type Member,
  node,
  symlink,
} from "../tar_builder.ts";
import { play } from "./case.ts";
import { World } from "./world.ts";

/** How a kind of file gets a name, and what the file is then. */
const KINDS: Readonly<Record<string, (name: string) => Member>> = {
  file: (name) => file(name, "content"),
  dir: (name) => dir(name),
  symlink: (name) => symlink(name, "../victim"),
  link: (name) => link(name, "target"),
  fifo: (name) => node(name, "6"),
  char: (name) => node(name, "3", 1, 3),
  block: (name) => node(name, "4", 7, 0),
};
const NAMES = Object.keys(KINDS);
const PAIRS = NAMES.flatMap((one) => NAMES.map((other) => [one, other]));

/** Entries of the pairs' first or second kinds. */
function members(index: 0 | 1): Member[] {
  return PAIRS.map((pair) => KINDS[pair[index]!]!(pair.join("-")));
}

const TARGET = file("target", "linked");

/** Makes "top" on a base with all the names, as the way wants it. */
async function prepare({ driver }: TempDriver, way: Way): Promise<void> {
  await driver.create("base");
  const lower = archive(TARGET, ...members(0));
  await driver.applyDiff("base", undefined, streamOf(lower));
  await driver.create("other");
  await driver.create("top", "base");
  if (!way.filled) return;
  await inLayer(driver, "top", (root) => {
    Deno.writeTextFileSync(`${root}/earlier`, "earlier");
  });
}

/** What each name of a layer is, where hard links to the target are told. */
function kindsIn(root: string): string[][] {
  using top = Dir.open(root);
  const target = top.stat("target").ino;
  return PAIRS.map((pair) => {
    const { type, ino } = top.stat(pair.join("-"));
    return [pair[0]!, ino === target ? "link" : type];
  });
}

for (const way of WAYS) {
  Deno.test(`Driver.applyDiff() puts each kind of file in the place of each of a lower layer, ${way.name}`, async () => {
    await using temp = await tempDriver();
    await prepare(temp, way);

    await applyTop(temp.driver, way, archive(TARGET, ...members(1)));

    await inLayer(temp.driver, "top", (root) => {
      assertEquals(kindsIn(root), PAIRS);
      assertEquals(Deno.readTextFileSync(`${root}/target`), "linked");
    });
  });

  Deno.test(`Driver.applyDiff() puts each kind of file in the place of each of the same archive, ${way.name}`, async () => {
    await using temp = await tempDriver();
    const { driver } = temp;
    await driver.create("base");
    await driver.create("other");
    await driver.create("top", "base");
    const bytes = archive(TARGET, ...members(0), ...members(1));

    await applyTop(driver, way, bytes);

    await inLayer(driver, "top", (root) => assertEquals(kindsIn(root), PAIRS));
  });

  Deno.test(`Driver.applyDiff() of every change of kind is safe, ${way.name}`, async () => {
    await using world = await World.make(0);
    const setting = { way, chunk: 65536, filling: 1, limits: {}, check: false };

    const code = await play(world, setting, [
      archive(TARGET, ...members(0), ...members(1), ...members(0)),
    ]);

    assertEquals(code, "");
  });
}
