/**
 * A small archive, cut at each byte and with flipped bits, against the real
 * driver.
 *
 * Damage takes turns with the ways of applying an archive.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { removeTreeNow } from "../../src/linux/remove.ts";
import { assert, assertEquals } from "../assert.ts";
import { applyTop, type Way, WAYS } from "../driver/apply_ways.ts";
import { archive, dir, file, symlink } from "../tar_builder.ts";
import { sign } from "../tar/fixture.ts";
import { Random } from "../tree/random.ts";
import { namesIn } from "../trees.ts";
import { assertSame, checkError, checkLeaks, descriptors } from "./oracles.ts";
import { World } from "./world.ts";

const BLOCK = 512;
const GOOD = archive(
  dir("d"),
  symlink("d/l", "../../victim"),
  file("d/l/f", "content"),
);
/** Blocks that are headers. */
const HEADERS = [0, 1, 2];

/** Applies damaged archives to a layer; counts those that were taken. */
async function applyAll(
  way: Way,
  archives: readonly Uint8Array[],
): Promise<number> {
  let taken = 0;
  await using world = await World.make(0);
  await world.makeTop(way, new Random(1));
  const before = world.surroundings();
  const open = descriptors();
  for (const bytes of archives) {
    const code = await applyTop(world.driver, way, bytes)
      .then(() => "", checkError);
    if (code === "") taken++;
    if (way.filled) continue;
    if (code === "") empty(world);
    assertEquals(namesIn(`${world.home}/top/diff`), []);
  }
  assertSame(world.surroundings(), before, "Something outside changed");
  await checkLeaks(world, open);
  return taken;
}

/** Takes out what an archive has brought. */
function empty({ home }: World): void {
  using diff = Dir.open(`${home}/top/diff`);
  using listing = diff.reopen();
  for (const { name } of listing.names()) removeTreeNow(diff, name);
}

/** Deals archives out to the ways; gives how many were taken. */
async function playAll(archives: readonly Uint8Array[]): Promise<number> {
  let taken = 0;
  for (const [turn, way] of WAYS.entries()) {
    const share = archives.filter((_, i) => i % WAYS.length === turn);
    taken += await applyAll(way, share);
  }
  return taken;
}

Deno.test("Driver.applyDiff() is safe from an archive that is cut at any byte", async () => {
  const cuts = Array.from(
    { length: GOOD.length },
    (_, length) => GOOD.subarray(0, length),
  );

  const taken = await playAll(cuts);

  // Nothing, one, two and three whole entries, and half of the end mark.
  assertEquals(taken, 5);
});

/** Whether a byte says something, or is the first that says nothing. */
function matters(at: number): boolean {
  return GOOD[at] !== 0 || at > 0 && GOOD[at - 1] !== 0;
}

/** The archive with one bit flipped, and the checksum of its header put right. */
function flipped(at: number, bit: number): Uint8Array {
  const bytes = GOOD.slice();
  bytes[at]! ^= 1 << bit;
  const block = Math.floor(at / BLOCK);
  const inChecksum = at % BLOCK >= 148 && at % BLOCK < 156;
  if (HEADERS.includes(block) && !inChecksum) {
    sign(bytes.subarray(block * BLOCK, (block + 1) * BLOCK));
  }
  return bytes;
}

Deno.test("Driver.applyDiff() is safe from an archive with any bit flipped", async () => {
  const flips: Uint8Array[] = [];
  for (let at = 0; at < GOOD.length; at++) {
    // Bits of the zeros that fill up fields and blocks are all alike.
    const bits = matters(at) ? [0, 1, 2, 3, 4, 5, 6, 7] : [at % 8];
    flips.push(...bits.map((bit) => flipped(at, bit)));
  }

  const taken = await playAll(flips);

  assert(flips.length > 4000, `${flips.length}`);
  assert(taken > 1000 && taken < 4000, `${taken} of ${flips.length} taken`);
});
