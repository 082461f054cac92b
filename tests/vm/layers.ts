/**
 * The life of layers, on each file system.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { test } from "./harness.ts";
import {
  codeOf,
  collect,
  EXT4,
  EXT4_QUOTA,
  type Home,
  listBlocks,
  listTree,
  mountOptions,
  newHome,
  type Place,
  streamOf,
  TMPFS,
  XFS,
} from "./places.ts";

/** Makes the layers base, child (on base) and top (on child), with content. */
async function fill({ driver }: Home): Promise<void> {
  await driver.create("base");
  {
    await using mount = await driver.get("base");
    Deno.mkdirSync(`${mount.path}/dir/deep`, { recursive: true });
    Deno.writeTextFileSync(`${mount.path}/dir/deep/file`, "base");
    Deno.writeTextFileSync(`${mount.path}/changed`, "before");
    Deno.writeTextFileSync(`${mount.path}/deleted`, "soon gone");
    Deno.symlinkSync("dir/deep", `${mount.path}/link`);
    Deno.mkdirSync(`${mount.path}/opaque/old`, { recursive: true });
  }
  await driver.create("child", "base");
  {
    await using mount = await driver.get("child");
    Deno.writeTextFileSync(`${mount.path}/changed`, "after");
    Deno.removeSync(`${mount.path}/deleted`);
    Deno.writeTextFileSync(`${mount.path}/added`, "new");
    Deno.removeSync(`${mount.path}/opaque`, { recursive: true });
    Deno.mkdirSync(`${mount.path}/opaque/new`, { recursive: true });
  }
  await driver.createReadWrite("top", "child");
  await using mount = await driver.get("top");
  Deno.writeTextFileSync(`${mount.path}/top`, "top");
}

/** The lines of a layer's merged tree. */
async function treeOf({ driver }: Home, id: string): Promise<string[]> {
  await using mount = await driver.get(id);
  return listTree(mount.path);
}

function testPlace(place: Place): void {
  const on = `on ${place.name}`;

  test(`init finds its way ${on}`, async () => {
    await using home = await newHome(place);

    const status = new Map(home.driver.status());

    assertEquals(status.get("Backing Filesystem"), place.backing);
    assertEquals(status.get("Supports d_type"), "true");
    assertEquals(status.get("Native Overlay Diff"), "true");
    assertEquals(home.driver.toString(), "overlay2");
  });

  test(`layers are made, mounted, compared and removed ${on}`, async () => {
    await using home = await newHome(place);
    const { driver } = home;
    await fill(home);
    const top = await driver.get("top");
    const options = mountOptions(top.path) ?? "not mounted";
    const busy = await codeOf(() => driver.remove("top"));
    await driver.put("top");

    const changes = await driver.changes("child");

    assertStringIncludes(options, "lowerdir=");
    assertStringIncludes(options, "upperdir=");
    assertEquals(mountOptions(top.path), undefined);
    assertEquals(busy, "EBUSY");
    assertEquals(
      changes.map(({ kind, path }) => `${kind} ${path}`),
      [
        "A /added",
        "C /changed",
        "D /deleted",
        "C /opaque",
        "A /opaque/new",
        "D /opaque/old",
      ],
    );
    assertEquals(await driver.diffSize("child"), 8);
    assertEquals(await codeOf(() => driver.remove("base")), "EBUSY");
    for (const id of ["top", "child", "base"]) await driver.remove(id);
    assertEquals([...Deno.readDirSync(`${home.path}/l`)], []);
    assertEquals(await driver.exists("base"), false);
  });

  test(`what diff writes, apply reads ${on}`, async () => {
    await using home = await newHome(place);
    await using copy = await newHome(place);
    await fill(home);

    for (
      const [id, parent] of [["base"], ["child", "base"], ["top", "child"]]
    ) {
      await copy.driver.create(id!, parent);
      const archive = await collect(home.driver.diff(id!, parent));
      await copy.driver.applyDiff(id!, parent, streamOf(archive));
      const again = await collect(copy.driver.diff(id!, parent));
      assertEquals(listBlocks(again), listBlocks(archive), id);
    }

    assertEquals(await treeOf(copy, "top"), await treeOf(home, "top"));
  });

  test(`diff against a layer that is not the parent carries everything between ${on}`, async () => {
    await using home = await newHome(place);
    await using copy = await newHome(place);
    await fill(home);
    const base = await collect(home.driver.diff("base", ""));
    const rest = await collect(home.driver.diff("top", "base"));

    await copy.driver.create("base");
    await copy.driver.applyDiff("base", "", streamOf(base));
    await copy.driver.create("top", "base");
    await copy.driver.applyDiff("top", "base", streamOf(rest));

    const tree = await treeOf(copy, "top");
    assertEquals(tree, await treeOf(home, "top"));
    assert(tree.some((line) => line.startsWith("/opaque/new ")));
  });
}

/** Registers the tests of all file systems. */
export function testLayers(): void {
  for (const place of [EXT4, EXT4_QUOTA, XFS, TMPFS]) testPlace(place);
}
