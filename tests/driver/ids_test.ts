/**
 * What cannot be the id of a layer.
 *
 * @module
 */

import type { Driver } from "../../mod.ts";
import { Dir } from "../../src/linux/dir.ts";
import { assertEquals } from "../assert.ts";
import {
  assertRefused,
  bytesOf,
  CALLS,
  fill,
  streamOf,
  tempDriver,
} from "../fixtures.ts";
import { namesIn } from "../trees.ts";

const IDS: readonly string[] = [
  ".",
  "..",
  "l",
  "a/b",
  "/",
  "../home",
  "a\0b",
  "x".repeat(256),
  "é".repeat(128),
  "\ud800",
];

const BY_ID: Readonly<
  Record<string, (driver: Driver, id: string) => Promise<unknown>>
> = {
  create: (driver, id) => driver.create(id),
  "create on a parent": (driver, id) => driver.create(id, "base"),
  createReadWrite: (driver, id) => driver.createReadWrite(id),
  exists: (driver, id) => driver.exists(id),
  ...CALLS,
};

const BY_PARENT: Readonly<
  Record<string, (driver: Driver, parent: string) => Promise<unknown>>
> = {
  create: (driver, parent) => driver.create("new", parent),
  createReadWrite: (driver, parent) => driver.createReadWrite("new", parent),
  diff: (driver, parent) => bytesOf(driver.diff("child", parent)),
  diffSize: (driver, parent) => driver.diffSize("child", parent),
  changes: (driver, parent) => driver.changes("child", parent),
  applyDiff: (driver, parent) =>
    driver.applyDiff("child", parent, streamOf(new Uint8Array(1024))),
};

async function family(driver: Driver): Promise<void> {
  await fill(driver, "base", undefined, (root) => {
    Deno.writeTextFileSync(`${root}/file`, "base");
  });
  await fill(driver, "child", "base");
}

for (const [name, call] of Object.entries(BY_ID)) {
  Deno.test(`Driver refuses an impossible id in ${name}`, async () => {
    await using temp = await tempDriver();
    await family(temp.driver);

    for (const id of ["", ...IDS]) {
      const task = () => call(temp.driver, id);
      await assertRefused(temp.home, task, "EINVAL", JSON.stringify(id));
    }
  });
}

for (const [name, call] of Object.entries(BY_PARENT)) {
  Deno.test(`Driver refuses an impossible parent in ${name}`, async () => {
    await using temp = await tempDriver();
    await family(temp.driver);

    for (const parent of IDS) {
      const task = () => call(temp.driver, parent);
      await assertRefused(temp.home, task, "EINVAL", JSON.stringify(parent));
    }
  });
}

Deno.test("Driver takes any other file name as an id", async () => {
  await using temp = await tempDriver();
  const ids = [
    "x".repeat(255),
    "é".repeat(127),
    "-init",
    "...",
    " ",
    "a:b",
    "a,b",
    "a\\b",
    "\udcff",
    "L",
    `${"0".repeat(64)}-init`,
    "mzpxvmmfqhx4l0sgkz1r7d1kc",
  ];

  for (const id of ids) {
    await fill(temp.driver, id);
    assertEquals(await temp.driver.exists(id), true, id);
    await temp.driver.remove(id);
    assertEquals(await temp.driver.exists(id), false, id);
  }
});

Deno.test("Driver mounts layers whose ids have colons, commas and bytes that are not UTF-8", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  let parent: string | undefined;
  for (const id of ["a:b", "c,d", "e\\f", "\udcffg"]) {
    await fill(driver, id, parent, (root) => {
      using dir = Dir.open(root);
      dir.mkdir(`${id.charCodeAt(0)}`, 0o755);
    });
    parent = id;
  }
  await fill(driver, "top", parent, (root) => {
    assertEquals(namesIn(root), ["101/", "56575/", "97/", "99/"]);
  });

  assertEquals(await driver.changes("\udcffg"), [{
    path: "/56575",
    kind: "A",
  }]);
});

for (const [name, call] of Object.entries(CALLS)) {
  Deno.test(`Driver refuses an unknown layer in ${name}`, async () => {
    await using temp = await tempDriver();
    await family(temp.driver);

    const task = () => call(temp.driver, "unknown");
    await assertRefused(temp.home, task, "ENOENT");
  });
}

Deno.test("Driver.exists() answers without an error for an unknown layer", async () => {
  await using temp = await tempDriver();

  assertEquals(await temp.driver.exists("unknown"), false);
});

Deno.test("Driver refuses an unknown parent", async () => {
  await using temp = await tempDriver();
  await family(temp.driver);

  for (const [name, call] of Object.entries(BY_PARENT)) {
    const task = () => call(temp.driver, "unknown");
    await assertRefused(temp.home, task, "ENOENT", name);
  }
});
