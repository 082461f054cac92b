/**
 * Homes on file systems that are full or read-only, and processes without rights.
 *
 * @module
 */

import { init } from "../../mod.ts";
import { settled } from "../../src/driver/init.ts";
import { Dir } from "../../src/linux/dir.ts";
import { hasCode } from "../../src/linux/errno.ts";
import { MountContext } from "../../src/linux/mount.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import {
  assertCode,
  assertRefused,
  fill,
  inLayer,
  streamOf,
  TempDir,
} from "../fixtures.ts";
import { archive, dir, file } from "../tar_builder.ts";
import { namesIn } from "../trees.ts";

/** Mounts a small file system in memory, and opens a driver on it. */
async function smallHome(
  temp: TempDir,
  options: Record<string, string>,
): Promise<{ home: string; driver: Awaited<ReturnType<typeof init>> }> {
  using context = new MountContext("tmpfs");
  for (const [key, value] of Object.entries(options)) {
    context.setString(key, value);
  }
  const path = `${temp.path}/small`;
  Deno.mkdirSync(path);
  context.mount(path);
  const home = `${path}/home`;
  return { home, driver: await init(home, { onWarning: () => {} }) };
}

/** Names directly in a home. */
function entriesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
}

const MANY = archive(
  ...Array.from({ length: 400 }, (_, i) => file(`file-${i}`, "x")),
);
const LARGE = archive(dir("d"), file("d/large", new Uint8Array(3_000_000)));

for (const parent of [undefined, ""]) {
  const way = parent === "" ? "a mounted tree" : "an upper directory";

  Deno.test(`Driver.applyDiff() into ${way} takes everything back when the disk is full`, async () => {
    using temp = new TempDir();
    const { home, driver } = await smallHome(temp, { size: "2m" });
    await driver.create("base");
    await driver.create("top", "base");

    await assertCode(
      () => driver.applyDiff("top", parent, streamOf(LARGE)),
      "ENOSPC",
    );

    assertEquals(namesIn(`${home}/top/diff`), []);
    assertEquals(entriesIn(`${home}/top`).filter((n) => n.startsWith(".")), []);
    await driver.applyDiff("top", parent, streamOf(archive(file("f", "x"))));
    await driver.remove("top");
    await driver.remove("base");
    await settled(driver);
    assertEquals(namesIn(home), ["l/"]);
  });

  Deno.test(`Driver.applyDiff() into ${way} takes everything back when there are no inodes left`, async () => {
    using temp = new TempDir();
    const { home, driver } = await smallHome(temp, { nr_inodes: "200" });
    await driver.create("base");
    await driver.create("top", "base");

    await assertCode(
      () => driver.applyDiff("top", parent, streamOf(MANY)),
      "ENOSPC",
    );

    assertEquals(namesIn(`${home}/top/diff`), []);
    assertEquals(entriesIn(`${home}/top`).filter((n) => n.startsWith(".")), []);
  });
}

Deno.test("Driver.create() leaves nothing behind wherever the disk becomes full", async () => {
  using temp = new TempDir();
  const { home, driver } = await smallHome(temp, { nr_inodes: "60" });
  await fill(driver, "base");
  using root = Dir.open(`${temp.path}/small`);
  const fillers: string[] = [];
  for (;;) {
    try {
      root.mkdir(`filler-${fillers.length}`, 0o755);
      fillers.push(`filler-${fillers.length}`);
    } catch (error) {
      assert(hasCode(error, "ENOSPC"), `${error}`);
      break;
    }
  }
  let refused = 0;
  for (let free = 0; free < 12; free++) {
    try {
      await assertRefused(home, () => driver.create("new", "base"), "ENOSPC");
      refused++;
    } catch {
      break;
    }
    root.rmdir(fillers.pop()!);
  }

  assert(refused >= 3 && refused < 12, `${refused} refusals`);
  assertEquals(await driver.exists("new"), true);
  await inLayer(driver, "base", (path) => assertEquals(namesIn(path), []));
});

Deno.test("init() opens a home that was used before although its disk is full", async () => {
  using temp = new TempDir();
  const { home, driver } = await smallHome(temp, { nr_inodes: "60" });
  await driver.create("base");
  using root = Dir.open(`${temp.path}/small`);
  await assertCode(() => {
    for (let i = 0;; i++) root.mkdir(`filler-${i}`, 0o755);
  }, "ENOSPC");

  const again = await init(home);

  await assertCode(() => again.create("new"), "ENOSPC");
  await again.remove("base");
  await again.create("new");
});

Deno.test("init() opens a home that was used before although its disk is read-only", async () => {
  using temp = new TempDir();
  const { home, driver } = await smallHome(temp, {});
  await driver.create("base");
  await driver.applyDiff("base", "", streamOf(archive(file("f", "x"))));
  const options = ["-o", "remount,ro", `${temp.path}/small`];
  await new Deno.Command("mount", { args: options }).output();

  const again = await init(home);

  assertEquals(await again.changes("base"), [{ path: "/f", kind: "A" }]);
  await assertCode(() => again.create("new"), "EROFS");
  await assertCode(() => again.remove("base"), "EROFS");
  assertEquals(await again.exists("base"), true);
});

Deno.test("init() tells that a file system is read-only, and touches nothing", async () => {
  using temp = new TempDir();
  using context = new MountContext("tmpfs");
  context.setFlag("ro");
  const path = `${temp.path}/ro`;
  Deno.mkdirSync(path);
  context.mount(path);

  await assertCode(() => init(`${path}/home`), "EROFS");

  assertEquals(namesIn(path), []);
});

Deno.test("init() tells a process without CAP_SYS_ADMIN that it takes root", async () => {
  using temp = new TempDir();
  const module = new URL("../../mod.ts", import.meta.url).href;
  const program = `
    const { init } = await import(${JSON.stringify(module)});
    try {
      await init(${JSON.stringify(`${temp.path}/home`)});
    } catch (error) {
      console.log(error.code, error.message);
    }
  `;

  const { stdout, stderr } = await new Deno.Command("setpriv", {
    args: [
      "--bounding-set=-sys_admin",
      Deno.execPath(),
      "eval",
      "--no-check",
      program,
    ],
  }).output();

  const text = new TextDecoder().decode(stdout);
  assert(text.startsWith("EPERM "), text + new TextDecoder().decode(stderr));
  assertStringIncludes(text, "CAP_SYS_ADMIN");
  assertEquals(namesIn(temp.path), []);
});
