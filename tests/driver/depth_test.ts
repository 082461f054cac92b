/**
 * Deep chains of layers.
 *
 * @module
 */

import type { Driver } from "../../mod.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  assertRefused,
  bytesOf,
  fill,
  inLayer,
  streamOf,
  tempDriver,
} from "../fixtures.ts";
import { archive, file } from "../tar_builder.ts";

/** Makes a base and `count` layers, each with a directory that names it and its parent. */
async function chain(driver: Driver, count: number): Promise<string> {
  await fill(driver, "0", undefined, (root) => {
    Deno.writeTextFileSync(`${root}/base`, "base");
  });
  for (let depth = 1; depth <= count; depth++) {
    const parent = `${depth - 1}`;
    await driver.createReadWrite(`${depth}`, parent);
    const diff = `${driver.home}/${depth}/diff/layer-${depth}`;
    Deno.mkdirSync(diff);
    Deno.writeTextFileSync(`${diff}/layer-id`, `${depth}`);
    Deno.writeTextFileSync(`${diff}/parent-id`, parent);
  }
  return `${count}`;
}

async function assertReadable(driver: Driver, top: string): Promise<void> {
  await inLayer(driver, top, (root) => {
    assertEquals(Deno.readTextFileSync(`${root}/base`), "base");
    for (let depth = Number(top); depth > 0; depth--) {
      const dir = `${root}/layer-${depth}`;
      assertEquals(Deno.readTextFileSync(`${dir}/layer-id`), `${depth}`);
      assertEquals(Deno.readTextFileSync(`${dir}/parent-id`), `${depth - 1}`);
    }
  });
}

Deno.test("Driver reads and writes through 128 children, and refuses the 129th", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  const top = await chain(driver, 128);

  await assertReadable(driver, top);
  await inLayer(driver, top, (root) => {
    Deno.writeTextFileSync(`${root}/base`, "changed");
  });
  assertEquals(await driver.changes(top), [
    { path: "/base", kind: "C" },
    { path: "/layer-128", kind: "A" },
    { path: "/layer-128/layer-id", kind: "A" },
    { path: "/layer-128/parent-id", kind: "A" },
  ]);
  await assertRefused(home, () => driver.create("129", top), "EMLINK");
  await assertRefused(home, () => driver.createReadWrite("129", top), "EMLINK");
});

Deno.test("Driver mounts the deepest layer read-only once it is a parent", async () => {
  await using temp = await tempDriver({
    storageOpts: ["overlay2.max_depth=129"],
  });
  const { driver } = temp;
  const parent = await chain(driver, 128);
  await driver.create("129", parent);

  await assertReadable(driver, parent);
});

Deno.test("Driver mounts and reads through 400 lowers if it is allowed to", async () => {
  await using temp = await tempDriver({
    storageOpts: ["overlay2.max_depth=400"],
  });
  const { driver, home } = temp;
  const top = await chain(driver, 400);

  await assertReadable(driver, top);
  await inLayer(driver, top, (root) => Deno.removeSync(`${root}/base`));
  assert(
    (await driver.changes(top)).some(({ kind, path }) =>
      kind === "D" && path === "/base"
    ),
  );
  await assertRefused(home, () => driver.create("401", top), "EMLINK");
});

Deno.test("Driver finds a change 1,500 directories deep by every way", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  const path = `${"d/".repeat(1500)}file`;
  const apply = (id: string, content: string) =>
    driver.applyDiff(id, undefined, streamOf(archive(file(path, content))));
  await driver.create("base");
  await driver.create("other");
  await apply("base", "before");
  await driver.create("top", "base");
  await apply("top", "and after");

  for (const parent of [undefined, "other"]) {
    const changes = await driver.changes("top", parent);
    assertEquals(changes.at(-1)?.path, `/${path}`);
  }
  await driver.create("copy", "base");
  await driver.applyDiff("copy", "other", driver.diff("top"));
  assertEquals(await driver.changes("copy"), await driver.changes("top"));
  assert((await bytesOf(driver.diff("copy"))).length > 0);
});
