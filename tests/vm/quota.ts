/**
 * Sizes of layers, by project quota.
 *
 * @module
 */

import { assert, assertEquals } from "../assert.ts";
import { test } from "./harness.ts";
import {
  codeOf,
  collect,
  EXT4,
  EXT4_QUOTA,
  type Home,
  newHome,
  type Place,
  streamOf,
  TMPFS,
  XFS,
} from "./places.ts";

const MIB = 1024 * 1024;

/** What the two file systems say when a project is full. */
const FULL = ["EDQUOT", "ENOSPC"];

/** Writes a file of zeros. */
function write(path: string, mebibytes: number): void {
  using file = Deno.openSync(path, { write: true, create: true });
  const chunk = new Uint8Array(MIB / 4);
  for (let i = 0; i < mebibytes * 4; i++) file.writeSync(chunk);
  file.syncSync();
}

async function assertFull(run: () => unknown): Promise<void> {
  const code = await codeOf(run);
  assert(FULL.includes(code), `${code} is none of ${FULL}`);
}

/** Makes a writable layer on an empty base, and mounts it. */
async function mountNew(
  { driver }: Home,
  id: string,
  storageOpt?: Record<string, string>,
): Promise<string> {
  if (!await driver.exists("base")) await driver.create("base");
  const options = storageOpt === undefined ? {} : { storageOpt };
  await driver.createReadWrite(id, "base", options);
  return (await driver.get(id)).path;
}

/** Number of bytes that the file system of `path` has for it in all. */
async function capacity(path: string): Promise<number> {
  const { bsize, blocks } = await import("node:fs").then(({ statfsSync }) =>
    statfsSync(path)
  );
  return bsize * blocks;
}

function testPlace(place: Place): void {
  const on = `on ${place.name}`;

  test(`size ends a layer's growth, also in its directories ${on}`, async () => {
    await using home = await newHome(place);
    const path = await mountNew(home, "small", { size: "8M" });

    write(`${path}/fits`, 6);
    Deno.mkdirSync(`${path}/a/b`, { recursive: true });
    await assertFull(() => write(`${path}/a/b/too-much`, 4));
    Deno.removeSync(`${path}/a/b/too-much`);
    write(`${path}/a/b/fits`, 1);
  });

  test(`each layer has a size of its own ${on}`, async () => {
    await using home = await newHome(place);
    const one = await mountNew(home, "one", { size: "4M" });
    const two = await mountNew(home, "two", { size: "8M" });
    const free = await mountNew(home, "free");

    await assertFull(() => write(`${one}/f`, 6));
    write(`${two}/f`, 6);
    write(`${free}/f`, 12);

    assertEquals(await capacity(`${home.path}/one/diff`), 4 * MIB);
    assertEquals(await capacity(`${home.path}/two/diff`), 8 * MIB);
    assert(await capacity(`${home.path}/free/diff`) > 100 * MIB);
  });

  test(`inodes end the number of a layer's files ${on}`, async () => {
    await using home = await newHome(place);
    const path = await mountNew(home, "few", { inodes: "20" });

    await assertFull(() => {
      for (let i = 0; i < 30; i++) Deno.writeTextFileSync(`${path}/${i}`, "");
    });

    const made = [...Deno.readDirSync(path)].length;
    assert(made >= 10 && made < 20, `${made} files`);
  });

  test(`overlay2.size is the size of writable layers that name none ${on}`, async () => {
    const options = { storageOpts: ["overlay2.size=4M"] };
    await using home = await newHome(place, options);
    const path = await mountNew(home, "usual");
    const larger = await mountNew(home, "larger", { size: "12M" });

    await assertFull(() => write(`${path}/f`, 6));
    write(`${larger}/f`, 10);

    assert(await capacity(`${home.path}/base/diff`) > 100 * MIB);
  });

  test(`size is for writable layers only ${on}`, async () => {
    await using home = await newHome(place);
    const storageOpt = { size: "4M" };

    const code = await codeOf(() =>
      home.driver.create("base", undefined, { storageOpt })
    );

    assertEquals(code, "EINVAL");
    assertEquals(await home.driver.exists("base"), false);
  });

  test(`a home that is opened again gives no layer another's limit ${on}`, async () => {
    await using home = await newHome(place);
    const old = await mountNew(home, "old", { size: "4M" });
    await using again = await reopen(home);
    const one = await mountNew(again, "one", { size: "8M" });
    await assertFull(() => write(`${old}/f`, 6));

    write(`${one}/f`, 7);
    await again.driver.put("one");
    await again.driver.remove("one");
    const two = await mountNew(again, "two", { size: "8M" });
    write(`${two}/f`, 7);

    assertEquals(await capacity(`${home.path}/old/diff`), 4 * MIB);
  });

  test(`two homes of one file system give no layer another's limit ${on}`, async () => {
    await using home = await newHome(place);
    await using other = await newHome(place);
    const small = await mountNew(home, "small", { size: "4M" });
    const large = await mountNew(other, "large", { size: "16M" });

    await assertFull(() => write(`${small}/f`, 6));
    write(`${large}/f`, 12);

    assertEquals(await capacity(`${home.path}/small/diff`), 4 * MIB);
  });
}

/** Names directly in a layer's directory that work in progress leaves. */
function straysIn({ path }: Home, id: string): string[] {
  return [...Deno.readDirSync(`${path}/${id}`)].map(({ name }) => name)
    .filter((name) => name.startsWith(".tmp-"));
}

/** A second driver on a home; the first one stays the owner of the directory. */
async function reopen(home: Home): Promise<Home> {
  const { init } = await import("../../mod.ts");
  const driver = await init(home.path);
  return {
    path: home.path,
    driver,
    [Symbol.asyncDispose]: () => driver.cleanup(),
  };
}

/** What a layer that is full, or becomes full, does to calls. */
function testFull(place: Place): void {
  const on = `on ${place.name}`;

  test(`a layer that is full can be put, mounted, compared and removed ${on}`, async () => {
    await using home = await newHome(place);
    const path = await mountNew(home, "small", { size: "4M", inodes: "20" });
    await assertFull(() => write(`${path}/f`, 6));
    await assertFull(() => {
      for (let i = 0; i < 30; i++) Deno.writeTextFileSync(`${path}/${i}`, "");
    });

    await home.driver.put("small");
    const changes = await home.driver.changes("small");
    const archive = await collect(home.driver.diff("small"));
    // The mountpoint is one inode more, which there may not be.
    const again = await codeOf(() => home.driver.get("small"));
    if (again === "none") await home.driver.put("small");
    await home.driver.remove("small");

    assert(changes.some(({ path }) => path === "/f"), `${changes.length}`);
    assert(archive.length > 3 * MIB, `${archive.length} bytes`);
    assert(["none", ...FULL].includes(again), again);
    assertEquals(await home.driver.exists("small"), false);
    assertEquals([...Deno.readDirSync(`${home.path}/l`)].length, 1);
  });

  test(`inodes that do not even hold a layer make none ${on}`, async () => {
    await using home = await newHome(place);
    await home.driver.create("base");
    const storageOpt = { inodes: "2" };

    await assertFull(() =>
      home.driver.createReadWrite("tiny", "base", { storageOpt })
    );

    assertEquals(await home.driver.exists("tiny"), false);
    assertEquals([...Deno.readDirSync(`${home.path}/l`)].length, 1);
    await home.driver.createReadWrite("tiny", "base");
  });

  test(`an archive beyond a layer's inodes leaves it empty ${on}`, async () => {
    await using home = await newHome(place);
    await home.driver.create("base");
    const storageOpt = { inodes: "20" };
    await home.driver.createReadWrite("few", "base", { storageOpt });
    await home.driver.create("many");
    const source = (await home.driver.get("many")).path;
    for (let i = 0; i < 40; i++) Deno.writeTextFileSync(`${source}/${i}`, "x");
    const archive = await collect(home.driver.diff("many"));

    for (const parent of [undefined, ""]) {
      await assertFull(() =>
        home.driver.applyDiff("few", parent, streamOf(archive))
      );
      assertEquals([...Deno.readDirSync(`${home.path}/few/diff`)], []);
      assertEquals(straysIn(home, "few"), []);
    }
  });
}

/** Registers the tests. */
export function testQuota(): void {
  // Root's direct writes are held back on xfs only.
  testFull(XFS);
  for (const place of [XFS, EXT4_QUOTA]) testPlace(place);

  test("a home on xfs has the device node that quotas need", async () => {
    await using home = await newHome(XFS);

    const node = Deno.lstatSync(`${home.path}/backingFsBlockDev`);

    assert(node.isBlockDevice);
    assertEquals(node.rdev, Deno.statSync(home.path).dev);
    assertEquals(node.mode! & 0o7777, 0o600);
  });

  for (const place of [TMPFS, EXT4]) {
    test(`a size is refused where it cannot be kept, on ${place.name}`, async () => {
      await using home = await newHome(place);
      const storageOpts = ["overlay2.size=4M"];
      const { init } = await import("../../mod.ts");

      const ofLayer = await codeOf(() => mountNew(home, "rw", { size: "4M" }));
      const ofHome = await codeOf(() => init(home.path, { storageOpts }));

      assertEquals([ofLayer, ofHome], ["ENOTSUP", "ENOTSUP"]);
      assertEquals(await home.driver.exists("rw"), false);
    });
  }
}
