/**
 * Hostile archives, one by one, against the real driver by each way.
 *
 * Each is played with all oracles of the fuzzer: what is around the layer stays
 * as it was, an error leaves an empty layer empty, nothing stays open, and what
 * is taken survives a diff.
 *
 * @module
 */

import { assertEquals } from "../assert.ts";
import { WAYS } from "../driver/apply_ways.ts";
import { CASES } from "../tar/cases.ts";
import { REFUSED } from "../tar/refused.ts";
import { play } from "./case.ts";
import { HARD_LINKS, SYMLINKS } from "./corpus/links.ts";
import { ATTRIBUTES, OVERLAY, WHITEOUTS } from "./corpus/markers.ts";
import { NAMES } from "./corpus/names.ts";
import { World } from "./world.ts";

const CORPUS = {
  ...NAMES,
  ...SYMLINKS,
  ...HARD_LINKS,
  ...WHITEOUTS,
  ...ATTRIBUTES,
};

function testOf(way: typeof WAYS[number]) {
  return { way, chunk: 65536, filling: 1, limits: {}, check: false };
}

for (const [name, { bytes, code }] of Object.entries(CORPUS)) {
  Deno.test(`Driver.applyDiff() is safe from ${name}`, async () => {
    await using world = await World.make(0);
    for (const way of WAYS) {
      const answer = await play(world, testOf(way), [bytes]);
      assertEquals(answer, code(way), way.name);
    }
  });
}

for (const way of WAYS) {
  Deno.test(`Driver.applyDiff() refuses overlayfs's own attributes, ${way.name}`, async () => {
    await using world = await World.make(0);
    for (const [name, { bytes, code }] of Object.entries(OVERLAY)) {
      const answer = await play(world, testOf(way), [bytes]);
      assertEquals(answer, code(way), name);
    }
  });

  Deno.test(`Driver.applyDiff() is safe from every case of the reader, ${way.name}`, async () => {
    await using world = await World.make(0);
    for (const [name, bytes] of Object.entries(CASES)) {
      const answer = await play(world, testOf(way), [bytes]);
      if (name in REFUSED) assertEquals(answer, "EBADMSG", name);
    }
  });
}
