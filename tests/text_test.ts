/**
 * Names as bytes and as strings.
 *
 * @module
 */

import {
  compareNames,
  decodeName,
  encodeName,
  printableName,
} from "../src/text.ts";
import { assertEquals, assertThrows } from "./assert.ts";
import { Random } from "./tree/random.ts";

const SAMPLES: readonly number[][] = [
  [],
  [0x61],
  [0xff],
  [0x80, 0xbf],
  [0xc3, 0xa9],
  [0xc3],
  [0xc3, 0x28],
  [0xe2, 0x82],
  [0xe2, 0x82, 0xac],
  [0xef, 0xbb, 0xbf, 0x61],
  [0xf0, 0x9f, 0x98, 0x80],
  [0xf0, 0x9f, 0x98],
  [0xf4, 0x90, 0x80, 0x80],
  [0xed, 0xa0, 0x80],
  [0xed, 0xb2, 0x80],
  [0xc0, 0xaf],
  [0x61, 0xff, 0x62, 0xfe],
];

Deno.test("decodeName() and encodeName() give any bytes back", () => {
  const random = new Random(7);
  const samples = [...SAMPLES];
  for (let i = 0; i < 3000; i++) {
    const length = random.below(140);
    const kind = random.below(3);
    samples.push(
      Array.from(
        { length },
        () =>
          kind === 2
            ? random.pick([0x61, 0xc3, 0xa9, 0xe2, 0xf0, 0x9f])
            : random.below(kind === 1 ? 256 : 128),
      ),
    );
  }
  for (const sample of samples) {
    const bytes = new Uint8Array(sample);
    assertEquals(encodeName(decodeName(bytes)), bytes, sample.join());
  }
});

Deno.test("decodeName() gives each odd byte a lone surrogate and keeps the rest", () => {
  const decode = (...bytes: number[]) => decodeName(new Uint8Array(bytes));

  assertEquals(decode(0x61, 0xff, 0xc3, 0xa9), "a\udcffé");
  assertEquals(decode(0xed, 0xa0, 0x80), "\udced\udca0\udc80");
  assertEquals(decode(0xef, 0xbb, 0xbf), "\ufeff");
  assertEquals(decode(0xf0, 0x9f, 0x98, 0x80), "\u{1F600}");
});

Deno.test("decodeName() reads text of any length as TextDecoder does", () => {
  const bytes = encodeName("The quick brown fox jumps over it. ".repeat(9));
  for (let end = 0; end <= bytes.length; end++) {
    const expected = new TextDecoder().decode(bytes.subarray(3, end));
    assertEquals(decodeName(bytes, 3, Math.max(3, end)), expected);
  }
});

Deno.test("decodeName() reads a part of a buffer", () => {
  const bytes = encodeName("xabcéy");

  assertEquals(decodeName(bytes, 1, 6), "abcé");
  assertEquals(decodeName(bytes, 4), "éy");
  const long = encodeName(`<${"a".repeat(200)}>`);
  assertEquals(decodeName(long, 1, 201), "a".repeat(200));
});

Deno.test("encodeName() refuses what stands for no bytes", () => {
  for (const text of ["\ud800", "a\udc7f", "\udbff", "\udd00"]) {
    assertThrows(() => encodeName(text), TypeError);
  }
});

function byBytes(a: string, b: string): number {
  const [x, y] = [encodeName(a), encodeName(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    if (x[i] !== y[i]) return x[i]! - y[i]!;
  }
  return x.length - y.length;
}

Deno.test("compareNames() orders as the bytes do", () => {
  const random = new Random(8);
  const letters = [
    "a",
    "b",
    "/",
    "-",
    "\x7f",
    "é",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\u{10000}",
    "\udc80",
    "\udcff",
  ];
  const name = () =>
    Array.from({ length: random.below(4) }, () => random.pick(letters)).join(
      "",
    );

  for (let i = 0; i < 5000; i++) {
    const [a, b] = [name(), name()];
    assertEquals(
      Math.sign(compareNames(a, b)),
      Math.sign(byBytes(a, b)),
      JSON.stringify([a, b]),
    );
  }
});

Deno.test("compareNames() differs from the order of UTF-16 where bytes do", () => {
  const names = ["\u{1F600}", "\uff45", "\udcff", "\udc80"];

  assertEquals(names.toSorted(compareNames), [
    "\udc80",
    "\uff45",
    "\u{1F600}",
    "\udcff",
  ]);
});

Deno.test("printableName() shows odd bytes and control characters", () => {
  assertEquals(printableName("a\udcff\n\x1b[é\x7f"), "a\\xff\\x0a\\x1b[é\\x7f");
});
