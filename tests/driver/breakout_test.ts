/**
 * Nothing in an archive gets out of its layer, and nothing of the host gets in.
 *
 * @module
 */

import { encodeName } from "../../src/text.ts";
import { DriverError } from "../../mod.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  bytesOf,
  fill,
  inLayer,
  streamOf,
  type TempDriver,
  tempDriver,
} from "../fixtures.ts";
import { archive, archiveLines, dir, file, symlink } from "../tar_builder.ts";
import { changeLines, describeTree, namesIn } from "../trees.ts";
import { applyTop, prepareTop, type Way, WAYS } from "./apply_ways.ts";
import { breakouts, SECRET } from "./breakouts.ts";

/** What the victim looks like, times and number of links included. */
function victimOf(path: string): unknown {
  const { mtime, ctime } = Deno.lstatSync(path);
  const { nlink } = Deno.lstatSync(`${path}/hello`);
  return [mtime, ctime, nlink, describeTree(path)];
}

/** Everything that is not the layer's own content. */
function outside({ temp }: TempDriver): string[] {
  return describeTree(temp.path, { dirTimes: false }).filter((line) =>
    !/^\/home\/top\/(diff|work|merged)[ /]/.test(line)
  );
}

/** Makes a victim beside what is unpacked into, and one beside the home. */
async function prepare(temp: TempDriver, way: Way): Promise<string> {
  const victim = `${temp.home}/top/victim`;
  await prepareTop(temp.driver, way, (root) => {
    Deno.symlinkSync("../victim", `${root}/lower-relative`);
    Deno.symlinkSync(victim, `${root}/lower-absolute`);
  });
  for (const place of [victim, `${temp.temp.path}/victim`]) {
    Deno.mkdirSync(place);
    Deno.writeTextFileSync(`${place}/hello`, SECRET);
  }
  for (const name of ["diff-evil", "merged-evil"]) {
    Deno.mkdirSync(`${temp.home}/top/${name}`);
    Deno.writeTextFileSync(`${temp.home}/top/${name}/secret`, SECRET);
  }
  return victim;
}

const VICTIM = "/victim-path";

for (const way of WAYS) {
  for (const name of Object.keys(breakouts(VICTIM))) {
    Deno.test(`Breakout by ${name} fails, ${way.name}`, async () => {
      await using temp = await tempDriver();
      const victim = await prepare(temp, way);
      const members = breakouts(victim)[name]!;
      const before = outside(temp);
      const unharmed = victimOf(victim);

      try {
        await applyTop(temp.driver, way, archive(...members));
      } catch (error) {
        assert(error instanceof DriverError, `${error}`);
        assertEquals(error.code, "EBADMSG", error.message);
      }

      assertEquals(victimOf(victim), unharmed);
      assertEquals(outside(temp), before);
      assertEquals(existsOnHost("/tmp/pwned-by-layer"), false);
      const bytes = await bytesOf(temp.driver.diff("top"));
      assertEquals(includes(bytes, encodeName(SECRET)), false);
    });
  }
}

function existsOnHost(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Whether `part` occurs at a block of an archive. */
function includes(bytes: Uint8Array, part: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 512) {
    if (part.every((byte, i) => bytes[at + i] === byte)) return true;
  }
  return false;
}

Deno.test("Breakout harness would notice a secret in an archive", () => {
  const bytes = archive(file("a"), file("b", SECRET));

  assertEquals(includes(bytes, encodeName(SECRET)), true);
});

for (const way of WAYS) {
  Deno.test(`Driver.applyDiff() refuses names that lead out, ${way.name}`, async () => {
    for (
      const name of ["..", "../pwned", "../../pwned", "/../pwned", "a/../.."]
    ) {
      await using temp = await tempDriver();
      await prepare(temp, way);

      const error = await applyTop(temp.driver, way, archive(file(name)))
        .then(() => undefined, (error) => error);

      assert(error instanceof DriverError, name);
      assertEquals(error.code, "EBADMSG", name);
    }
  });

  Deno.test(`Driver.applyDiff() follows absolute links within the layer, ${way.name}`, async () => {
    await using temp = await tempDriver();
    await prepareTop(temp.driver, way);
    const members = [
      dir("var"),
      dir("run"),
      symlink("var/run", "/run"),
      file("var/run/now", "there"),
      symlink("later", "/made/later"),
      file("later/deep/file", "made"),
      file("source", "linked"),
      symlink("lib", "/usr/lib"),
      file("usr/lib/so", "so"),
      { name: "so", type: "1", linkname: "lib/so" },
      { name: "absolute", type: "1", linkname: "/source" },
    ];

    await applyTop(temp.driver, way, archive(...members));

    await inLayer(temp.driver, "top", (root) => {
      const read = (path: string) => Deno.readTextFileSync(`${root}/${path}`);
      assertEquals(read("run/now"), "there");
      assertEquals(read("made/later/deep/file"), "made");
      assertEquals(read("so"), "so");
      assertEquals(read("absolute"), "linked");
      assertEquals(Deno.readLinkSync(`${root}/var/run`), "/run");
      assertEquals(Deno.readLinkSync(`${root}/later`), "/made/later");
      assertEquals(Deno.readLinkSync(`${root}/lib`), "/usr/lib");
    });
  });
}

Deno.test("Driver.applyDiff() keeps the text of links that lead anywhere", async () => {
  for (const way of WAYS) {
    await using temp = await tempDriver();
    await prepareTop(temp.driver, way);
    const targets = ["../../../../etc/shadow", "/etc/passwd", "a/../b", "."];

    await applyTop(
      temp.driver,
      way,
      archive(...targets.map((target, i) => symlink(`link${i}`, target))),
    );

    for (const [i, target] of targets.entries()) {
      assertEquals(Deno.readLinkSync(`${temp.home}/top/diff/link${i}`), target);
    }
  }
});

Deno.test("Driver.applyDiff() puts files where a lower layer's link leads in a mounted tree", async () => {
  for (const way of WAYS) {
    await using temp = await tempDriver();
    await prepareTop(temp.driver, way, (root) => {
      Deno.mkdirSync(`${root}/usr/lib`, { recursive: true });
      Deno.symlinkSync("usr/lib", `${root}/lib`);
    });

    await applyTop(temp.driver, way, archive(file("lib/modules/x", "x")));

    const names = namesIn(`${temp.home}/top/diff`);
    const at = way.mounted ? "usr/lib/modules/x" : "lib/modules/x";
    assertEquals(names.includes(at), true, names.join());
  }
});

/** Writes links that lead to the victim in every way. */
function plantLinks(root: string, victim: string): void {
  Deno.symlinkSync("../victim", `${root}/relative`);
  Deno.symlinkSync("../../victim", `${root}/further`);
  Deno.symlinkSync(victim, `${root}/absolute`);
  Deno.symlinkSync(`${victim}/hello`, `${root}/file`);
  Deno.symlinkSync("/", `${root}/root`);
  Deno.mkdirSync(`${root}/dir`);
  Deno.symlinkSync("../relative", `${root}/dir/twice`);
}

Deno.test("Driver.diff() archives links that lead out as links, by every way", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  const victim = `${home}/top/victim`;
  await fill(driver, "base");
  await fill(driver, "other");
  await fill(driver, "top", "base", (root) => plantLinks(root, victim));
  Deno.mkdirSync(victim);
  Deno.writeTextFileSync(`${victim}/hello`, SECRET);

  for (const parent of [undefined, "", "other"]) {
    const bytes = await bytesOf(driver.diff("top", parent));
    const types = archiveLines(bytes).map((line) => line.slice(0, 1)).join("");

    assertEquals(types, "2522222");
    assertEquals(includes(bytes, encodeName(SECRET)), false);
    assertEquals(archiveLines(bytes).length, 7);
  }
  assertEquals(changeLines(await driver.changes("top")), [
    "A /absolute",
    "A /dir",
    "A /dir/twice",
    "A /file",
    "A /further",
    "A /relative",
    "A /root",
  ]);
});

Deno.test("Driver refuses a layer whose directory was replaced by a link to the host", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  const victim = `${temp.temp.path}/victim`;
  await fill(driver, "base");
  await driver.create("top", "base");
  Deno.mkdirSync(victim);
  Deno.writeTextFileSync(`${victim}/hello`, SECRET);
  Deno.removeSync(`${home}/top/diff`);
  Deno.symlinkSync(victim, `${home}/top/diff`);
  const before = victimOf(victim);

  for (
    const task of [
      () => driver.applyDiff("top", undefined, streamOf(archive(file("x")))),
      () => driver.applyDiff("top", "", streamOf(archive(file("x")))),
      () => bytesOf(driver.diff("top")),
      () => driver.changes("top"),
    ]
  ) {
    const error = await task().then(() => undefined, (error) => error);
    assert(error instanceof DriverError);
    assertEquals(error.code, "EUCLEAN");
  }
  await driver.remove("top");

  assertEquals(victimOf(victim), before);
});
