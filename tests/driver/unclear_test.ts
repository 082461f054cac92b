import { settled } from "../../src/driver/init.ts";
import { assertEquals } from "../assert.ts";
import { assertCode, tempDriver } from "../fixtures.ts";

Deno.test("Driver.remove() keeps a parent that a layer with an unreadable record may stand on", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("base");
  await driver.create("broken", "base");
  await driver.create("leaf");
  await Deno.writeTextFile(`${home}/broken/lower`, "");

  await assertCode(() => driver.remove("base"), "EBUSY");

  const record = await Deno.readTextFile(`${home}/base/link`);
  await Deno.writeTextFile(`${home}/broken/lower`, `l/${record}`);
  await assertCode(() => driver.remove("base"), "EBUSY", "stands on it");
  await Deno.writeTextFile(`${home}/broken/lower`, "l/");
  await driver.remove("leaf");
  await driver.remove("broken");
  await driver.remove("base");
  await settled(driver);
  assertEquals([...Deno.readDirSync(home)].map(({ name }) => name), ["l"]);
});

Deno.test("Driver.remove() keeps a parent whose child has no file that lists it", async () => {
  for (const harm of ["missing", "link", "directory", "fifo"]) {
    await using temp = await tempDriver();
    const { driver, home } = temp;
    await driver.create("base");
    await driver.create("child", "base");
    const lower = `${home}/child/lower`;
    await Deno.remove(lower);
    if (harm === "link") await Deno.symlink("nowhere", lower);
    if (harm === "directory") await Deno.mkdir(lower);
    if (harm === "fifo") {
      await new Deno.Command("mkfifo", { args: [lower] }).output();
    }

    await assertCode(() => driver.remove("base"), "EBUSY", harm);
  }
});

Deno.test("Driver.remove() keeps a parent whose short link was lost and made again", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("base");
  await driver.create("parent", "base");
  await driver.create("child", "parent");
  const link = `${home}/l/${await Deno.readTextFile(`${home}/parent/link`)}`;
  await Deno.remove(link);
  await assertCode(() => driver.remove("base"), "EBUSY");
  await Deno.symlink("../parent/diff", link);

  await assertCode(() => driver.remove("parent"), "EBUSY");
});

Deno.test("Driver.cleanup() clears away what killed probes and mounts left", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("base");
  await driver.create("top", "base");
  const id = crypto.randomUUID();
  await Deno.mkdir(`${home}/.tmp-probe-${id}/work`, { recursive: true });
  await Deno.mkdir(`${home}/top/.tmp-diff01234567/half`, { recursive: true });
  await Deno.mkdir(`${home}/top/merged`);
  await Deno.writeTextFile(`${home}/a-file`, "of somebody else");

  await driver.cleanup();

  const names = (dir: string) =>
    [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
  assertEquals(names(home), ["a-file", "base", "l", "top"]);
  assertEquals(names(`${home}/top`), ["diff", "link", "lower", "work"]);
});

Deno.test("Driver.remove() keeps a parent whose child lost one of two short links", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("base");
  await driver.create("child", "base");
  await Deno.symlink("../child/diff", `${home}/l/SECOND`);
  await assertCode(() => driver.remove("base"), "EBUSY");
  await Deno.remove(`${home}/l/SECOND`);

  await assertCode(() => driver.remove("base"), "EBUSY");
});
