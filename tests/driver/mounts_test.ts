/**
 * Mounting and unmounting layers.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { hasCode } from "../../src/linux/errno.ts";
import { MountContext } from "../../src/linux/mount.ts";
import { type Driver, init } from "../../mod.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { assertCode, fill, inLayer, tempDriver } from "../fixtures.ts";
import { namesIn } from "../trees.ts";

function write(path: string, text = ""): void {
  Deno.writeTextFileSync(path, text);
}

async function chain(driver: Driver): Promise<void> {
  await fill(driver, "base", undefined, (root) => write(`${root}/base`));
  await fill(driver, "middle", "base", (root) => write(`${root}/middle`));
  await fill(driver, "top", "middle", (root) => write(`${root}/top`));
}

/** Line of the mount table for a mountpoint. */
function mountLine(mountpoint: string): string | undefined {
  return Deno.readTextFileSync("/proc/self/mountinfo").split("\n")
    .find((line) => line.split(" ")[4] === mountpoint);
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Mounts something that is not an overlay. */
function mountOn(path: string): void {
  using context = new MountContext("tmpfs");
  context.mount(path);
}

Deno.test("Driver.get() gives a base layer's own directory and mounts nothing", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("base");
  await driver.create("child", "base");

  const { path } = await driver.get("base");

  assertEquals(path, `${home}/base/diff`);
  assertEquals(temp.temp.mounts, []);
  write(`${path}/file`);
  await driver.put("base");
  assertEquals(namesIn(`${home}/base`), [
    "committed",
    "diff/",
    "diff/file",
    "link",
  ]);
});

Deno.test("Driver.get() shows an empty layer as an empty directory of root", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");
  await temp.driver.create("child", "base");

  for (const id of ["base", "child"]) {
    await inLayer(temp.driver, id, (path) => {
      const { mode, uid, gid } = Deno.statSync(path);
      assertEquals([mode! & 0o7777, uid, gid], [0o755, 0, 0]);
      assertEquals(namesIn(path), []);
    });
  }
});

Deno.test("Driver.get() keeps modes and owners, in the layer and in its child", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await fill(driver, "base", undefined, (root) => {
    Deno.mkdirSync(`${root}/a subdir`);
    Deno.chmodSync(`${root}/a subdir`, 0o1705);
    Deno.chownSync(`${root}/a subdir`, 1, 2);
    write(`${root}/a file`, "content");
    Deno.chmodSync(`${root}/a file`, 0o4222);
  });
  await driver.createReadWrite("snap", "base");

  for (const id of ["base", "snap"]) {
    await inLayer(driver, id, (root) => {
      assertEquals(namesIn(root), ["a file", "a subdir/"]);
      const dir = Deno.statSync(`${root}/a subdir`);
      assertEquals([dir.mode! & 0o7777, dir.uid, dir.gid], [0o1705, 1, 2]);
      const file = Deno.statSync(`${root}/a file`);
      assertEquals([file.mode! & 0o7777, file.uid, file.gid], [0o4222, 0, 0]);
    });
  }
});

Deno.test("Driver.get() keeps a child's changes out of its parents", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await chain(driver);

  await inLayer(driver, "top", (root) => {
    assertEquals(namesIn(root), ["base", "middle", "top"]);
    Deno.removeSync(`${root}/base`);
    write(`${root}/middle`, "changed");
  });

  await inLayer(driver, "middle", (root) => {
    assertEquals(namesIn(root), ["base", "middle"]);
    assertEquals(Deno.readTextFileSync(`${root}/middle`), "");
  });
});

Deno.test("Driver.get() mounts a layer that was ever a parent read-only", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await chain(driver);
  await driver.create("brief", "top");
  await driver.remove("brief");

  await inLayer(driver, "top", async (root) => {
    await assertCode(() => write(`${root}/new`), "EROFS");
    assertEquals(namesIn(root), ["base", "middle", "top"]);
  });
  Deno.removeSync(`${temp.home}/top/committed`);
  await inLayer(driver, "top", (root) => write(`${root}/new`));
});

Deno.test("Driver.get() mounts through the short links, without index", async () => {
  await using temp = await tempDriver({ onDisk: true });
  const { driver, home } = temp;
  await chain(driver);
  const { path } = await driver.get("top");

  const line = mountLine(path)!;

  assertEquals(path, `${home}/top/merged`);
  assertStringIncludes(line, " overlay overlay rw,");
  for (const id of ["middle", "base"]) {
    const short = Deno.readTextFileSync(`${home}/${id}/link`);
    assertStringIncludes(line, `lowerdir+=${home}/l/${short}`);
  }
  assertStringIncludes(line, `upperdir=${home}/top/diff`);
  assertStringIncludes(line, `workdir=${home}/top/work`);
  assertEquals(/index=on|redirect_dir=|metacopy=on/.test(line), false, line);
  await driver.put("top");
});

Deno.test("Driver.get() mounts while the layers below are mounted too", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await chain(driver);
  await using _middle = await driver.get("middle");
  await using _base = await driver.get("base");
  await driver.createReadWrite("second", "middle");

  await using top = await driver.get("top");
  await using second = await driver.get("second");

  write(`${top.path}/file`, "top");
  write(`${second.path}/file`, "second");
  assertEquals(Deno.readTextFileSync(`${top.path}/file`), "top");
});

Deno.test("Driver.get() nests, and only the last put unmounts", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await chain(driver);

  const first = await driver.get("top");
  const second = await driver.get("top");
  assertEquals(second.path, first.path);
  await driver.put("top");
  assertEquals(temp.temp.mounts, [first.path]);
  await driver.put("top");

  assertEquals(temp.temp.mounts, []);
  assertEquals(exists(`${home}/top/merged`), false);
});

Deno.test("Driver.put() once too often is harmless", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await chain(driver);

  for (const id of ["top", "middle", "base"]) {
    await driver.put(id);
    await driver.get(id);
    await driver.put(id);
    await driver.put(id);
    await inLayer(driver, id, (root) => {
      assertEquals(namesIn(root).includes("base"), true);
    });
  }
  assertEquals(temp.temp.mounts, []);
});

Deno.test("Mount gives itself back once", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await chain(driver);
  const one = await driver.get("top");
  const two = await driver.get("top");

  await one[Symbol.asyncDispose]();
  await one[Symbol.asyncDispose]();

  assertEquals(temp.temp.mounts, [two.path]);
  await two[Symbol.asyncDispose]();
  assertEquals(temp.temp.mounts, []);
});

Deno.test("Driver.put() unmounts although somebody works there", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await chain(driver);
  const { path } = await driver.get("top");
  using busy = Dir.open(path);
  using file = Deno.openSync(`${path}/top`, { write: true });

  await driver.put("top");

  assertEquals(temp.temp.mounts, []);
  assertEquals(exists(`${home}/top/merged`), false);
  assertEquals(busy.tryStat("base")?.type, "file");
  file.writeSync(new Uint8Array([1]));
});

Deno.test("Driver.put() leaves alone what is in a mountpoint that is not mounted", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await chain(driver);
  Deno.mkdirSync(`${home}/top/merged`);
  write(`${home}/top/merged/precious`);

  await driver.put("top");

  assertEquals(exists(`${home}/top/merged/precious`), true);
});

Deno.test("Driver.put() unmounts what it has mounted, whatever became of the record", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await chain(driver);
  const { path } = await driver.get("top");
  await driver.get("top");
  write(`${home}/top/lower`);

  await driver.put("top");
  assertEquals(temp.temp.mounts, [path]);
  await driver.put("top");

  assertEquals(temp.temp.mounts, []);
  assertEquals(exists(`${home}/top/merged`), false);
  await assertCode(() => driver.put("top"), "EUCLEAN");
});

Deno.test("Driver.get() takes a mountpoint that is there already", async () => {
  const map = [{ containerId: 0, hostId: 1000, size: 10 }];
  await using temp = await tempDriver({ uidMap: map, gidMap: map });
  const { driver, home } = temp;
  await chain(driver);
  Deno.mkdirSync(`${home}/top/merged`, { mode: 0o777 });

  await inLayer(driver, "top", (root) => {
    assertEquals(namesIn(root), ["base", "middle", "top"]);
  });

  assertEquals(exists(`${home}/top/merged`), false);
});

Deno.test("Driver that begins anew counts a mount of its predecessor as one use", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await chain(driver);
  const { path } = await driver.get("top");
  await using successor = await init(home);

  await successor.get("top");
  await successor.put("top");
  assertEquals(temp.temp.mounts, [path]);
  await successor.put("top");

  assertEquals(temp.temp.mounts, []);
});

Deno.test("Driver.get() mounts again what somebody else unmounted", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await chain(driver);
  const { path } = await driver.get("top");
  await using other = await init(home);
  await other.put("top");
  assertEquals(temp.temp.mounts, []);

  await driver.get("top");

  assertEquals(temp.temp.mounts, [path]);
  assertEquals(namesIn(path), ["base", "middle", "top"]);
});

Deno.test("Driver.get() that fails leaves no mount, no mountpoint and no use", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await chain(driver);
  Deno.renameSync(`${home}/top/work`, `${home}/top/work-away`);

  await driver.get("top").then(
    () => assert(false, "mounted without a work directory"),
    (error) => assert(hasCode(error, "ENOENT", "EUCLEAN"), `${error}`),
  );

  assertEquals(temp.temp.mounts, []);
  assertEquals(exists(`${home}/top/merged`), false);
  Deno.renameSync(`${home}/top/work-away`, `${home}/top/work`);
  await driver.get("top");
  await driver.put("top");
  assertEquals(temp.temp.mounts, []);
});

Deno.test("Driver.get() with a label mounts with it or not at all", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await chain(driver);
  const label = 'system_u:object_r:container_file_t:s0:c1,c2"\\';

  const mount = await driver.get("top", label).catch((error) => {
    assert(hasCode(error, "ENOTSUP", "EPERM"), `${error}`);
  });
  if (mount) await driver.put("top");

  assertEquals(temp.temp.mounts, []);
  await inLayer(driver, "top", (root) => {
    assertEquals(namesIn(root), ["base", "middle", "top"]);
  });
});

Deno.test("Driver.get() ignores the label of a layer that is mounted", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await chain(driver);
  const one = await driver.get("top");

  const two = await driver.get("top", "no such label");

  assertEquals(two.path, one.path);
  await driver.put("top");
  await driver.put("top");
});

Deno.test("Driver.get() does not touch the process's working directory and umask", async () => {
  await using temp = await tempDriver();
  await chain(temp.driver);
  const umask = Deno.umask(0o027);
  Deno.umask(umask);
  const cwd = Deno.cwd();

  await inLayer(temp.driver, "top", () => {});

  assertEquals(Deno.cwd(), cwd);
  const now = Deno.umask(0o022);
  Deno.umask(now);
  assertEquals(now, umask);
});

Deno.test("Driver that is disposed unmounts what it mounted, and nothing else", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await chain(driver);
  await driver.createReadWrite("other", "middle");
  const other = await init(home);
  await driver.get("top");
  await driver.get("top");
  await driver.get("middle");
  const { path } = await other.get("other");

  await driver[Symbol.asyncDispose]();

  assertEquals(temp.temp.mounts, [path]);
  assertEquals(exists(`${home}/top/merged`), false);
  await other[Symbol.asyncDispose]();
  assertEquals(temp.temp.mounts, []);
});

Deno.test("Driver that is disposed unmounts the others if one layer cannot be looked at", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await chain(driver);
  await driver.createReadWrite("other", "middle");
  await driver.get("top");
  await driver.get("other");
  Deno.renameSync(`${home}/top`, `${home}/moved`);
  Deno.symlinkSync("top", `${home}/top`);

  await assertCode(() => driver[Symbol.asyncDispose](), "ELOOP");

  assertEquals(temp.temp.mounts, [`${home}/moved/merged`]);
  assertEquals(exists(`${home}/other/merged`), false);
});

Deno.test("Driver.cleanup() unmounts everything below the home", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await chain(driver);
  await using other = await init(home);
  const { path } = await driver.get("top");
  await other.get("middle");
  Deno.mkdirSync(`${path}/inner`);
  mountOn(`${path}/inner`);
  write(`${path}/inner/file`);

  await driver.cleanup();

  assertEquals(temp.temp.mounts, []);
  assertEquals(exists(`${home}/top/merged`), false);
  await driver.remove("top");
  await driver.remove("middle");
});

Deno.test("Driver.cleanup() never unmounts the home itself", async () => {
  await using temp = await tempDriver();
  const home = `${temp.temp.path}/mounted`;
  Deno.mkdirSync(home);
  mountOn(home);
  await using driver = await init(home);
  await chain(driver);
  await driver.get("top");

  await driver.cleanup();

  assertEquals(temp.temp.mounts, [home]);
  assertEquals(await driver.exists("top"), true);
});

Deno.test("Driver.cleanup() spares mounts beside the home", async () => {
  await using temp = await tempDriver();
  const beside = `${temp.home}-beside`;
  Deno.mkdirSync(beside);
  mountOn(beside);

  await temp.driver.cleanup();

  assertEquals(temp.temp.mounts, [beside]);
});

Deno.test("Driver.cleanup() of a home at rest changes nothing", async () => {
  await using temp = await tempDriver();
  await chain(temp.driver);
  const before = namesIn(temp.home);

  await temp.driver.cleanup();

  assertEquals(namesIn(temp.home), before);
});

Deno.test("Driver.remove() unmounts what is mounted below and spares its files", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("base");
  const inner = `${home}/base/diff/inner`;
  Deno.mkdirSync(inner);
  mountOn(inner);
  write(`${inner}/file`);
  using other = Dir.open(inner);
  const start = performance.now();

  await driver.remove("base");

  assertEquals(await driver.exists("base"), false);
  assertEquals(temp.temp.mounts, []);
  assertEquals(other.tryStat("file")?.type, "file");
  assert(performance.now() - start < 5000);
});
