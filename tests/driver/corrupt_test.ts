/**
 * Layers whose files were damaged.
 *
 * @module
 */

import type { Driver } from "../../mod.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import {
  assertCode,
  assertRefused,
  CALLS,
  fill,
  tempDriver,
} from "../fixtures.ts";
import { namesIn } from "../trees.ts";

const BAD_LOWERS: readonly string[] = [
  "",
  "\n",
  ":",
  "l/",
  "l/A:",
  ":l/A",
  "l/A\n",
  "l/..",
  "l/.",
  "l/../../etc",
  "l/a/b",
  "../base/diff",
  "/etc",
  "base/diff",
  "l/A\0B",
];

const BAD_LINKS: readonly string[] = [
  "",
  ".",
  "..",
  "a/b",
  "../base/diff",
  "A\n",
  "A\0",
  "A:B",
];

async function family(driver: Driver): Promise<void> {
  await fill(driver, "base", undefined, (root) => {
    Deno.writeTextFileSync(`${root}/secret`, "base");
  });
  await fill(driver, "other");
  await fill(driver, "child", "base");
}

for (const [name, call] of Object.entries(CALLS)) {
  if (name === "remove") continue;

  Deno.test(`Driver refuses a malformed "lower" in ${name}`, async () => {
    await using temp = await tempDriver();
    await family(temp.driver);
    for (const text of BAD_LOWERS) {
      Deno.writeTextFileSync(`${temp.home}/child/lower`, text);
      const task = () => call(temp.driver, "child");

      await assertRefused(temp.home, task, "EUCLEAN", JSON.stringify(text));
    }
  });
}

Deno.test('Driver refuses a malformed "lower" of a parent', async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await family(driver);
  for (const text of BAD_LOWERS) {
    Deno.writeTextFileSync(`${home}/child/lower`, text);
    const about = JSON.stringify(text);

    await assertRefused(
      home,
      () => driver.create("new", "child"),
      "EUCLEAN",
      about,
    );
    await assertRefused(
      home,
      () => driver.changes("other", "child"),
      "EUCLEAN",
      about,
    );
  }
});

Deno.test('Driver refuses a malformed "link" of a parent', async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await family(driver);
  for (const text of BAD_LINKS) {
    Deno.writeTextFileSync(`${home}/other/link`, text);
    const task = () => driver.create("new", "other");

    await assertRefused(home, task, "EUCLEAN", JSON.stringify(text));
  }
  Deno.removeSync(`${home}/other/link`);
  await assertRefused(home, () => driver.create("new", "other"), "EUCLEAN");
});

Deno.test("Driver refuses a layer whose record is made of anything but files", async () => {
  for (const name of ["link", "lower"]) {
    for (const type of ["directory", "link", "fifo", "device"]) {
      await using temp = await tempDriver();
      const { driver, home } = temp;
      await family(driver);
      const path = `${home}/child/${name}`;
      Deno.renameSync(path, `${home}/elsewhere`);
      if (type === "directory") Deno.mkdirSync(path);
      if (type === "link") Deno.symlinkSync("../elsewhere", path);
      if (type === "fifo") await run("mkfifo", path);
      if (type === "device") await run("mknod", path, "c", "0", "0");

      const about = `${name}, ${type}`;
      await assertRefused(home, () => driver.get("child"), "EUCLEAN", about);
      await assertRefused(
        home,
        () => driver.create("new", "child"),
        "EUCLEAN",
        about,
      );
    }
  }
});

async function run(program: string, ...args: string[]): Promise<void> {
  await new Deno.Command(program, { args }).output();
}

Deno.test("Driver refuses a layer whose lower is gone", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await family(driver);
  const short = Deno.readTextFileSync(`${home}/base/link`);
  Deno.removeSync(`${home}/l/${short}`);

  for (const [name, call] of Object.entries(CALLS)) {
    if (name === "put" || name === "remove") continue;
    await assertRefused(home, () => call(driver, "child"), "EUCLEAN", name);
  }
});

Deno.test("Driver refuses a layer whose lower has lost its content", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await family(driver);
  for (
    const breakIt of [
      () => Deno.removeSync(`${home}/base/diff`, { recursive: true }),
      () => Deno.writeTextFileSync(`${home}/base/diff`, "a file"),
    ]
  ) {
    breakIt();
    for (const name of ["get", "changes"] as const) {
      const call = () => CALLS[name]!(driver, "child");
      const error = await assertRefused(home, call, "EUCLEAN", name);
      assertStringIncludes(error.message, '"base" is gone');
    }
  }
});

Deno.test("Driver.getMetadata() refuses a short link that leads elsewhere", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await family(driver);
  const link = `${home}/l/${Deno.readTextFileSync(`${home}/base/link`)}`;
  for (const target of ["../../etc", "/etc", "../l/diff", "../base", "x"]) {
    Deno.removeSync(link);
    Deno.symlinkSync(target, link);
    const task = () => driver.getMetadata("child");

    await assertRefused(home, task, "EUCLEAN", target);
  }
  Deno.removeSync(link);
  Deno.writeTextFileSync(link, "not a link");
  await assertRefused(home, () => driver.getMetadata("child"), "EUCLEAN");
});

Deno.test("Driver refuses a layer without its own directory", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await family(driver);
  Deno.removeSync(`${home}/child/diff`, { recursive: true });

  for (const [name, call] of Object.entries(CALLS)) {
    if (name === "remove") continue;
    await assertRefused(home, () => call(driver, "child"), "EUCLEAN", name);
  }
});

Deno.test("Driver refuses a layer that is not a directory", async () => {
  await using temp = await tempDriver();
  Deno.writeTextFileSync(`${temp.home}/file`, "");
  Deno.mkdirSync(`${temp.temp.path}/outside/diff`, { recursive: true });
  Deno.symlinkSync("../outside", `${temp.home}/symlink`);

  for (const id of ["file", "symlink"]) {
    for (const [name, call] of Object.entries(CALLS)) {
      const task = () => call(temp.driver, id);
      await assertRefused(temp.home, task, "EUCLEAN", `${name} ${id}`);
    }
  }
});

Deno.test("Driver.remove() deletes a damaged layer and its short link only", async () => {
  for (const [file, text] of [["lower", ""], ["link", ""], ["link", ".."]]) {
    await using temp = await tempDriver();
    const { driver, home } = temp;
    await family(driver);
    const links = namesIn(`${home}/l`);
    const own = Deno.readTextFileSync(`${home}/child/link`);
    Deno.writeTextFileSync(`${home}/child/${file}`, text!);

    await driver.remove("child");

    assertEquals(await driver.exists("child"), false);
    assertEquals(namesIn(`${home}/l`), links.filter((name) => name !== own));
    assertEquals(await driver.exists("base"), true);
  }
});

Deno.test("Driver.remove() of a damaged layer leaves other layers' links alone", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await family(driver);
  const base = Deno.readTextFileSync(`${home}/base/link`);
  Deno.writeTextFileSync(`${home}/child/link`, base);

  await driver.remove("child");

  assertEquals(namesIn(`${home}/l`).includes(base), true);
  await driver.create("again", "base");
  await assertCode(() => driver.remove("base"), "EBUSY");
});

Deno.test("Driver tolerates what older versions of Docker left in a home", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await family(driver);
  Deno.removeSync(`${home}/base/committed`);
  Deno.chmodSync(`${home}/base`, 0o700);
  Deno.chmodSync(`${home}/child`, 0o701);
  Deno.chmodSync(`${home}/child/lower`, 0o666);
  Deno.mkdirSync(`${home}/child/merged`, { mode: 0o700 });
  Deno.writeTextFileSync(`${home}/child/.tmp-lower123`, "l/");
  Deno.mkdirSync(`${home}/metacopy-check123/l1`, { recursive: true });
  Deno.symlinkSync("../gone/diff", `${home}/l/DANGLING`);
  Deno.symlinkSync("../base/diff", `${home}/l/ORPHAN`);
  Deno.writeTextFileSync(`${home}/.tmp-x`, "");

  await fill(driver, "grandchild", "child", (root) => {
    assertEquals(namesIn(root), ["secret"]);
    Deno.removeSync(`${root}/secret`);
  });
  assertEquals(await driver.changes("grandchild"), [
    { path: "/secret", kind: "D" },
  ]);
  await driver.remove("grandchild");
  await driver.remove("child");
  await driver.remove("base");
});

Deno.test("Driver reads short names of any length", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await fill(driver, "base", undefined, (root) => {
    Deno.writeTextFileSync(`${root}/file`, "");
  });
  const old = Deno.readTextFileSync(`${home}/base/link`);
  Deno.renameSync(`${home}/l/${old}`, `${home}/l/s`);
  Deno.writeTextFileSync(`${home}/base/link`, "s");

  await fill(driver, "child", "base", (root) => {
    assertEquals(namesIn(root), ["file"]);
  });
  assertEquals(Deno.readTextFileSync(`${home}/child/lower`), "l/s");
  await driver.remove("child");
  await driver.remove("base");
  assertEquals(namesIn(`${home}/l`), []);
});
