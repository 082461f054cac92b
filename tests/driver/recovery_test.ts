/**
 * What init makes of interrupted work, and what goes on after a call answered.
 *
 * @module
 */

import { init } from "../../mod.ts";
import { Dir } from "../../src/linux/dir.ts";
import { tryLock } from "../../src/linux/lock.ts";
import { MountContext } from "../../src/linux/mount.ts";
import { newShortName, unfinishedName } from "../../src/store/layout.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  assertCode,
  fill,
  openDescriptors,
  type TempDriver,
  tempDriver,
} from "../fixtures.ts";
import { describeTree, namesIn } from "../trees.ts";

/** A layer directory as a killed create or remove leaves it; gives its name. */
function leaveLayer(home: string, short: string | undefined): string {
  const name = unfinishedName();
  Deno.mkdirSync(`${home}/${name}/diff`, { recursive: true });
  Deno.writeTextFileSync(`${home}/${name}/diff/file`, "content");
  if (short !== undefined) {
    Deno.writeTextFileSync(`${home}/${name}/link`, short);
  }
  return name;
}

Deno.test("init() deletes half-made and half-removed layers with their short links", async () => {
  await using temp = await tempDriver();
  await fill(temp.driver, "base");
  await fill(temp.driver, "top", "base");
  const before = describeTree(temp.home, { dirTimes: false });
  const [beforeLink, afterLink, taken] = [1, 2, 3].map(newShortName);
  leaveLayer(temp.home, undefined);
  leaveLayer(temp.home, beforeLink);
  leaveLayer(temp.home, afterLink);
  Deno.symlinkSync("../gone/diff", `${temp.home}/l/${afterLink}`);
  // Somebody made a layer of the same id meanwhile.
  leaveLayer(temp.home, taken);
  Deno.symlinkSync("../base/diff", `${temp.home}/l/${taken}`);

  await using _driver = await init(temp.home);

  assertEquals(describeTree(temp.home, { dirTimes: false }), before);
});

Deno.test("init() deletes what a killed call left in a layer, unless somebody is at it", async () => {
  await using temp = await tempDriver();
  await fill(temp.driver, "base");
  await fill(temp.driver, "busy");
  const before = describeTree(temp.home, { dirTimes: false });
  for (const id of ["base", "busy"]) {
    Deno.mkdirSync(`${temp.home}/${id}/.tmp-diff12345678/dir`, {
      recursive: true,
    });
  }
  Deno.writeTextFileSync(`${temp.home}/base/.tmp-manifest12345678`, "");
  Deno.writeTextFileSync(`${temp.home}/base/.tmp-exact12345678`, "");
  Deno.mkdirSync(`${temp.home}/base/.tmp-exact87654321`);
  Deno.writeTextFileSync(`${temp.home}/base/.tmp-exact87654321/0`, "aside");

  {
    using lock = Dir.open(`${temp.home}/busy`);
    assert(tryLock(lock.fd, "busy"));
    await using _driver = await init(temp.home);
    assertEquals(namesIn(`${temp.home}/busy`), [
      ".tmp-diff12345678/",
      ".tmp-diff12345678/dir/",
      "diff/",
      "link",
    ]);
  }
  await using _driver = await init(temp.home);

  assertEquals(describeTree(temp.home, { dirTimes: false }), before);
});

Deno.test("init() leaves alone what somebody is at, and links that are somebody else's", async () => {
  await using temp = await tempDriver();
  await fill(temp.driver, "base");
  const own = Deno.readTextFileSync(`${temp.home}/base/link`);
  const busy = leaveLayer(temp.home, newShortName());
  using lock = Dir.open(`${temp.home}/${busy}`);
  assert(tryLock(lock.fd, busy));
  // A copy of a layer must not take its link along.
  const copy = leaveLayer(temp.home, own);

  await using _driver = await init(temp.home);

  assertEquals(namesIn(temp.home).includes(`${busy}/`), true);
  assertEquals(namesIn(temp.home).includes(`${copy}/`), false);
  assertEquals(namesIn(`${temp.home}/l`), [own]);
});

/** Makes a layer that takes a while to delete. */
async function makeLarge({ driver, home }: TempDriver, id: string) {
  await driver.create(id);
  for (let i = 0; i < 20_000; i++) {
    Deno.writeTextFileSync(`${home}/${id}/diff/${i}`, "");
  }
}

Deno.test("Driver.remove() answers while files are still deleted, and disposal waits for them", async () => {
  const temp = await tempDriver();
  try {
    await makeLarge(temp, "large");
    const descriptors = openDescriptors();

    await temp.driver.remove("large");

    assertEquals(await temp.driver.exists("large"), false);
    const left = namesIn(temp.home).filter((name) => name.includes("/diff/"));
    assert(left.length > 0, "nothing is left to delete");
    await temp.driver.create("large");
    await temp.driver.remove("large");
    await temp.driver[Symbol.asyncDispose]();
    assertEquals(namesIn(temp.home), ["l/"]);
    assertEquals(openDescriptors(), descriptors);
  } finally {
    await temp[Symbol.asyncDispose]();
  }
});

Deno.test("Driver.cleanup() waits for what is still deleted", async () => {
  await using temp = await tempDriver();
  await makeLarge(temp, "large");
  await temp.driver.remove("large");

  await temp.driver.cleanup();

  assertEquals(namesIn(temp.home), ["l/"]);
});

Deno.test("Driver.remove() of a layer is done although files cannot be deleted, and says so", async () => {
  await using temp = await tempDriver();
  await makeLarge(temp, "large");
  Deno.mkdirSync(`${temp.home}/large/diff/immutable`);
  const chattr = async (flag: string, path: string) => {
    const { success } = await new Deno.Command("chattr", {
      args: [flag, path],
      stderr: "null",
    }).output();
    return success;
  };
  // A directory that nobody may change; tmpfs knows the flag since Linux 6.6.
  Deno.writeTextFileSync(`${temp.home}/large/diff/immutable/f`, "");
  assert(await chattr("+i", `${temp.home}/large/diff/immutable`));

  await temp.driver.remove("large");
  await temp.driver[Symbol.asyncDispose]();

  assertEquals(await temp.driver.exists("large"), false);
  assertEquals(temp.warnings.length, 1);
  const [left] = [...Deno.readDirSync(temp.home)].map(({ name }) => name)
    .filter((name) => name.startsWith(".tmp-layer-"));
  assert(await chattr("-i", `${temp.home}/${left}/diff/immutable`));
  await using _driver = await init(temp.home);
  assertEquals(namesIn(temp.home), ["l/"]);
});

Deno.test("Driver lets callers give up while somebody else is at a layer", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await fill(driver, "base");
  await fill(driver, "top", "base");
  const before = describeTree(home, { dirTimes: false });
  using layer = Dir.open(`${home}/top`);
  assert(tryLock(layer.fd, "top"));
  const calls: Record<string, (signal: AbortSignal) => Promise<unknown>> = {
    create: (signal) => driver.create("new", "top", { signal }),
    createReadWrite: (signal) =>
      driver.createReadWrite("new", "top", { signal }),
    get: (signal) => driver.get("top", undefined, { signal }),
    put: (signal) => driver.put("top", { signal }),
    remove: (signal) => driver.remove("top", { signal }),
  };
  for (const [name, call] of Object.entries(calls)) {
    const began = performance.now();
    await assertCode(() => call(AbortSignal.timeout(20)), "ECANCELED", name);
    assert(performance.now() - began < 2000, `${name} went on waiting`);
    await assertCode(() => call(AbortSignal.abort()), "ECANCELED", name);
  }
  assertEquals(describeTree(home, { dirTimes: false }), before);
});

Deno.test("Driver lets callers give up while somebody else changes the home", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await fill(driver, "base");
  using links = Dir.open(`${home}/l`);
  assert(tryLock(links.fd, "l"));

  for (
    const call of [
      () => driver.create("new", "", { signal: AbortSignal.timeout(20) }),
      () => driver.remove("base", { signal: AbortSignal.timeout(20) }),
    ]
  ) await assertCode(call, "ECANCELED");

  assertEquals(await driver.exists("new"), false);
  assertEquals(await driver.exists("base"), true);
});

Deno.test("Driver.cleanup() leaves trial mounts to the process that is at it", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  const trial = `${home}/.tmp-probe-${crypto.randomUUID()}`;
  Deno.mkdirSync(`${trial}/merged`, { recursive: true });
  using context = new MountContext("tmpfs");
  context.mount(`${trial}/merged`);
  {
    using lock = Dir.open(trial);
    assert(tryLock(lock.fd, trial));

    await driver.cleanup();

    assertEquals(temp.temp.mounts, [`${trial}/merged`]);
  }
  await driver.cleanup();

  assertEquals(temp.temp.mounts, []);
  assertEquals(namesIn(home), ["l/"]);
});
