/**
 * What archives hide of the layers below, in every order and by every way.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { getXattrFd } from "../../src/linux/xattr.ts";
import { encodeName } from "../../src/text.ts";
import { assertEquals } from "../assert.ts";
import { bytesOf, fill, inLayer, streamOf, tempDriver } from "../fixtures.ts";
import {
  archive,
  archiveNames,
  dir,
  file,
  link,
  type Member,
  symlink,
} from "../tar_builder.ts";
import { assertSameTree, changeLines, namesIn } from "../trees.ts";
import { applyTop, prepareTop, type Way, WAYS } from "./apply_ways.ts";

/** The tree that archives are applied to. */
function writeBase(root: string): void {
  Deno.mkdirSync(`${root}/d/x`, { recursive: true });
  Deno.writeTextFileSync(`${root}/d/low`, "lower");
  Deno.writeTextFileSync(`${root}/d/x/low`, "lower");
  Deno.writeTextFileSync(`${root}/foo`, "lower");
  Deno.symlinkSync("d", `${root}/lnk`);
}

const BASE = ["d/", "d/low", "d/x/", "d/x/low", "foo", "lnk"];

/** The base's names without `gone` and what is below, and with `added`. */
function without(gone: string[], added: string[] = []): string[] {
  const stays = BASE.filter((name) =>
    !gone.some((hidden) => name === hidden || name.startsWith(`${hidden}/`))
  );
  return [...new Set([...stays, ...added])];
}

interface Case {
  readonly members: readonly Member[];
  readonly names: string[];
  /** What a mounted tree shows, where that differs. */
  readonly mounted?: string[];
}

const NEW = file("d/new", "new");
const HIDE_D = file(".wh.d");

/** Archives by what they do. */
const CASES: Readonly<Record<string, Case>> = {
  "hides a file": { members: [file(".wh.foo")], names: without(["foo"]) },
  "hides a directory": { members: [HIDE_D], names: without(["d"]) },
  "hides a symbolic link": {
    members: [file(".wh.lnk")],
    names: without(["lnk"]),
  },
  "hides a file twice": {
    members: [file(".wh.foo"), file(".wh.foo")],
    names: without(["foo"]),
  },
  "hides a file of a directory": {
    members: [file("d/.wh.low")],
    names: without(["d/low"]),
  },
  "hides what is not there": { members: [file(".wh.none")], names: BASE },
  "hides a file, then brings it": {
    members: [file(".wh.foo"), file("foo", "new")],
    names: BASE,
  },
  "brings a file, then hides it": {
    members: [file("foo", "new"), file(".wh.foo")],
    names: BASE,
  },
  "brings a file between two whiteouts of it": {
    members: [file(".wh.foo"), file("foo", "new"), file(".wh.foo")],
    names: BASE,
  },
  "hides a file, then brings a directory": {
    members: [file(".wh.foo"), dir("foo"), file("foo/new")],
    names: without([], ["foo/", "foo/new"]).filter((name) => name !== "foo")
      .sort(),
  },
  "hides a directory, then brings a file": {
    members: [HIDE_D, file("d", "new")],
    names: without(["d", "d/"], ["d"]).sort(),
  },
  "hides a directory, then brings a link": {
    members: [HIDE_D, symlink("d", "foo")],
    names: without(["d", "d/"], ["d"]).sort(),
  },
  "hides a file, then brings a hard link": {
    members: [file("one", "new"), file(".wh.foo"), link("foo", "one")],
    names: without([], ["one"]),
  },
  "hides a directory, then implies it": {
    members: [HIDE_D, NEW],
    names: without(["d"], ["d/", "d/new"]).sort(),
  },
  "hides a directory, then brings it": {
    members: [HIDE_D, dir("d"), NEW],
    names: without(["d"], ["d/", "d/new"]).sort(),
  },
  "implies a directory, then hides it": {
    members: [NEW, HIDE_D],
    names: without(["d"], ["d/", "d/new"]).sort(),
  },
  "brings a directory, then hides it": {
    members: [dir("d"), NEW, HIDE_D],
    names: without(["d"], ["d/", "d/new"]).sort(),
  },
  "brings an empty directory, then hides it": {
    members: [dir("d"), HIDE_D],
    names: without(["d"], ["d/"]).sort(),
  },
  "hides a directory, then implies two": {
    members: [HIDE_D, file("d/x/new")],
    names: without(["d"], ["d/", "d/x/", "d/x/new"]).sort(),
  },
  "implies two directories, then hides the outer": {
    members: [file("d/x/new"), HIDE_D],
    names: without(["d"], ["d/", "d/x/", "d/x/new"]).sort(),
  },
  "makes a directory opaque first": {
    members: [dir("d"), file("d/.wh..wh..opq"), NEW],
    names: without(["d"], ["d/", "d/new"]).sort(),
  },
  "makes a directory opaque last": {
    members: [dir("d"), NEW, file("d/.wh..wh..opq")],
    names: without(["d"], ["d/", "d/new"]).sort(),
  },
  "makes an implied directory opaque last": {
    members: [file("d/x/new"), file("d/.wh..wh..opq")],
    names: without(["d"], ["d/", "d/x/", "d/x/new"]).sort(),
  },
  "makes a directory opaque twice": {
    members: [file("d/.wh..wh..opq"), NEW, file("d/.wh..wh..opq")],
    names: without(["d"], ["d/", "d/new"]).sort(),
  },
  "makes the root opaque first": {
    members: [file(".wh..wh..opq"), file("new")],
    names: [...BASE, "new"],
    mounted: ["new"],
  },
  "makes the root opaque last": {
    members: [file("new"), NEW, file(".wh..wh..opq")],
    names: [...BASE, "d/new", "new"],
    mounted: ["d/", "d/new", "new"],
  },
  "makes a directory opaque whose content comes later through a whiteout": {
    members: [file("d/.wh..wh..opq"), file("d/.wh.low"), file("d/low", "new")],
    names: without(["d"], ["d/", "d/low"]).sort(),
  },
  "hides a dotfile": {
    members: [file(".dot"), file(".wh..dot"), file(".wh..other")],
    names: [".dot", ...BASE],
  },
  "hides through a link of a lower layer": {
    members: [file("lnk/.wh.low")],
    names: [...BASE.filter((name) => name !== "lnk"), "lnk/"],
    mounted: without(["d/low"]),
  },
  "passes over whiteouts below a file that took a directory's place": {
    members: [
      file("d", "a file"),
      file("d/.wh.f"),
      file("d/sub/.wh.g"),
      file("d/.wh..wh..opq"),
      file("after", "more"),
    ],
    names: ["after", "d", "foo", "lnk"],
  },
};

function label(way: Way, does: string): string {
  return `Driver.applyDiff() ${does}, ${way.name}`;
}

for (const way of WAYS) {
  for (const [does, { members, names, mounted }] of Object.entries(CASES)) {
    Deno.test(label(way, does), async () => {
      await using temp = await tempDriver();
      const { driver } = temp;
      await prepareTop(driver, way, writeBase);

      await applyTop(driver, way, archive(...members));

      const root = does.includes("the root opaque");
      const earlier = way.filled && !(root && way.mounted);
      await inLayer(driver, "top", (path) => {
        const expected = way.mounted ? mounted ?? names : names;
        assertEquals(
          namesIn(path),
          [...expected, ...earlier ? ["earlier"] : []].sort(),
        );
        for (const { name, content } of members) {
          if (!content) continue;
          assertEquals(Deno.readTextFileSync(`${path}/${name}`), content);
        }
      });
      await driver.create("copy", "base");
      await driver.applyDiff("copy", "base", driver.diff("top"));
      await inLayer(
        driver,
        "top",
        (top) => inLayer(driver, "copy", (copy) => assertSameTree(copy, top)),
      );
    });
  }
}

Deno.test("Driver.applyDiff() hides what an earlier archive brought", async () => {
  for (const way of WAYS) {
    await using temp = await tempDriver();
    const { driver } = temp;
    await prepareTop(driver, way, writeBase);
    await applyTop(driver, way, archive(file("foo", "one"), file("d/two")));

    await applyTop(driver, way, archive(file(".wh.foo"), file(".wh.d")));

    await inLayer(driver, "top", (root) => {
      const names = way.filled ? ["earlier", "lnk"] : ["lnk"];
      assertEquals(namesIn(root), names, way.name);
    });
  }
});

Deno.test("Driver.applyDiff() leaves a mark for what is not there only in an upper directory", async () => {
  for (const way of WAYS) {
    await using temp = await tempDriver();
    await prepareTop(temp.driver, way);

    await applyTop(temp.driver, way, archive(file(".wh.none")));

    const names = namesIn(`${temp.home}/top/diff`);
    assertEquals(names.includes("none"), !way.mounted, way.name);
  }
});

Deno.test("Driver.applyDiff() keeps the mark of a root, which the kernel ignores, and says so", async () => {
  for (const way of WAYS.filter(({ mounted }) => !mounted)) {
    await using temp = await tempDriver();
    const { driver, home, warnings } = temp;
    await prepareTop(driver, way, writeBase);

    await applyTop(driver, way, archive(file(".wh..wh..opq"), file("new")));

    using diff = Dir.open(`${home}/top/diff`);
    const mark = getXattrFd(diff.fd, "trusted.overlay.opaque", diff.path);
    assertEquals(mark, encodeName("y"));
    assertEquals(warnings.length, 1, warnings.join());
    const earlier = way.filled ? ["A /earlier"] : [];
    assertEquals(changeLines(await driver.changes("top")), [
      ...earlier,
      "A /new",
    ]);
    await driver.create("child", "top");
    assertEquals(await driver.changes("child"), []);
    await inLayer(driver, "child", (root) => {
      assertEquals(namesIn(root).includes("foo"), true);
    });
  }
});

Deno.test("Driver.applyDiff() makes a whiteout's owner that of its header", async () => {
  await using temp = await tempDriver();
  await fill(temp.driver, "base", undefined, writeBase);
  await temp.driver.create("top", "base");
  const bytes = archive({ name: ".wh.foo", uid: 7, gid: 8, mode: 0o644 });

  await temp.driver.applyDiff("top", undefined, streamOf(bytes));

  const { uid, gid, mode, rdev } = Deno.lstatSync(`${temp.home}/top/diff/foo`);
  assertEquals([uid, gid, mode! & 0o7777, rdev], [7, 8, 0, 0]);
});

Deno.test("Driver.applyDiff() skips what AUFS keeps for itself in a mounted tree", async () => {
  await using temp = await tempDriver();
  const way = WAYS.find(({ mounted }) => mounted)!;
  await prepareTop(temp.driver, way, writeBase);

  await applyTop(
    temp.driver,
    way,
    archive(dir(".wh..wh.plnk"), file(".wh..wh.plnk/1"), file(".wh..wh.aufs")),
  );

  assertEquals(namesIn(`${temp.home}/top/diff`), []);
});

Deno.test("Driver reads a layer with a whiteout in a directory of its own", async () => {
  for (const way of WAYS.filter(({ mounted }) => !mounted)) {
    await using temp = await tempDriver();
    const { driver } = temp;
    await prepareTop(driver, way, writeBase);
    await applyTop(driver, way, archive(file("n/.wh.gone"), file("n/new")));
    const added = ["A /n", "A /n/new"];
    const all = [
      ...BASE.map((name) => `A /${name.replace(/\/$/, "")}`),
      ...added,
    ];

    const ours = changeLines(await driver.changes("top"));
    const everything = changeLines(await driver.changes("top", ""));

    const earlier = way.filled ? ["A /earlier"] : [];
    assertEquals(ours, [...earlier, ...added].sort());
    assertEquals(everything, [...earlier, ...all].sort());
    assertEquals(await driver.diffSize("top", ""), way.filled ? 23 : 16);
    const names = archiveNames(await bytesOf(driver.diff("top", "")));
    assertEquals(names.includes("n/new"), true);
    assertEquals(names.includes("n/gone"), false);
  }
});
