/**
 * Names of a layer's files.
 *
 * @module
 */

import {
  checkId,
  idOfTarget,
  isLayerName,
  isShortName,
  linkTarget,
  newShortName,
  parseLower,
  quote,
} from "../../src/store/layout.ts";
import { DriverError } from "../../src/errors.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";

Deno.test("checkId() takes file names and refuses what the home needs", () => {
  const good = [
    "a",
    "...",
    "L",
    "ll",
    "a".repeat(255),
    "é",
    "\udcff",
    "a:b",
    " ",
  ];
  const bad = ["", ".", "..", "l", "/", "a/b", "\0", "a".repeat(256), "\ud800"];

  for (const id of good) {
    checkId(id);
    assertEquals(isLayerName(id), true, id);
  }
  for (const id of bad) {
    const error = assertThrows(() => checkId(id), DriverError);
    assertEquals(error.code, "EINVAL", id);
    assertEquals(isLayerName(id), false, id);
  }
});

Deno.test("newShortName() makes 26 characters of base 32, of all letters, never twice", () => {
  const names = Array.from({ length: 2000 }, newShortName);

  for (const name of names) assert(/^[A-Z2-7]{26}$/.test(name), name);
  assertEquals(new Set(names).size, names.length);
  for (let i = 0; i < 26; i++) {
    assertEquals(new Set(names.map((name) => name[i])).size, 32, `${i}`);
  }
});

Deno.test("isShortName() takes any length and refuses what would lead elsewhere", () => {
  for (const name of ["A", "a", "0".repeat(40), "...", "é"]) {
    assertEquals(isShortName(name), true, name);
  }
  for (const name of ["", ".", "..", "a/b", "/", "a\n", "a:b", "a\0"]) {
    assertEquals(isShortName(name), false, JSON.stringify(name));
  }
});

Deno.test("parseLower() gives the entries of a lower file, nearest first", () => {
  assertEquals(parseLower("l/A"), ["l/A"]);
  assertEquals(parseLower("l/A:l/B:l/c"), ["l/A", "l/B", "l/c"]);
  for (
    const text of [
      "",
      ":",
      "l/",
      "l/A:",
      ":l/A",
      "l/A::l/B",
      "A",
      "/l/A",
      "l/..",
      "l/A\n",
      "l/a/b",
      "L/A",
      "l/A l/B:../x",
    ]
  ) {
    assertEquals(parseLower(text), undefined, JSON.stringify(text));
  }
});

Deno.test("idOfTarget() undoes linkTarget(), and refuses any other target", () => {
  for (const id of ["a", "\udcff", "a b", "..."]) {
    assertEquals(idOfTarget(linkTarget(id)), id);
  }
  assertEquals(linkTarget("a"), "../a/diff");
  for (
    const target of [
      "",
      "a",
      "../a",
      "../a/diff/",
      "../a/b/diff",
      "/a/diff",
      "../../diff",
      "../l/diff",
      "../a/diff\n",
      "../a/work",
    ]
  ) {
    assertEquals(idOfTarget(target), undefined, JSON.stringify(target));
  }
});

Deno.test("quote() makes an id fit for one line", () => {
  assertEquals(quote("a\n\udcff"), '"a\\x0a\\xff"');
});
