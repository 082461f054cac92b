/**
 * Paths of archive entries.
 *
 * @module
 */

import {
  baseName,
  cleanPath,
  localPath,
  parentPath,
} from "../../src/tree/paths.ts";
import { portableCapability } from "../../src/tree/capability.ts";
import { DriverError } from "../../src/errors.ts";
import { assertEquals, assertThrows } from "../assert.ts";

Deno.test("cleanPath() resolves a name lexically, and knows when it leads out", () => {
  const cases: readonly [string, string | undefined][] = [
    ["a", "a"],
    ["a/b", "a/b"],
    ["/a", "a"],
    ["//a//b//", "a/b"],
    ["./a/./b/.", "a/b"],
    ["a/../b", "b"],
    ["a/b/../..", ""],
    ["", ""],
    [".", ""],
    ["/", ""],
    ["..a/...", "..a/..."],
    [".hidden", ".hidden"],
    ["a/..b/.c", "a/..b/.c"],
    ["..", undefined],
    ["/..", undefined],
    ["../a", undefined],
    ["a/../../b", undefined],
    ["a/../..", undefined],
  ];
  for (const [name, expected] of cases) {
    assertEquals(cleanPath(name), expected, JSON.stringify(name));
  }
});

Deno.test("localPath() refuses what leads out", () => {
  assertEquals(localPath("./a/"), "a");
  const error = assertThrows(() => localPath("../a"), DriverError);
  assertEquals(error.code, "EBADMSG");
});

Deno.test("parentPath() and baseName() split a clean path", () => {
  assertEquals([parentPath("a/b/c"), baseName("a/b/c")], ["a/b", "c"]);
  assertEquals([parentPath("a"), baseName("a")], ["", "a"]);
  assertEquals([parentPath(""), baseName("")], ["", ""]);
});

Deno.test("portableCapability() takes a capability out of its namespace", () => {
  const body = [1, 0, 0, 0, ...new Array(16).fill(7)];
  const of = (version: number, ...root: number[]) => {
    const value = new Uint8Array([...body, ...root]);
    value[3] = version;
    return value;
  };

  assertEquals(portableCapability(of(2)), of(2));
  assertEquals(portableCapability(of(3, 1, 2, 3, 4)), of(2));
  assertEquals(portableCapability(of(1).slice(0, 12)), of(1).slice(0, 12));
  const short = of(3).slice(0, 10);
  assertEquals(portableCapability(short), short);
});
