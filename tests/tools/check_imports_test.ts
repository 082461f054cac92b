/**
 * The check of who imports whom.
 *
 * @module
 */

import { assertEquals, assertThrows } from "../assert.ts";
import {
  checkSource,
  MAX_LINES,
  parseRules,
} from "../../tools/check_imports.ts";

const PAGE = `
# How the code is laid out

| folder | question | may import |
| --- | --- | --- |
| \`src/text.ts\`, \`src/errors.ts\` | names | nothing |
| \`src/linux\` | the kernel | \`text\` |
| \`src/driver\` | steps | all of the above |
| \`mod.ts\`, \`cli.ts\` | doors | \`driver\`; \`errors\`, \`driver\` |
`;

const RULES = parseRules(PAGE);

function check(path: string, text: string): string[] {
  return checkSource({ path, text }, RULES);
}

Deno.test("parseRules reads the table of a page", () => {
  const rules = Object.fromEntries(
    [...RULES].map(([unit, allowed]) => [unit, [...allowed]]),
  );

  assertEquals(rules, {
    text: [],
    errors: [],
    linux: ["text"],
    driver: ["text", "errors", "linux"],
    "mod.ts": ["driver"],
    "cli.ts": ["errors", "driver"],
  });
});

Deno.test("parseRules refuses a page without the table", () => {
  assertThrows(() => parseRules("# Nothing\n"), SyntaxError);
});

Deno.test("checkSource accepts what the table allows, and the own folder", () => {
  const text = `import { a } from "../text.ts";
import type { B } from "./b.ts";
export * from "./c/d.ts";
import "node:zlib";
`;

  assertEquals(check("src/linux/a.ts", text), []);
  assertEquals(check("cli.ts", 'import "./src/errors.ts";'), []);
});

Deno.test("checkSource names file and line of an import that is not allowed", () => {
  const text = `import {
  a,
} from "../driver/a.ts";
export type { B } from "../errors.ts";
const c = await import("../../mod.ts");
import "../text.ts";
`;

  assertEquals(check("src/linux/a.ts", text), [
    "src/linux/a.ts:1: linux may not import driver (docs/architecture.md)",
    "src/linux/a.ts:4: linux may not import errors (docs/architecture.md)",
    "src/linux/a.ts:5: linux may not import mod.ts (docs/architecture.md)",
  ]);
});

Deno.test("checkSource refuses a folder that the table does not know", () => {
  assertEquals(check("src/new/a.ts", 'import "../text.ts";'), [
    "src/new/a.ts:1: docs/architecture.md has no row for it",
  ]);
});

Deno.test("checkSource allows bare specifiers in src/deps.ts and src/grpc.ts alone", () => {
  const text = 'import { join } from "@std/path";';

  assertEquals(check("src/deps.ts", text), []);
  assertEquals(check("src/grpc.ts", text), []);
  assertEquals(check("src/driver/a.ts", text), [
    'src/driver/a.ts:1: "@std/path" may be imported by src/deps.ts, src/grpc.ts alone',
  ]);
  assertEquals(check("mod.ts", 'export * from "jsr:@std/path";').length, 1);
});

Deno.test("checkSource keeps dlopen and pointers inside src/linux", () => {
  const text = `
const lib = Deno.dlopen("libc.so.6", {});
const p = new Deno.UnsafePointerView(x);
`;

  assertEquals(check("src/linux/a.ts", text), []);
  assertEquals(check("src/driver/a.ts", text), [
    "src/driver/a.ts:2: Deno.dlopen belongs into src/linux",
    "src/driver/a.ts:3: UnsafePointerView belongs into src/linux",
  ]);
});

Deno.test("checkSource does not look into comments, and is not led astray by literals", () => {
  const text = `
/**
 * import { a } from "../driver/a.ts";
 * Deno.dlopen
 */
// import "../driver/a.ts";
const slash = /[/"'\`]/g;
const url = "http://x/*";
import "../errors.ts"; // */
`;

  assertEquals(check("src/linux/a.ts", text), [
    "src/linux/a.ts:9: linux may not import errors (docs/architecture.md)",
  ]);
});

Deno.test("checkSource limits the length of a file", () => {
  assertEquals(check("src/text.ts", "x;\n".repeat(MAX_LINES)), []);
  assertEquals(check("src/text.ts", "x;\n".repeat(MAX_LINES + 1)), [
    "src/text.ts:401: the file has 401 lines, above 400",
  ]);
});
