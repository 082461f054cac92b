/**
 * Opening a home, and what the driver tells of itself and its layers.
 *
 * @module
 */

import { type Driver, type DriverOptions, init } from "../../mod.ts";
import { Dir } from "../../src/linux/dir.ts";
import { fsMagic } from "../../src/linux/statfs.ts";
import { setXattrFd } from "../../src/linux/xattr.ts";
import { encodeName } from "../../src/text.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import {
  assertCode,
  bytesOf,
  fill,
  inLayer,
  openDescriptors,
  TempDir,
  tempDriver,
} from "../fixtures.ts";
import { describeTree, namesIn } from "../trees.ts";

Deno.test("init() makes a home that only root can look into", async () => {
  await using temp = await tempDriver();

  const home = Deno.statSync(temp.home);
  const links = Deno.statSync(`${temp.home}/l`);

  assertEquals([home.mode! & 0o7777, home.uid, home.gid], [0o710, 0, 0]);
  assertEquals([links.mode! & 0o7777, links.uid, links.gid], [0o700, 0, 0]);
  assertEquals(namesIn(temp.home), ["l/"]);
  assertEquals(temp.temp.mounts, []);
});

Deno.test("init() takes an empty directory although it was interrupted there before", async () => {
  using temp = new TempDir();
  Deno.mkdirSync(`${temp.path}/home/.tmp-probe-${crypto.randomUUID()}/merged`, {
    recursive: true,
  });

  await using driver = await init(`${temp.path}/home`);

  const names = [...Deno.readDirSync(driver.home)].map(({ name }) => name);
  assertEquals(names, ["l"]);
});

Deno.test("init() corrects the modes of a home and leaves its layers alone", async () => {
  await using temp = await tempDriver();
  await fill(temp.driver, "base");
  await fill(temp.driver, "top", "base");
  const layers = ["base", "top"].map((id) => `${temp.home}/${id}`);
  const before = layers.map((path) => describeTree(path));
  Deno.chmodSync(temp.home, 0o777);
  Deno.chmodSync(`${temp.home}/l`, 0o755);

  await using _driver = await init(temp.home);

  assertEquals(Deno.statSync(temp.home).mode! & 0o7777, 0o710);
  assertEquals(Deno.statSync(`${temp.home}/l`).mode! & 0o7777, 0o700);
  assertEquals(layers.map((path) => describeTree(path)), before);
});

Deno.test("init() does not make the directory above the home", async () => {
  using temp = new TempDir();

  await assertCode(() => init(`${temp.path}/a/home`), "ENOENT");

  assertEquals(namesIn(temp.path), []);
});

Deno.test("init() refuses a home that is no path", async () => {
  await assertCode(() => init(""), "EINVAL");
  await assertCode(() => init("a\0b"), "EINVAL");
});

Deno.test("init() takes a path with slashes at its end, or a relative one", async () => {
  await using temp = await tempDriver();
  await using driver = await init(`${temp.home}///`);
  assertEquals(driver.home, temp.home);
  const cwd = Deno.cwd();
  const up = cwd.split("/").filter(Boolean).map(() => "..").join("/");
  await using relative = await init(`${up}${temp.home}`);

  await relative.create("base");

  assertEquals(await driver.exists("base"), true);
});

const REFUSED: readonly [DriverOptions, string][] = [
  [{ storageOpts: ["overlay2.size"] }, "unable to parse storage-opt key/value"],
  [{ storageOpts: [""] }, "unable to parse storage-opt key/value"],
  [{ storageOpts: ["overlay2.override_kernel_check=true"] }, "unknown option"],
  [{ storageOpts: ["dm.basesize=10G"] }, "unknown option dm.basesize"],
  [{ storageOpts: ["overlay2.size=ten"] }, "invalid size: 'ten'"],
  [{ storageOpts: ["overlay2.size=1xb"] }, "invalid suffix: 'xb'"],
  [{ storageOpts: ["overlay2.max_depth=0"] }, "max_depth"],
  [{ storageOpts: ["overlay2.max_depth=501"] }, "max_depth"],
  [{ uidMap: [{ containerId: 1, hostId: 100, size: 10 }] }, "id map"],
  [{ gidMap: [{ containerId: 5, hostId: 0, size: 1 }] }, "id map"],
];

for (const [options, part] of REFUSED) {
  Deno.test(`init() refuses ${JSON.stringify(options)} before it touches the home`, async () => {
    using temp = new TempDir();

    const task = () => init(`${temp.path}/home`, options);
    const error = await assertCode(task, "EINVAL");

    assertStringIncludes(error.message, part);
    assertEquals(namesIn(temp.path), []);
  });
}

Deno.test("init() takes a map without ranges for none", async () => {
  await using temp = await tempDriver({ uidMap: [], gidMap: [] });
  await temp.driver.create("base");

  const { uid, gid } = Deno.statSync(`${temp.home}/base/diff`);

  assertEquals([uid, gid], [0, 0]);
});

Deno.test("init() takes options with spaces and capitals, as dockerd does", async () => {
  await using temp = await tempDriver({
    storageOpts: [" Overlay2.SIZE = 0 ", "overlay2.max_depth= 200"],
  });

  assertEquals(await temp.driver.exists("any"), false);
});

Deno.test("Driver.status() tells Docker's five facts in Docker's order", async () => {
  await using temp = await tempDriver();

  assertEquals(temp.driver.status(), [
    ["Backing Filesystem", "tmpfs"],
    ["Supports d_type", "true"],
    ["Using metacopy", "false"],
    ["Native Overlay Diff", "true"],
    ["userxattr", "false"],
  ]);
  assertEquals(namesIn(temp.home), ["l/"]);
  assertEquals(temp.temp.mounts, []);
});

Deno.test("Driver tells its name and home", async () => {
  await using temp = await tempDriver();

  assertEquals(temp.driver.toString(), "overlay2");
  assertEquals(`${temp.driver}`, "overlay2");
  assertEquals(temp.driver.home, temp.home);
});

Deno.test("Driver.getMetadata() tells where a layer lies", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("base");
  await driver.create("middle", "base");
  await driver.create("top", "middle");

  assertEquals(await driver.getMetadata("base"), {
    WorkDir: `${home}/base/work`,
    MergedDir: `${home}/base/merged`,
    UpperDir: `${home}/base/diff`,
  });
  assertEquals(await driver.getMetadata("top"), {
    WorkDir: `${home}/top/work`,
    MergedDir: `${home}/top/merged`,
    UpperDir: `${home}/top/diff`,
    LowerDir: `${home}/middle/diff:${home}/base/diff`,
  });
});

Deno.test("Driver judges each home by itself", async () => {
  await using disk = await tempDriver({ onDisk: true });
  await using memory = await tempDriver();
  const backing = ({ driver }: { driver: Driver }) => driver.status()[0]![1];

  assertEquals(backing(memory), "tmpfs");
  if (fsMagic(disk.home) === 0xef53) assertEquals(backing(disk), "extfs");
});

Deno.test("Driver.exists() knows layers only while they are there", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;

  assertEquals(await driver.exists("base"), false);
  await driver.create("base");
  assertEquals(await driver.exists("base"), true);
  await driver.remove("base");
  assertEquals(await driver.exists("base"), false);
});

Deno.test("Driver.diffSize() adds up files once, and links by their length", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await fill(driver, "base", undefined, (root) => {
    Deno.writeTextFileSync(`${root}/old`, "12345");
  });
  await fill(driver, "middle", "base");
  await fill(driver, "top", "middle", (root) => {
    Deno.mkdirSync(`${root}/dir`);
    Deno.writeTextFileSync(`${root}/dir/file`, "123");
    Deno.linkSync(`${root}/dir/file`, `${root}/link`);
    Deno.symlinkSync("1234567", `${root}/symlink`);
    Deno.writeTextFileSync(`${root}/empty`, "");
    Deno.removeSync(`${root}/old`);
  });

  assertEquals(await driver.diffSize("top"), 10);
  assertEquals(await driver.diffSize("top", "base"), 10);
  assertEquals(await driver.diffSize("top", ""), 10);
  assertEquals(await driver.diffSize("middle", ""), 5);
  assertEquals(await driver.diffSize("middle"), 0);
});

Deno.test("Driver reads a layer that the kernel redirected through its mount", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await fill(driver, "base", undefined, (root) => {
    Deno.mkdirSync(`${root}/old`);
    Deno.writeTextFileSync(`${root}/old/file`, "");
  });
  await fill(driver, "top", "base", (root) => {
    Deno.removeSync(`${root}/old`, { recursive: true });
    Deno.mkdirSync(`${root}/new`);
    Deno.writeTextFileSync(`${root}/new/own`, "");
  });
  using dir = Dir.open(`${home}/top/diff/new`);
  const name = "trusted.overlay.redirect";
  setXattrFd(dir.fd, name, encodeName("old"), dir.path);

  const shown = await inLayer(driver, "top", (root) => namesIn(root));
  const changed = await driver.changes("top");
  const inNew = changed.filter(({ path }) => path.startsWith("/new/"));

  assertEquals(
    inNew.map(({ path }) => path.slice(1)),
    shown.filter((path) => /^new\/./.test(path)),
  );
  assertEquals(shown, ["new/", "new/file", "new/own"]);
  await assertCode(() => bytesOf(driver.diff("top")), "ENOTSUP");
});

Deno.test("Driver leaves no descriptor open, however often it is opened", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await fill(driver, "base");
  await fill(driver, "top", "base");
  const before = openDescriptors();

  for (let i = 0; i < 20; i++) {
    await using other = await init(home);
    await other.getMetadata("top");
    await other.changes("top");
    other.status();
    await assertCode(() => other.getMetadata("none"), "ENOENT");
    await assertCode(() => other.create("top", "base"), "EEXIST");
  }

  assert(openDescriptors() <= before, `${openDescriptors()} > ${before}`);
});
