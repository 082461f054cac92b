/**
 * Layers applied one after the other to one tree, as AUFS had them.
 *
 * @module
 */

import { assertEquals } from "../assert.ts";
import { archive, dir, file } from "../tar_builder.ts";
import { namesIn } from "../trees.ts";
import { TwoTrees, unpack, unpackSettings } from "./harness.ts";

/** Applies a layer to a live tree. */
function apply(path: string, ...members: Parameters<typeof archive>): void {
  unpack(
    path,
    archive(...members),
    unpackSettings({ whiteouts: "delete", fresh: false }),
  );
}

Deno.test("Unpacker applies four layers of whiteouts to one tree", () => {
  using trees = new TwoTrees();
  const root = trees.one;

  apply(
    root,
    file(".baz"),
    dir("bar"),
    file("bar/bax"),
    dir("foo"),
    file("foo/.abc"),
    dir("foo/.bcd"),
    file("foo/.bcd/a"),
    dir("foo/cde"),
    file("foo/cde/def"),
    file("foo/cde/efg"),
    file("foo/fgh"),
    file("foobar"),
    file("baz"),
  );
  apply(
    root,
    file(".bay"),
    file(".wh.baz"),
    dir("foo"),
    file("foo/.bce"),
    file("foo/.wh..wh..opq"),
    dir("foo/cde"),
    file("foo/cde/efg"),
  );
  assertEquals(namesIn(root), [
    ".bay",
    ".baz",
    "bar/",
    "bar/bax",
    "foo/",
    "foo/.bce",
    "foo/cde/",
    "foo/cde/efg",
    "foobar",
  ]);

  apply(
    root,
    file(".bay"),
    file(".wh..baz"),
    file(".wh.foobar"),
    dir("foo"),
    file("foo/.abc"),
    file("foo/.wh.cde"),
    dir("bar"),
  );
  assertEquals(namesIn(root), [
    ".bay",
    "bar/",
    "bar/bax",
    "foo/",
    "foo/.abc",
    "foo/.bce",
  ]);

  apply(root, file(".abc"), file(".wh..wh..opq"), file("foobar"));
  assertEquals(namesIn(root), [".abc", "foobar"]);
});

Deno.test("Unpacker in a live tree follows directories of earlier layers, within the tree", () => {
  using trees = new TwoTrees();
  Deno.symlinkSync(trees.other, `${trees.one}/out`);
  Deno.mkdirSync(`${trees.one}${trees.other}`, { recursive: true });
  Deno.writeTextFileSync(`${trees.other}/victim`, "");

  apply(trees.one, file("out/new"), file("out/.wh.victim"));

  assertEquals(namesIn(trees.other), ["victim"]);
  assertEquals(namesIn(`${trees.one}${trees.other}`), ["new"]);
});

Deno.test("Unpacker in a live tree skips AUFS's own files and deletes nothing for them", () => {
  using trees = new TwoTrees();
  Deno.writeTextFileSync(`${trees.one}/kept`, "");

  apply(trees.one, dir(".wh..wh.plnk"), file(".wh..wh.aufs"), file(".wh.none"));

  assertEquals(namesIn(trees.one), ["kept"]);
});
