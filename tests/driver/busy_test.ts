/**
 * Layers that are in use, and are left alone.
 *
 * @module
 */

import { type Driver, init } from "../../mod.ts";
import { settled } from "../../src/driver/init.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  assertRefused,
  fill,
  streamOf,
  tempDriver,
  turn,
} from "../fixtures.ts";
import { archive, file } from "../tar_builder.ts";
import { namesIn } from "../trees.ts";

async function family(driver: Driver): Promise<void> {
  await fill(driver, "base", undefined, (root) => {
    Deno.writeTextFileSync(`${root}/file`, "base");
  });
  await driver.create("child", "base");
  await driver.create("grandchild", "child");
}

function apply(driver: Driver, id: string, parent?: string): Promise<number> {
  const bytes = archive(file("new", "new"));
  return driver.applyDiff(id, parent, streamOf(bytes));
}

Deno.test("Driver.remove() refuses a layer that has children", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await family(driver);

  const error = await assertRefused(home, () => driver.remove("base"), "EBUSY");
  assertEquals(
    error.message,
    'Cannot remove layer "base": layer "child" stands on it',
  );
  await assertRefused(home, () => driver.remove("child"), "EBUSY");
  await driver.remove("grandchild");
  await assertRefused(home, () => driver.remove("base"), "EBUSY");
  await driver.remove("child");
  await driver.remove("base");
  await settled(driver);
  assertEquals(namesIn(home), ["l/"]);
});

Deno.test("Driver.remove() refuses a parent of children that another driver made", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await using other = await init(home);
  await driver.create("base");
  await driver.create("one", "base");
  await driver.remove("one");
  await other.create("two", "base");

  await assertRefused(home, () => driver.remove("base"), "EBUSY");

  await other.remove("two");
  await driver.remove("base");
});

Deno.test("Driver.remove() refuses a layer that is mounted", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await family(driver);
  await driver.get("grandchild");

  await assertRefused(home, () => driver.remove("grandchild"), "EBUSY");
  await driver.put("grandchild");
  await driver.remove("grandchild");

  assertEquals(temp.temp.mounts, []);
});

Deno.test("Driver.remove() refuses a layer that another driver mounted", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await using other = await init(home);
  await family(driver);
  await other.get("grandchild");

  await assertRefused(home, () => driver.remove("grandchild"), "EBUSY");
  await other.put("grandchild");
  await driver.remove("grandchild");
});

Deno.test("Driver does not take uses of a layer for those of a later one with its id", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await using other = await init(home);
  await family(driver);
  for (const parent of [undefined, "child"]) {
    await driver.get("grandchild");
    await other.put("grandchild");
    await other.remove("grandchild");
    await other.create("grandchild", parent);

    await apply(driver, "grandchild");
    await driver.get("grandchild");
    await driver.put("grandchild");
    assertEquals(temp.temp.mounts, []);
    await driver.get("grandchild");
    await other.put("grandchild");
    await other.remove("grandchild");
    await other.create("grandchild", parent);
    await driver.remove("grandchild");

    await driver.create("grandchild", "child");
  }
});

Deno.test("Driver.remove() costs no more in a home of many layers", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await driver.create("base");
  const few = await removals(driver);
  for (let i = 0; i < 3000; i++) await driver.create(`layer-${i}`, "base");
  const many = await removals(driver);

  for (const [i, time] of many.entries()) {
    assert(
      time < 4 * few[i]! + 0.5,
      `${few} ms with a few layers, ${many} ms with 3000`,
    );
  }
});

/** Least times of a few removals, of a layer and of its parent, in milliseconds. */
async function removals(driver: Driver): Promise<number[]> {
  const least = [Infinity, Infinity];
  for (let i = 0; i < 10; i++) {
    await driver.create("parent", "base");
    await driver.create("brief", "parent");
    for (const [i, id] of ["brief", "parent"].entries()) {
      const start = performance.now();
      await driver.remove(id);
      least[i] = Math.min(least[i]!, performance.now() - start);
    }
  }
  return least;
}

for (const parent of [undefined, "", "base"]) {
  const said = parent === undefined ? "left out" : JSON.stringify(parent);

  Deno.test(`Driver.applyDiff() refuses a layer that has children, parent ${said}`, async () => {
    await using temp = await tempDriver();
    await family(temp.driver);
    const task = () => apply(temp.driver, "child", parent);

    await assertRefused(temp.home, task, "EBUSY");
  });

  Deno.test(`Driver.applyDiff() refuses a layer that is mounted, parent ${said}`, async () => {
    await using temp = await tempDriver();
    const { driver, home } = temp;
    await driver.create("base");
    await driver.create("top", "base");
    await driver.get("top");

    await assertRefused(home, () => apply(driver, "top", parent), "EBUSY");
    await driver.put("top");
    await apply(driver, "top", parent);

    assertEquals(namesIn(`${home}/top/diff`), ["new"]);
  });
}

Deno.test("Driver.applyDiff() refuses a base layer that has children", async () => {
  await using temp = await tempDriver();
  await family(temp.driver);

  await assertRefused(temp.home, () => apply(temp.driver, "base"), "EBUSY");
  await assertRefused(temp.home, () => apply(temp.driver, "base", ""), "EBUSY");
});

Deno.test("Driver.applyDiff() cancels the archive that it refuses", async () => {
  await using temp = await tempDriver();
  await family(temp.driver);
  let cancelled: unknown;
  const stream = new ReadableStream<Uint8Array>({
    cancel: (reason) => void (cancelled = reason),
  });

  const task = () => temp.driver.applyDiff("child", undefined, stream);
  const error = await assertRefused(temp.home, task, "EBUSY");

  await turn();
  assertEquals(cancelled, error);
  assertEquals(stream.locked, false);
});
