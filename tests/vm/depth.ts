/**
 * Deep chains of layers on a kernel that takes all lowers in one page.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { note, test } from "./harness.ts";
import { codeOf, EXT4, type Home, mountOptions, newHome } from "./places.ts";

/** Most lowers of a layer, without options. */
const MAX_DEPTH = 128;

/** Makes the layers 0 to `count`, each with a file of its own; n has n lowers. */
async function chain({ driver, path }: Home, count: number): Promise<void> {
  for (let i = 0; i <= count; i++) {
    await driver.create(`${i}`, i === 0 ? undefined : `${i - 1}`);
    Deno.writeTextFileSync(`${path}/${i}/diff/f${i}`, `${i}`);
  }
}

/** Mounts layer `id` and looks whether the files of all its layers are there. */
async function look({ driver }: Home, id: number): Promise<string> {
  await using mount = await driver.get(`${id}`);
  const names = [...Deno.readDirSync(mount.path)].map(({ name }) => name);
  assertEquals(names.length, id + 1);
  assertEquals(Deno.readTextFileSync(`${mount.path}/f0`), "0");
  assertEquals(Deno.readTextFileSync(`${mount.path}/f${id}`), `${id}`);
  return mountOptions(mount.path) ?? "not mounted";
}

/** Registers the tests. */
export function testDepth(): void {
  test("a chain mounts at depths 2, 60 and 128, and ends there", async () => {
    await using home = await newHome(EXT4);
    await chain(home, MAX_DEPTH);

    const shallow = await look(home, 2);
    const middle = await look(home, 60);
    const deepest = await look(home, MAX_DEPTH);
    const before = [...Deno.readDirSync(`${home.path}/l`)].length;
    const past = await codeOf(() => home.driver.create("129", `${MAX_DEPTH}`));

    assertStringIncludes(shallow, `lowerdir=${home.path}/`);
    assertStringIncludes(middle, `lowerdir=${home.path}/`);
    assert(!deepest.includes(home.path), deepest);
    assertEquals(past, "EMLINK");
    assertEquals(await home.driver.exists("129"), false);
    assertEquals([...Deno.readDirSync(`${home.path}/l`)].length, before);
  });

  test("a writable layer of full depth keeps its changes to itself", async () => {
    await using home = await newHome(EXT4);
    const { driver } = home;
    await chain(home, MAX_DEPTH - 1);
    await driver.createReadWrite("rw", `${MAX_DEPTH - 1}`);
    const mount = await driver.get("rw");
    Deno.writeTextFileSync(`${mount.path}/f0`, "changed");
    await driver.put("rw");

    const changes = await driver.changes("rw");

    assertEquals(changes, [{ path: "/f0", kind: "C" }]);
    assertEquals(Deno.readTextFileSync(`${home.path}/0/diff/f0`), "0");
  });

  test("a chain mounts in a home whose path is long", async () => {
    const long = `/${"a".repeat(200)}/${"b".repeat(200)}`;
    await using home = await newHome(EXT4, {}, long);
    await chain(home, 20);

    const options = await look(home, 20);

    assert(!options.includes(home.path), options);
  });

  test("overlay2.max_depth raises the limit as far as a page of options goes", async () => {
    const options = { storageOpts: ["overlay2.max_depth=200"] };
    await using home = await newHome(EXT4, options);
    await chain(home, MAX_DEPTH + 2);
    await look(home, MAX_DEPTH + 2);

    let code = "none";
    let depth = MAX_DEPTH + 3;
    for (; depth <= 200 && code === "none"; depth++) {
      code = await codeOf(async () => {
        await home.driver.create(`${depth}`, `${depth - 1}`);
        await home.driver.get(`${depth}`);
        await home.driver.put(`${depth}`);
      });
    }

    note(`a page of mount options ends at ${depth - 1} lowers: ${code}`);
    assertEquals(code, "EMLINK");
    assert(depth > 135, `${depth}`);
  });
}
