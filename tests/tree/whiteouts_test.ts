/**
 * What whiteouts cost.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { Deleting, Marking } from "../../src/tree/whiteouts.ts";
import { assert, assertEquals } from "../assert.ts";
import { namesIn } from "../trees.ts";
import { TwoTrees } from "./harness.ts";

const COUNT = 50;

/** Makes a directory of files that an archive brought, beside one of earlier. */
function plant(root: string): void {
  Deno.mkdirSync(`${root}/d/inner`, { recursive: true });
  for (let i = 0; i < COUNT; i++) Deno.writeTextFileSync(`${root}/d/${i}`, "");
  Deno.writeTextFileSync(`${root}/d/earlier`, "");
  Deno.writeTextFileSync(`${root}/d/inner/earlier`, "");
}

Deno.test("Whiteouts of one directory look through it once, however many there are", () => {
  const owner = { uid: 0, gid: 0 };
  let asked = 0;
  const isUnpacked = (path: string) => {
    asked++;
    return !path.endsWith("earlier");
  };
  for (
    const hiding of [
      new Deleting(isUnpacked),
      new Marking("trusted.overlay.", isUnpacked),
    ]
  ) {
    using trees = new TwoTrees();
    plant(trees.one);
    using root = Dir.open(trees.one);
    asked = 0;

    for (let i = 0; i < COUNT; i++) {
      for (const _ of hiding.hide(root, "d", "d", owner));
    }

    assertEquals(namesIn(trees.one).length, COUNT + 2);
    assert(asked < 4 * COUNT, `${asked} questions`);
  }
});

Deno.test("Opaque markers below a directory that was looked through cost nothing", () => {
  using trees = new TwoTrees();
  plant(trees.one);
  let asked = 0;
  const deleting = new Deleting((path) => {
    asked++;
    return !path.endsWith("earlier");
  });
  using root = Dir.open(trees.one);
  using inner = Dir.open(`${trees.one}/d/inner`);

  for (const _ of deleting.hideContent(root, ""));
  const once = asked;
  for (const _ of deleting.hideContent(inner, "d/inner"));

  assertEquals(asked, once);
  assertEquals(namesIn(trees.one).includes("d/inner/earlier"), false);
});
