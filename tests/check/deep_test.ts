/**
 * Content that is not what was recorded.
 *
 * @module
 */

import type { Driver, Finding } from "../../mod.ts";
import { contentFaults } from "../../src/check/deep.ts";
import type { DirFacts } from "../../src/check/facts.ts";
import { Dir } from "../../src/linux/dir.ts";
import { assert, assertEquals } from "../assert.ts";
import { streamOf, tempDriver } from "../fixtures.ts";
import { archive, dir, file, symlink } from "../tar_builder.ts";
import { lines } from "./fixture.ts";

const ARCHIVE = archive(
  file("whole", "content"),
  file("emptied", "content"),
  file("cut", "content"),
  file("grown", "content"),
  file("changed", "content"),
  file("gone", "content"),
  file("opened", "content"),
  file("given", "content"),
  file("turned", "content"),
  symlink("link", "whole"),
  dir("dir/"),
);

async function filled(driver: Driver): Promise<void> {
  await driver.create("base");
  await driver.applyDiff("base", "", streamOf(ARCHIVE));
}

function damage(home: string): void {
  const root = `${home}/base/diff`;
  Deno.writeTextFileSync(`${root}/emptied`, "");
  Deno.writeTextFileSync(`${root}/cut`, "cont");
  Deno.writeTextFileSync(`${root}/grown`, "content and more");
  Deno.writeTextFileSync(`${root}/changed`, "CONTENT");
  Deno.removeSync(`${root}/gone`);
  Deno.chmodSync(`${root}/opened`, 0o777);
  Deno.chownSync(`${root}/given`, 7, 7);
  Deno.removeSync(`${root}/turned`);
  Deno.mkdirSync(`${root}/turned`);
  Deno.removeSync(`${root}/link`);
  Deno.symlinkSync("changed", `${root}/link`);
  Deno.writeTextFileSync(`${root}/dir/added`, "");
}

const DIFFERENCES = [
  "content-added base/diff/dir/added",
  "content-changed base/diff/changed",
  "content-empty base/diff/emptied",
  "content-long base/diff/grown",
  "content-missing base/diff/gone",
  "content-mode base/diff/opened",
  "content-owner base/diff/given",
  "content-short base/diff/cut",
  "content-target base/diff/link",
  "content-type base/diff/turned",
];

function deep(driver: Driver): Promise<Finding[]> {
  return driver.check(undefined, { deep: true, repair: true });
}

Deno.test("Driver.check() finds each way in which files differ from the record", async () => {
  await using temp = await tempDriver({
    storageOpts: ["overlay2.manifest=true"],
  });
  const { driver, home } = temp;
  await filled(driver);
  assertEquals(await deep(driver), []);

  damage(home);

  assertEquals(await driver.check(), []);
  const found = lines(await deep(driver));
  assertEquals(found, DIFFERENCES.map((line) => `warning ${line}`));
  await driver.create("child", "base");
  const again = lines(await deep(driver));
  assertEquals(again, DIFFERENCES.map((line) => `error ${line}`));
});

Deno.test("Driver.check() finds a record that is cut short or no file", async () => {
  await using temp = await tempDriver({
    storageOpts: ["overlay2.manifest=true"],
  });
  const { driver, home } = temp;
  await filled(driver);
  const manifest = `${home}/base/manifest`;
  const text = Deno.readTextFileSync(manifest);
  const expected = ["warning manifest-malformed base/manifest"];
  for (const part of ["", "text", text.slice(0, 200), `${text}more\n`]) {
    Deno.writeTextFileSync(manifest, part);
    assertEquals(lines(await deep(driver)), expected);
  }
  Deno.removeSync(manifest);
  Deno.mkdirSync(manifest);
  assertEquals(lines(await deep(driver)), expected);
});

Deno.test("Driver.check() compares nothing where nothing was recorded", async () => {
  await using temp = await tempDriver();
  await filled(temp.driver);
  damage(temp.home);
  assertEquals(await deep(temp.driver), []);
});

Deno.test("Driver.check() finds a layer whose archive cannot be given again", async () => {
  await using temp = await tempDriver({ storageOpts: ["overlay2.exact=true"] });
  const { driver, home } = temp;
  await filled(driver);
  assertEquals(await driver.check(), []);
  assertEquals(await deep(driver), []);
  const path = `${home}/base/exact`;
  const record = Deno.readFileSync(path);

  Deno.writeTextFileSync(`${home}/base/diff/changed`, "CONTENT");
  assertEquals(lines(await deep(driver)), ["error exact-differs base/diff"]);
  Deno.removeSync(`${home}/base/diff/changed`);
  assertEquals(lines(await deep(driver)), ["error exact-differs base/diff"]);

  const malformed = ["error exact-malformed base/exact"];
  for (const part of [new Uint8Array(), record.subarray(0, 99)]) {
    Deno.writeFileSync(path, part);
    assertEquals(lines(await deep(driver)), malformed);
  }
  Deno.removeSync(path);
  Deno.mkdirSync(path);
  assertEquals(lines(await deep(driver)), malformed);
  Deno.removeSync(path);
  assertEquals(await deep(driver), []);
});

/** Content that is not read at once. */
const LARGE = archive(
  file("a", "x".repeat(1_000_000)),
  file("b", "content"),
);
/** Enough to be in the midst of it. */
const STEPS = 3;

/** Faults of the layer's content, to which something happens while it is compared. */
function disturbed(home: string, disturb: () => void): string[] {
  using dir = Dir.open(home);
  using layer = dir.openDir("base");
  const names = layer.names().map(({ name }) => name);
  const facts: Partial<DirFacts> = { names, diff: layer.stat("diff") };
  const search = contentFaults(dir, { name: "base", ...facts } as DirFacts);
  for (let steps = 0; steps < STEPS; steps++) search.next();
  disturb();
  for (;;) {
    const { done, value } = search.next();
    if (done) return value.map(({ name }) => name);
  }
}

for (const option of ["overlay2.manifest=true", "overlay2.exact=true"]) {
  Deno.test(`contentFaults() of a layer that is removed or filled meanwhile is silent, with ${option}`, async () => {
    await using temp = await tempDriver({ storageOpts: [option] });
    const { driver, home } = temp;
    const fillAgain = () => driver.applyDiff("base", "", streamOf(LARGE));
    await driver.create("base");
    await fillAgain();
    const base = `${home}/base`;
    const clear = () => Deno.removeSync(`${base}/diff`, { recursive: true });
    assert(disturbed(home, clear).length > 0);

    Deno.mkdirSync(`${base}/diff`);
    await fillAgain();
    const record = option.split(/[.=]/)[1]!;
    const fill = () => {
      Deno.removeSync(`${base}/${record}`);
      clear();
    };
    assertEquals(disturbed(home, fill), []);

    Deno.mkdirSync(`${base}/diff`);
    await fillAgain();
    const remove = () => {
      Deno.renameSync(base, `${home}/going`);
      Deno.removeSync(`${home}/going/diff`, { recursive: true });
    };
    assertEquals(disturbed(home, remove), []);
  });
}
