import { freeAbove } from "../../src/driver/quota.ts";
import { assert, assertEquals } from "../assert.ts";

Deno.test("freeAbove() finds a free number in few steps, above a used one if there is any", () => {
  const sets = [
    [],
    [11],
    [11, 12, 13],
    [11, 13, 14],
    [12, 13],
    Array.from({ length: 10_000 }, (_, i) => 11 + i),
    Array.from({ length: 10_000 }, (_, i) => 11 + 3 * i),
  ];
  for (const numbers of sets) {
    const used = new Set(numbers);
    let asked = 0;
    const id = freeAbove(10, (id) => {
      asked++;
      return used.has(id);
    });

    assert(id > 10 && !used.has(id), `${id}`);
    assert(id === 11 || used.has(id - 1), `${id}`);
    assert(
      asked <= 2 + 2 * Math.log2(numbers.length + 2),
      `${asked} questions`,
    );
  }
  assertEquals(freeAbove(10, () => false), 11);
});
