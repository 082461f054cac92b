/**
 * Bytes in memory that two threads share; here one plays both.
 *
 * @module
 */

import {
  Giver,
  NotTakenError,
  sharedMemory,
  Taker,
} from "../../src/cli/shared_pieces.ts";
import { assertEquals, assertThrows } from "../assert.ts";

const MIB = 1 << 20;

function sides() {
  const memory = sharedMemory();
  let told = 0;
  const giver = new Giver(memory, () => told++);
  return { giver, taker: new Taker(memory), told: () => told };
}

Deno.test("pieces come in their order, filled up or when that is asked for", () => {
  const { giver, taker, told } = sides();
  giver.give(new Uint8Array(MIB - 1).fill(1));
  assertEquals([taker.take(), told()], [undefined, 0]);
  giver.give(Uint8Array.of(2, 3));
  giver.flush();
  giver.flush();

  const first = taker.take()!;
  assertEquals([first.length, first[0], first[MIB - 1]], [MIB, 1, 2]);
  assertEquals([...taker.take()!], [3]);
  assertEquals([taker.take(), told()], [undefined, 2]);
});

Deno.test("memory is used again once a piece has been looked at", () => {
  const { giver, taker } = sides();
  for (let i = 0; i < 4; i++) giver.give(new Uint8Array(MIB).fill(i));
  for (let i = 4; i < 40; i++) {
    const piece = taker.take()!;
    assertEquals([piece[0], piece[MIB - 1]], [i - 4, i - 4]);
    if (i === 4) continue;
    // The piece before is given back by now.
    giver.give(new Uint8Array(MIB).fill(i - 1));
  }
});

Deno.test("who gives learns that nobody takes any more", () => {
  const { giver, taker } = sides();
  for (let i = 0; i < 4; i++) giver.give(new Uint8Array(MIB));
  giver.refuseStopped();

  taker.stop();

  assertThrows(() => giver.refuseStopped(), NotTakenError);
  assertThrows(() => giver.give(Uint8Array.of(1)), NotTakenError);
  assertEquals(taker.take(), undefined);
  assertThrows(() => giver.refuseStopped(), NotTakenError);
});
