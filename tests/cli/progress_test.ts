/**
 * What progress says.
 *
 * @module
 */

import { readableSize } from "../../src/cli/progress.ts";
import { assertEquals } from "../assert.ts";

Deno.test("readableSize is short", () => {
  const sizes = [0, 999, 1000, 999_949, 999_950, 1_500_000, 2e15, 3e18];
  assertEquals(sizes.map(readableSize), [
    "0 B",
    "999 B",
    "1.0 kB",
    "999.9 kB",
    "1.0 MB",
    "1.5 MB",
    "2.0 PB",
    "3000.0 PB",
  ]);
});
