/**
 * Lines of a batch as words.
 *
 * @module
 */

import { UsageError } from "../../src/cli/command.ts";
import { splitWords } from "../../src/cli/words.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { execute } from "./program.ts";

const LINES: readonly [line: string, words: string[]][] = [
  ["", []],
  [" \t ", []],
  ["create base", ["create", "base"]],
  ["  create\t base  ", ["create", "base"]],
  ["create 'a b' base", ["create", "a b", "base"]],
  [`create "a b"'c d'e\\ f ""`, ["create", "a bc de f", ""]],
  [`a "" ''`, ["a", "", ""]],
  [`'a\\b' "a\\b" a\\b`, ["a\\b", "a\\b", "ab"]],
  [`"\\"\\\\\\$\\\`"`, ['"\\$`']],
  [`$HOME *.tar ~ #x a#b`, ["$HOME", "*.tar", "~", "#x", "a#b"]],
  ["caf\u00e9 \udcff", ["caf\u00e9", "\udcff"]],
  ['["create", "a b", ""]', ["create", "a b", ""]],
  ['  ["x\\udcff\\n"]', ["x\udcff\n"]],
];

Deno.test("splitWords() splits as a shell does, and takes JSON arrays", () => {
  for (const [line, words] of LINES) {
    assertEquals(splitWords(line), words, line);
  }
});

Deno.test("splitWords() agrees with the shell", async () => {
  for (const [line] of LINES) {
    if (/[[$*~#\udcff]|^\s*$/.test(line)) continue;
    const script = `printf '%s\\0' ${line}`;
    const { stdout } = await execute(["sh", "-c", script]);
    assertEquals(splitWords(line), stdout.split("\0").slice(0, -1), line);
  }
});

Deno.test("splitWords() refuses what has no end, and other JSON", () => {
  for (
    const line of [
      "a 'b",
      'a "b',
      "a \\",
      "[",
      "[1]",
      '["a", null]',
      '["a"] b',
    ]
  ) assertThrows(() => splitWords(line), UsageError);
});
