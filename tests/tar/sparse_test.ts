import { Malformed } from "../../src/tar/error.ts";
import {
  checkMapLength,
  checkSparseMap,
  SparseText,
} from "../../src/tar/sparse.ts";
import { SparseContent } from "../../src/tar/sparse_content.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { padded } from "./fixture.ts";

Deno.test("checkSparseMap() accepts pieces in order within the file", () => {
  checkSparseMap([], 0, 0);
  checkSparseMap([], 100, 0);
  checkSparseMap([0, 5, 5, 5, 10, 0, 90, 10], 100, 20);
});

Deno.test("checkSparseMap() refuses overlap, disorder and excess", () => {
  const maps: [number[], number][] = [
    [[0, 5, 4, 5], 10],
    [[50, 5, 0, 5], 10],
    [[99, 2], 2],
    [[101, 0], 0],
    [[-1, 2], 2],
    [[5, -1], -1],
    [[1, 2 ** 63], 2 ** 63],
    [[2 ** 63, 1], 1],
  ];
  for (const [map, stored] of maps) {
    const check = () => checkSparseMap(map, 100, stored);
    assertThrows(check, Malformed, "overlaps", `${map}`);
  }
});

Deno.test("checkSparseMap() refuses a map that does not use up the content", () => {
  assertThrows(() => checkSparseMap([0, 5], 100, 6), Malformed, "match");
  assertThrows(() => checkSparseMap([0, 5], 100, 4), Malformed, "match");
  assertThrows(() => checkSparseMap([], 100, 1), Malformed, "match");
});

Deno.test("checkMapLength() allows 1 MiB", () => {
  checkMapLength(1 << 20);
  assertThrows(() => checkMapLength((1 << 20) + 1), Malformed, "too long");
});

Deno.test("SparseText ends with the block of the last number", () => {
  const numbers = Array.from({ length: 400 }, (_, i) => i);
  const blocks = padded(`200\n${numbers.join("\n")}\n`);
  const text = new SparseText();
  const done: boolean[] = [];

  for (let at = 0; at < blocks.length; at += 512) {
    done.push(text.push(blocks, at));
  }

  assertEquals(done, [...done.slice(1).map(() => false), true]);
  assertEquals(text.map(), numbers);
});

Deno.test("SparseContent gives data and holes wherever the data is cut", () => {
  const data = new Uint8Array([1, 2, 3, 4, 5, 6]);
  for (let cut = 1; cut <= data.length; cut++) {
    const events: (number | string)[] = [];
    const content = new SparseContent([0, 0, 3, 2, 5, 1, 9, 3, 15, 0], 20, {
      entry: () => {},
      data: (bytes) => events.push(...bytes),
      hole: (length) => events.push(`hole ${length}`),
      end: () => {},
    });

    content.skip();
    for (let at = 0; at < data.length; at += cut) {
      content.push(data, at, Math.min(at + cut, data.length));
    }

    assertEquals(events, ["hole 3", 1, 2, 3, "hole 3", 4, 5, 6, "hole 8"]);
  }
});
