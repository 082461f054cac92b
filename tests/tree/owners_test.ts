/**
 * Owners inside and outside a container.
 *
 * @module
 */

import { IdMap, SAME_OWNERS } from "../../src/tree/owners.ts";
import { DriverError } from "../../src/errors.ts";
import { assertEquals, assertThrows } from "../assert.ts";

const RANGES = [
  { containerId: 0, hostId: 100_000, size: 1000 },
  { containerId: 1000, hostId: 500_000, size: 10 },
];

Deno.test("IdMap translates by the first range that has an id", () => {
  const map = new IdMap(RANGES);
  const pairs = [[0, 100_000], [999, 100_999], [1000, 500_000], [
    1009,
    500_009,
  ]];

  for (const [inside, outside] of pairs) {
    assertEquals(map.toHost(inside!), outside);
    assertEquals(map.toContainer(outside!), inside);
  }
  assertEquals(map.root, 100_000);
});

Deno.test("IdMap refuses an id that no range has", () => {
  const map = new IdMap(RANGES);

  for (const id of [1010, 99_999, 500_010]) {
    const error = assertThrows(() => map.toHost(id), DriverError);
    assertEquals(error.code, "EBADMSG");
  }
  for (const id of [0, 99_999, 101_000, 500_010]) {
    assertEquals(map.toContainer(id), undefined);
  }
});

Deno.test("IdMap leaves the mapped root as it is, as Docker does", () => {
  assertEquals(new IdMap(RANGES).toHost(100_000), 100_000);
});

Deno.test("IdMap without ranges leaves ids as they are", () => {
  for (const map of [new IdMap(undefined), new IdMap([]), SAME_OWNERS.users]) {
    for (const id of [0, 1, 65_534, 0xffff_fffe]) {
      assertEquals([map.toHost(id), map.toContainer(id)], [id, id]);
    }
    assertEquals(map.root, 0);
  }
});

Deno.test("IdMap refuses ranges without a root", () => {
  const error = assertThrows(
    () => new IdMap([{ containerId: 1, hostId: 1, size: 5 }]),
    DriverError,
  );

  assertEquals(error.code, "EINVAL");
});
