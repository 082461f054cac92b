/**
 * Ways down into trees.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { Descent } from "../../src/tree/descent.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { TempDir } from "../fixtures.ts";

Deno.test("Descent closes a directory of which nothing can be read", () => {
  using temp = new TempDir();
  const dir = Dir.open(temp.path);
  using descent = new Descent<string>();

  assertThrows(
    () =>
      descent.enter(dir, () => {
        throw new Error("it cannot be read");
      }),
    Error,
    "it cannot be read",
  );

  assertEquals([dir.fd, descent.top], [-1, undefined]);
});
