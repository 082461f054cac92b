/**
 * Trees that change while they are read.
 *
 * @module
 */

import { S_IFCHR } from "../../src/linux/constants.ts";
import { Dir, makeDev } from "../../src/linux/dir.ts";
import { closeFd } from "../../src/linux/file.ts";
import type { FileStatus } from "../../src/linux/stat.ts";
import { Archive, encoded } from "../../src/tree/archive.ts";
import { upperChanges } from "../../src/tree/changes.ts";
import { compareTrees } from "../../src/tree/compare.ts";
import { LowerDir } from "../../src/tree/lowers.ts";
import { EntryMaker } from "../../src/tree/pack.ts";
import { namesIn, openIfDir } from "../../src/tree/races.ts";
import type { Change } from "../../src/types.ts";
import { assertEquals } from "../assert.ts";
import { assertCode, openDescriptors } from "../fixtures.ts";
import { archiveLines, archiveNames } from "../tar_builder.ts";
import { changeLines } from "../trees.ts";
import { drain, packOf, packSettings, TwoTrees } from "./harness.ts";

/** A tree whose names come to be other files after they were looked at. */
class Changing implements Disposable {
  readonly #trees = new TwoTrees();
  readonly root: Dir = Dir.open(this.#trees.one);
  readonly maker: EntryMaker = new EntryMaker(packSettings(), true);

  /** Makes a file; tells what it is. */
  write(name: string, text = "text"): FileStatus {
    Deno.writeTextFileSync(`${this.root.path}/${name}`, text);
    return this.root.stat(name);
  }

  /** What an archive has of a name that was once what `status` says. */
  packed(name: string, status: FileStatus): string[] {
    const item = this.maker.make(this.root, name, name, status);
    using archive = new Archive(encoded(item ? [item] : []));
    try {
      return archiveLines(drain(archive))
        .map((line) => line.replace(/ \d{4} .*@\d+/, ""));
    } finally {
      if (item !== undefined && item.fd >= 0) closeFd(item.fd);
    }
  }

  [Symbol.dispose](): void {
    this.root[Symbol.dispose]();
    this.#trees[Symbol.dispose]();
  }
}

Deno.test("EntryMaker describes the file that has the name by now", () => {
  using tree = new Changing();
  const { root } = tree;
  const before = openDescriptors();
  const file = tree.write("a");
  root.unlink("a");
  root.symlink("target", "a");
  const link = root.stat("a");

  assertEquals(tree.packed("a", file), ["2 a -> target"]);
  root.unlink("a");
  root.mknod("a", S_IFCHR, makeDev(0, 0));
  assertEquals(tree.packed("a", file), ["0 .wh.a"]);
  assertEquals(tree.packed("a", link), ["0 .wh.a"]);
  root.unlink("a");
  tree.write("a", "other");
  assertEquals(tree.packed("a", link), ["0 a 5"]);
  assertEquals(openDescriptors(), before);
});

Deno.test("EntryMaker passes over what is gone, and links nothing to it", () => {
  using tree = new Changing();
  const { root } = tree;
  tree.write("a");
  root.link(root, "a", "b");
  root.link(root, "a", "c");
  const status = root.stat("a");
  root.unlink("a");

  assertEquals(tree.packed("a", status), []);
  assertEquals(tree.packed("b", status), ["0 b 4"]);
  assertEquals(tree.packed("c", status), ["1 c -> b"]);
});

Deno.test("EntryMaker refuses a directory that took a file's place, whose content would be missing", async () => {
  using tree = new Changing();
  const { root } = tree;
  const file = tree.write("a");
  root.symlink("target", "b");
  const link = root.stat("b");
  root.unlink("a");
  root.unlink("b");
  root.mkdir("a", 0o755);
  root.mkdir("b", 0o755);

  await assertCode(() => tree.packed("a", file), "EIO");
  await assertCode(() => tree.packed("b", link), "EIO");
});

Deno.test("packChanges() passes over what is gone since it was listed", () => {
  using trees = new TwoTrees();
  Deno.writeTextFileSync(`${trees.one}/here`, "");
  const changes: Change[] = ["/dir/file", "/gone", "/here", "/here/file"]
    .map((path) => ({ kind: "A", path }));

  assertEquals(archiveNames(packOf(trees.one, changes)), ["here"]);
});

/** Lists changes of a tree that is emptied as soon as the first one is told. */
function listed<T extends Change>(changes: Generator<T>, root: string) {
  const found: T[] = [];
  for (const change of changes) {
    found.push(change);
    for (const { name } of Deno.readDirSync(root)) {
      Deno.removeSync(`${root}/${name}`);
    }
  }
  return changeLines(found);
}

/** Makes directories. */
function fill(root: string): void {
  for (const name of ["a", "b"]) Deno.mkdirSync(`${root}/${name}`);
}

Deno.test("upperChanges() passes over what vanishes", () => {
  using trees = new TwoTrees();
  fill(trees.one);
  using upper = Dir.open(trees.one);
  using below = new LowerDir([Dir.open(trees.other)], "trusted.overlay.");

  const lines = listed(
    upperChanges(upper, below, "trusted.overlay."),
    trees.one,
  );
  assertEquals(lines.length, 1);
});

Deno.test("compareTrees() passes over what vanishes", () => {
  using trees = new TwoTrees();
  fill(trees.one);
  using before = Dir.open(trees.other);
  using after = Dir.open(trees.one);

  const lines = listed(compareTrees(before, after), trees.one);
  assertEquals(lines.length, 1);
});

Deno.test("a directory that was replaced or deleted has no names", () => {
  using tree = new Changing();
  const { root } = tree;
  root.mkdir("deleted", 0o755);
  using deleted = root.openDir("deleted");
  root.rmdir("deleted");
  tree.write("file");
  root.symlink(".", "link");

  assertEquals(namesIn(deleted), []);
  for (const name of ["deleted", "file", "link"]) {
    assertEquals(openIfDir(root, name), undefined, name);
  }
});
