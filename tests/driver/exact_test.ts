/**
 * Diffs that are the very archive that a layer was filled from.
 *
 * @module
 */

import { type Driver, init } from "../../mod.ts";
import { contextOf } from "../../src/driver/driver.ts";
import { RecordWriter } from "../../src/tar/record.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { execute } from "../cli/program.ts";
import {
  assertCode,
  bytesOf,
  inLayer,
  openDescriptors,
  streamOf,
  tempDriver,
  type TempDriverOptions,
} from "../fixtures.ts";
import { CASES } from "../tar/cases.ts";
import { readArchive } from "../tar/fixture.ts";
import { archive, dir, file, link, symlink } from "../tar_builder.ts";
import { describeTree, namesIn } from "../trees.ts";

const EXACT = { storageOpts: ["overlay2.exact=true"] };

function exactDriver(options: TempDriverOptions = {}) {
  return tempDriver({ ...EXACT, ...options });
}

/** Padding beyond the end, as many programs write it. */
const TAIL = new Uint8Array(9 * 512);

/** An archive that no diff would be, with what a layer has. */
const FOREIGN = Uint8Array.from([
  ...archive(
    file("z", "last comes first", { uid: 1000, gid: 7 }),
    dir("./d"),
    file("./d//f", "x".repeat(3000)),
    file("empty"),
    symlink("s", "d"),
    file("s/behind a link", "content"),
    link("hard", "z", { uid: 1000, gid: 7 }),
    file(".wh.gone", "a whiteout with content"),
    file("d/.wh..wh..opq"),
    file("implied/by/name", "content"),
  ),
  ...TAIL,
]);

/** Whether a layer's archive is kept. */
function isKept(home: string, id: string): boolean {
  return [...Deno.readDirSync(`${home}/${id}`)].some(({ name }) =>
    name === "exact"
  );
}

async function applied(
  driver: Driver,
  bytes: Uint8Array,
  id = "base",
  parent = "",
): Promise<void> {
  await driver.create(id, parent);
  await driver.applyDiff(id, parent, streamOf(bytes, 1000));
}

async function diffOf(
  driver: Driver,
  id = "base",
  parent?: string,
): Promise<Uint8Array> {
  return await bytesOf(driver.diff(id, parent));
}

Deno.test("Driver.diff() gives the bytes that Driver.applyDiff() got, if they are kept", async () => {
  await using temp = await exactDriver();
  const { driver, home, warnings } = temp;
  await applied(driver, FOREIGN);
  const before = openDescriptors();

  assertEquals(await diffOf(driver), FOREIGN);
  assertEquals(await diffOf(driver, "base", ""), FOREIGN);

  assertEquals(openDescriptors(), before);
  assertEquals(warnings, []);
  const { size, mode } = Deno.statSync(`${home}/base/exact`);
  assertEquals(mode! & 0o777, 0o600);
  assert(size < 1000, `${size} bytes`);
  await using plain = await init(home);
  assertEquals(await diffOf(plain), FOREIGN);
  await applied(plain, FOREIGN, "other");
  assert(!isKept(home, "other"));
  assert((await diffOf(plain, "other")).length !== FOREIGN.length);
});

Deno.test("Driver.diff() of a child gives its own archive, and to no other parent", async () => {
  await using temp = await exactDriver();
  const { driver } = temp;
  await applied(driver, FOREIGN);
  const upper = archive(file("z", "again"), file("a", "a"));
  await applied(driver, upper, "top", "base");

  assertEquals(await diffOf(driver, "top"), upper);
  assertEquals(await diffOf(driver, "base"), FOREIGN);
  const all = await diffOf(driver, "top", "");
  assert(all.length > upper.length);
  assertEquals(await driver.diffSize("top"), 6);
  assertEquals((await driver.changes("top")).map(({ kind }) => kind), [
    "A",
    "C",
  ]);
  const files = await bytesOf(driver.diff("top", ""));
  assertEquals(files, all);
});

Deno.test("Driver.diff() gives every archive again that can be unpacked", async () => {
  await using temp = await exactDriver();
  const { driver, home, warnings } = temp;
  let kept = 0;
  for (const [i, [name, bytes]] of Object.entries(CASES).entries()) {
    if (readArchive(bytes).error !== undefined) continue;
    await driver.create(`${i}`);
    try {
      await driver.applyDiff(`${i}`, "", streamOf(bytes, 777));
    } catch {
      // Well-formed, and nothing that a layer can hold.
      assertEquals(namesIn(`${home}/${i}`), ["diff/", "link"], name);
      continue;
    }
    kept++;
    assertEquals(await diffOf(driver, `${i}`), bytes, name);
  }
  assert(kept > 30, `${kept} archives`);
  assertEquals(warnings.filter((text) => text.includes("not kept")), []);
});

Deno.test("Driver.diff() gives archives again that tar wrote, sparse files too", async () => {
  await using temp = await exactDriver({ onDisk: true });
  const { driver, temp: place } = temp;
  const root = `${place.path}/tree`;
  Deno.mkdirSync(`${root}/a/b`, { recursive: true });
  Deno.writeTextFileSync(`${root}/a/${"long".repeat(40)}`, "name");
  Deno.writeTextFileSync(`${root}/a/b/file`, "x".repeat(100_000));
  using hole = Deno.openSync(`${root}/sparse`, { create: true, write: true });
  for (const at of [100_000, 1_000_000, 3_000_000]) {
    hole.seekSync(at, Deno.SeekMode.Start);
    hole.writeSync(new Uint8Array(5000).fill(at & 0xff));
  }
  hole.truncateSync(5_000_000);
  Deno.linkSync(`${root}/sparse`, `${root}/again`);
  const formats = ["v7", "oldgnu", "gnu", "ustar", "pax"];
  const more = [["-S"], ["-S", "--sparse-version=0.0"], ["-b", "1"], [
    "-S",
    "--sparse-version=0.1",
  ], ["--pax-option=globexthdr.name=g,comment=hello"]];
  let layers = 0;
  for (const format of formats) {
    for (const words of more) {
      const path = `${place.path}/${format}${words.join("")}.tar`;
      await execute([
        ...["tar", "-C", root, `--format=${format}`, ...words],
        ...["-cf", path, "."],
      ]);
      // Not every format goes with every option, or has room for the name.
      if (!namesIn(place.path).includes(path.slice(place.path.length + 1))) {
        continue;
      }
      const bytes = Deno.readFileSync(path);
      await applied(driver, bytes, `l${layers}`);
      assertEquals(
        await diffOf(driver, `l${layers}`) as Uint8Array,
        bytes,
        `${format} ${words}`,
      );
      layers++;
    }
  }
  assert(layers > 10);
});

Deno.test("Driver.get() for writing ends that the archive is kept", async () => {
  await using temp = await exactDriver();
  const { driver, home } = temp;
  await applied(driver, FOREIGN);
  await applied(driver, FOREIGN, "top", "base");
  await applied(driver, FOREIGN, "lower");
  await driver.create("child", "lower");

  for (const id of ["base", "top", "lower", "child"]) {
    await inLayer(driver, id, () => {});
  }

  // "base" has a child, so it is not written to.
  assert(isKept(home, "base"));
  assert(!isKept(home, "top"));
  assertEquals(await diffOf(driver, "lower"), FOREIGN);
  assert((await diffOf(driver, "top")).length !== FOREIGN.length);
});

Deno.test("Driver.get() of a base layer without children ends it as well", async () => {
  await using temp = await exactDriver();
  const { driver, home } = temp;
  await applied(driver, FOREIGN);

  await inLayer(driver, "base", (root) => Deno.chmodSync(`${root}/z`, 0o600));

  assert(!isKept(home, "base"));
  assert((await diffOf(driver)).length !== FOREIGN.length);
});

Deno.test("Driver.applyDiff() into a layer with files keeps no archive", async () => {
  await using temp = await exactDriver();
  const { driver, home } = temp;
  await applied(driver, FOREIGN);

  await driver.applyDiff("base", "", streamOf(archive(file("more", "x"))));

  assert(!isKept(home, "base"));
});

Deno.test("Driver.applyDiff() relative to another layer keeps no archive", async () => {
  await using temp = await exactDriver();
  const { driver, home } = temp;
  await driver.create("base");
  await driver.create("other");
  await driver.create("top", "base");

  await driver.applyDiff("top", "other", streamOf(archive(file("f", "x"))));

  assert(!isKept(home, "top"));
});

Deno.test("Driver.applyDiff() that fails keeps nothing", async () => {
  await using temp = await exactDriver();
  const { driver, home } = temp;
  await driver.create("base");
  for (const length of [100, 1200, 3000]) {
    await assertCode(
      () => driver.applyDiff("base", "", streamOf(FOREIGN.subarray(0, length))),
      "EBADMSG",
    );
    assertEquals(namesIn(`${home}/base`), ["diff/", "link"]);
  }
});

Deno.test("Driver.diff() fails rather than give other bytes", async () => {
  const harm: Record<string, (path: string) => void> = {
    "other content": (path) => Deno.writeTextFileSync(path, "other content!!!"),
    "has 5 bytes and not 16": (path) => Deno.writeTextFileSync(path, "short"),
    "is gone": (path) => Deno.removeSync(path),
    "is no file": (path) => {
      Deno.removeSync(path);
      Deno.mkdirSync(path);
    },
    "has 0 bytes": (path) => {
      Deno.removeSync(path);
      Deno.writeTextFileSync(path, "");
    },
  };
  for (const [fault, change] of Object.entries(harm)) {
    await using temp = await exactDriver();
    const { driver, home } = temp;
    await applied(driver, FOREIGN);
    change(`${home}/base/diff/z`);
    const before = openDescriptors();

    const error = await assertCode(() => diffOf(driver), "EIO", fault);

    assertStringIncludes(error.message, `${home}/base/diff/z`);
    assertStringIncludes(error.message, fault);
    assertEquals(openDescriptors(), before);
  }
});

Deno.test("Driver.diff() does not leave the layer, whatever lies there now", async () => {
  await using temp = await exactDriver();
  const { driver, home, temp: place } = temp;
  await applied(
    driver,
    archive(dir("d"), file("d/f", "secret"), file("g", "x")),
  );
  Deno.mkdirSync(`${place.path}/out`);
  Deno.writeTextFileSync(`${place.path}/out/f`, "secret");

  Deno.removeSync(`${home}/base/diff/d`, { recursive: true });
  Deno.symlinkSync(`${place.path}/out`, `${home}/base/diff/d`);
  await assertCode(() => diffOf(driver), "EIO");

  Deno.removeSync(`${home}/base/diff/d`);
  Deno.mkdirSync(`${home}/base/diff/d`);
  Deno.symlinkSync(`${place.path}/out/f`, `${home}/base/diff/d/f`);
  await assertCode(() => diffOf(driver), "EIO");

  Deno.removeSync(`${home}/base/diff/d/f`);
  assertEquals((await execute(["mkfifo", `${home}/base/diff/d/f`])).status, 0);
  await assertCode(() => diffOf(driver), "EIO");
});

Deno.test("Driver.diff() refuses a record that is damaged", async () => {
  await using temp = await exactDriver();
  const { driver, home } = temp;
  await applied(driver, FOREIGN);
  const path = `${home}/base/exact`;
  const record = Deno.readFileSync(path);
  const outside: Uint8Array[] = [];
  const writer = new RecordWriter((bytes) => outside.push(bytes.slice()));
  writer.file("../link", 5);
  writer.data(0, 5);
  writer.sum(0);
  writer.finish();
  const wrong = [
    [new Uint8Array(), "EUCLEAN"],
    [record.subarray(0, record.length - 1), "EUCLEAN"],
    [record.map((byte, i) => i === 60 ? byte ^ 1 : byte), "EUCLEAN"],
    [Uint8Array.from(outside.flatMap((part) => [...part])), "EIO"],
  ] as const;
  for (const [bytes, code] of wrong) {
    Deno.writeFileSync(path, bytes);
    const error = await assertCode(() => diffOf(driver), code);
    assertStringIncludes(error.message, `${home}/base`);
  }
  Deno.removeSync(path);
  Deno.mkdirSync(path);
  await assertCode(() => diffOf(driver), "EUCLEAN");
  Deno.removeSync(path);
  Deno.symlinkSync("link", path);
  await assertCode(() => diffOf(driver), "EUCLEAN");
  Deno.removeSync(path);
  assert((await diffOf(driver)).length > 0);
});

Deno.test("Driver.applyDiff() keeps archives whose owners are mapped as they came", async () => {
  const map = [{ containerId: 0, hostId: 100_000, size: 65_536 }];
  await using temp = await exactDriver({ uidMap: map, gidMap: map });
  const { driver, home } = temp;
  await applied(driver, FOREIGN);

  assertEquals(Deno.statSync(`${home}/base/diff/z`).uid, 101_000);
  assertEquals(await diffOf(driver), FOREIGN);
});

Deno.test("Driver.diff() of an archive of nothing is nothing", async () => {
  await using temp = await exactDriver();
  await applied(temp.driver, new Uint8Array());
  assertEquals(await diffOf(temp.driver), new Uint8Array());
});

/** Archives that replace what they brought. */
const REPLACING: Readonly<Record<string, Uint8Array>> = {
  "a file twice": archive(
    file("f", "the first"),
    file("g", "between"),
    file("f", "the second, which is longer"),
    file("after", "x"),
  ),
  "a file three times, and its hard link": archive(
    file("f", "one"),
    link("h", "f"),
    file("f", "two"),
    file("h", "three"),
    file("f", ""),
    file("f", "four"),
  ),
  "a directory that becomes a file": archive(
    dir("d"),
    file("d/a/b", "deep"),
    file("d/a/b", "deep again"),
    file("d", "flat"),
    file("e", "x"),
  ),
  "a directory that becomes a file and a directory again": archive(
    file("d/a", "first"),
    symlink("d", "elsewhere"),
    dir("elsewhere"),
    file("d", "second"),
    dir("d"),
    file("d/a", "third"),
  ),
  "a link that becomes a file": archive(
    dir("t"),
    symlink("l", "t"),
    file("l", "content"),
    file("t/x", "y"),
  ),
  "a whiteout that becomes a file": archive(
    file(".wh.f", "why not"),
    file("f", "stays"),
  ),
  "the same content twice": archive(file("f", "same"), file("f", "same")),
};

for (const [name, bytes] of Object.entries(REPLACING)) {
  Deno.test(`Driver.diff() gives an archive again that holds ${name}`, async () => {
    await using temp = await exactDriver();
    const { driver, home, warnings } = temp;
    const before = openDescriptors();
    await applied(driver, bytes);

    assertEquals(await diffOf(driver), bytes);

    assertEquals(warnings, []);
    assertEquals(openDescriptors(), before);
    const names = [...Deno.readDirSync(`${home}/base`)].map(({ name }) => name);
    assertEquals(names.sort(), ["diff", "exact", "link"]);
    await using plain = await init(home);
    await applied(plain, bytes, "plain");
    assertEquals(describeTree(`${home}/base/diff`), [
      ...describeTree(`${home}/plain/diff`),
    ]);
  });
}

Deno.test("Driver.applyDiff() says so if it cannot keep an archive", async () => {
  await using temp = await exactDriver();
  const { driver, home, warnings } = temp;
  // The file is reached by a link that is replaced: nobody can tell where it is.
  const bytes = archive(
    dir("t"),
    symlink("l", "t"),
    file("l/f", "first"),
    dir("u"),
    file("u/f", "second"),
    symlink("l", "u"),
  );

  await applied(driver, bytes);

  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0]!, "not kept");
  const names = [...Deno.readDirSync(`${home}/base`)].map(({ name }) => name);
  assertEquals(names.sort(), ["diff", "link"]);
  assertEquals(Deno.readTextFileSync(`${home}/base/diff/t/f`), "first");
});

/** Has archives go through a mount, as where upper directories cannot be read alone. */
function withObstacle(driver: Driver): void {
  Object.defineProperty(contextOf(driver).support, "nativeDiffObstacle", {
    value: "a test",
  });
}

Deno.test("Driver.applyDiff() through a mount keeps an archive, if the layer has all of it", async () => {
  await using temp = await exactDriver();
  const { driver, home, warnings } = temp;
  await applied(
    driver,
    archive(dir("real"), symlink("way", "real"), file("z", "l")),
  );
  withObstacle(driver);
  const upper = archive(
    file("z", "replaces what is below"),
    file("new", "x".repeat(5000)),
    file(".wh.gone"),
    dir("real"),
    file("real/f", "content"),
  );
  await applied(driver, upper, "top", "base");
  assertEquals(await diffOf(driver, "top"), upper);
  assertEquals(warnings, []);

  // The layer itself has no link by which its file was made.
  await applied(driver, archive(file("way/f", "x")), "other", "base");
  assert(!isKept(home, "other"));
  assertEquals(warnings.length, 1);
});
