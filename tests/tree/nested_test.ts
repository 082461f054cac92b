/**
 * Generators within generators.
 *
 * @module
 */

import { flattened, Nested, type Steps } from "../../src/tree/nested.ts";
import { assertEquals } from "../assert.ts";

function* values(...steps: (string | Nested<string>)[]): Steps<string> {
  yield* steps;
}

Deno.test("flattened() gives nested values in order, and what comes before them", () => {
  const inner = new Nested(values("c", "d"), "b");
  const empty = new Nested(values(new Nested(values(), "no")), "nor this");
  const plain = new Nested(values("f"));

  const all = [...flattened(values("a", inner, empty, "e", plain, "g"))];

  assertEquals(all.join(""), "abcdefg");
});

Deno.test("flattened() gives all that comes before the first value, outermost first", () => {
  const work = new Nested(values(new Nested(values("c", "d"), "b"), "e"), "a");

  assertEquals([...flattened(values(work, "f"))].join(""), "abcdef");
});

Deno.test("flattened() goes deeper than the stack, and ends all that it began", () => {
  let open = 0;
  function* deep(depth: number): Steps<string> {
    open++;
    try {
      if (depth > 0) yield new Nested(deep(depth - 1), `${depth}`);
      else yield "bottom";
    } finally {
      open--;
    }
  }

  const depth = 100_000;
  assertEquals([...flattened(deep(depth))].length, depth + 1);
  assertEquals(open, 0);
  for (const value of flattened(deep(depth))) if (value === "5") break;
  assertEquals(open, 0);
});
