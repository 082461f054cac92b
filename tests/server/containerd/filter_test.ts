/**
 * containerd's filters.
 *
 * @module
 */

import { SnapshotError } from "../../../src/server/containerd/fault.ts";
import { parseFilters } from "../../../src/server/containerd/filter.ts";
import type { Info } from "../../../src/server/containerd/messages.ts";
import { assertEquals, assertThrows } from "../../assert.ts";

const never = { seconds: 0, nanos: 0 };
const info: Info = {
  name: "default/5/a b",
  parent: "",
  kind: "active",
  created: never,
  updated: never,
  labels: { foo: "bar", "very/complex.na-me": "x y", dotted: "", quote: '"' },
};

const MATCHES: Readonly<Record<string, boolean>> = {
  "": true,
  "name": true,
  "parent": true,
  "kind": true,
  "id": false,
  "labels": false,
  "labels.foo": true,
  "labels.no": false,
  "labels.toString": false,
  "name==default/5/a": false,
  'name=="default/5/a b"': true,
  "kind==active,labels.foo==bar": true,
  "kind==active,labels.foo==ba": false,
  " kind == active, labels. foo == bar": true,
  "kind!=active": false,
  "labels.no!=bar": true,
  'labels.no!=""': false,
  'labels.no==""': false,
  'parent==""': true,
  'parent!=""': false,
  'labels."very/complex.na-me"=="x y"': true,
  'labels."very/complex"."na-me"': true,
  "labels.very.complex": false,
  "name~=^default": true,
  "name~=b$": true,
  "name~=^b": false,
  "name~=/^default.5/": true,
  "name~=/^default\\/5/": true,
  "name~=|a b|": true,
  'name~="a b"': true,
  "name~=(": false,
  "labels.no~=^$": true,
  'labels.quote=="\\""': true,
  'labels.quote=="\\x22"': true,
  'labels.quote=="\\042"': true,
  'labels.quote=="\\u0022"': true,
  'labels.foo=="b\\x61r"': true,
};

Deno.test("parseFilters() matches as containerd does", () => {
  for (const [filter, matches] of Object.entries(MATCHES)) {
    assertEquals(
      { filter, matches: parseFilters([filter])(info) },
      { filter, matches },
    );
  }
});

Deno.test("parseFilters() matches if one of several does, or there is none", () => {
  assertEquals(parseFilters([])(info), true);
  assertEquals(parseFilters(["kind==view", "kind==active"])(info), true);
  assertEquals(parseFilters(["kind==view", "kind==committed"])(info), false);
});

Deno.test("parseFilters() refuses what containerd refuses", () => {
  for (
    const filter of [
      "kind==",
      "==active",
      "kind=active",
      "kind=~active",
      "kind===active",
      "kind==active,",
      "kind==active ,name",
      "kind==active ",
      "labels .foo",
      "name ",
      ",kind==active",
      "kind==active kind==view",
      "labels.",
      "labels..a",
      'name=="open',
      "name==/slash/",
      "name==|bar|",
      'name=="\\q"',
      'name=="\\x2"',
      'name=="\\U00110000"',
      "ke-y==a",
    ]
  ) {
    const error = assertThrows(() => parseFilters([filter]), SnapshotError);
    assertEquals((error as SnapshotError).code, "INVALID_ARGUMENT", filter);
  }
});
