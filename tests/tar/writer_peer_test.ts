/**
 * The encoder beside Go's writer: same bytes, same refusals.
 *
 * @module
 */

import type { TarEntry } from "../../src/tar/entry.ts";
import { HeaderEncoder } from "../../src/tar/writer.ts";
import { assert, assertEquals, fail } from "../assert.ts";
import { entryOf } from "./fixture.ts";
import { HAS_GO, Peer } from "./peer.ts";

const NEEDS_GO = { ignore: !HAS_GO };

/** Compares the blocks of each entry; one encoder makes them all. */
async function compareAll(entries: TarEntry[]): Promise<void> {
  using peer = new Peer();
  const expected = await peer.encode(entries);
  assertEquals(expected.length, entries.length);
  const encoder = new HeaderEncoder();
  entries.forEach((entry, i) => compare(encoder, entry, expected[i]!));
}

function compare(
  encoder: HeaderEncoder,
  entry: TarEntry,
  expected: Uint8Array | string,
): void {
  const shown = JSON.stringify(entry);
  let actual: Uint8Array;
  try {
    actual = encoder.encode(entry);
  } catch (error) {
    if (typeof expected !== "string") fail(`${error}, Go encodes ${shown}`);
    assert(error instanceof RangeError, `${error}`);
    return;
  }
  if (typeof expected === "string") fail(`${expected}, not here: ${shown}`);
  if (actual.toHex() !== expected.toHex()) {
    assertEquals(text(actual), text(expected), shown);
  }
}

/** Bytes as characters, with runs of NUL and zeros shortened for messages. */
function text(bytes: Uint8Array): string {
  const decoded = new TextDecoder("latin1").decode(bytes);
  return decoded.replace(/\0{4,}/g, (run) => `<${run.length} NUL>`);
}

const at = (seconds: number, nanoseconds = 0) => ({ seconds, nanoseconds });
const bytes = (...values: number[]) => new Uint8Array(values);

function namesOf(length: number): string[] {
  const slashes = [0, 1, 50, length - 102, length - 101, length - 100];
  const names = ["n".repeat(length), "é".repeat(length)];
  for (const slash of [...slashes, 153, 154, 155, 156, 157, length - 1]) {
    if (slash < 0 || slash >= length) continue;
    const rest = "b".repeat(length - slash - 1);
    names.push(`${"a".repeat(slash)}/${rest}`);
    names.push(`${"a".repeat(slash)}/${rest}/`);
    names.push(`${"d/".repeat(slash / 2)}/${rest}`);
  }
  return names;
}

const LENGTHS = [1, 99, 100, 101, 102, 155, 156, 157, 158, 199, 255, 256, 257];
const ODD_NAMES = [
  ...["", ".", "..", "/", "//", "./", "../x", "a/../é", "/é", "/../é", "./é"],
  ...["é/", "é//", "é/.", "é/..", "a//é", "ünï", "\udcff", "a\udc80/b", "☺/x"],
  "😀é",
  "/" + "x".repeat(100),
  "/".repeat(101),
  "x".repeat(99) + "/".repeat(10) + "y",
  "x".repeat(98) + "//é",
  "é" + "x".repeat(99) + "/y",
  "é/".repeat(60),
  "d".repeat(95) + "/" + "é".repeat(5),
  "d".repeat(88) + "/" + "é".repeat(5),
  "d/".repeat(44) + "é/é",
];

Deno.test(
  "HeaderEncoder names entries as Go does (needs go)",
  NEEDS_GO,
  async () => {
    const names = [...LENGTHS.flatMap(namesOf), ...ODD_NAMES];

    await compareAll(names.flatMap((name) => [
      entryOf({ name, type: "5" }),
      entryOf({ name, type: "0" }),
      entryOf({ name, type: "5", uid: 3000000 }),
      entryOf({ name: "l", type: "2", linkname: name }),
      entryOf({ name, type: "1", linkname: name, gid: 3000000 }),
    ]));
  },
);

const LIMITS = [0, 1, 0o7777777, 0o10000000, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
  .concat([2 ** 33 - 1, 2 ** 33, 2 ** 40, 2 ** 53 - 1, -1, -(2 ** 31)]);

Deno.test(
  "HeaderEncoder writes numbers as Go does (needs go)",
  NEEDS_GO,
  async () => {
    await compareAll(LIMITS.flatMap((n) => [
      entryOf({ uid: n }),
      entryOf({ gid: n }),
      entryOf({ size: n }),
      entryOf({ size: n, type: "5" }),
      entryOf({ mode: n }),
      entryOf({ mtime: at(n) }),
      entryOf({ type: "3", devmajor: n, devminor: 5 }),
      entryOf({ type: "4", devminor: n }),
      entryOf({ uid: n, gid: n, size: n, mtime: at(n), name: "é" }),
    ]));
  },
);

Deno.test(
  "HeaderEncoder writes times as Go does (needs go)",
  NEEDS_GO,
  async () => {
    const times = [at(0), at(0, 1), at(1, 500_000_000), at(-1), at(-1, 1)]
      .concat([
        at(-2, 500_000_000),
        at(-1, 999_999_999),
        at(2 ** 33, 120_000_000),
      ])
      .concat([
        at(-62_135_596_800),
        at(-62_135_596_800, 1),
        at(-62_135_596_799),
      ]);

    await compareAll(times.flatMap((time) => [
      entryOf({ mtime: time }),
      entryOf({ atime: time }),
      entryOf({ mtime: time, atime: time, uid: 3000000 }),
    ]));
  },
);

Deno.test(
  "HeaderEncoder writes attributes as Go does (needs go)",
  NEEDS_GO,
  async () => {
    const values = [
      bytes(),
      bytes(0),
      bytes(10, 61, 0, 255),
      new Uint8Array(20),
    ]
      .concat([60, 61, 62, 63, 64, 940, 941, 942, 943, 944, 945, 9960, 70000]
        .map((length) => new Uint8Array(length)));
    const names = [
      "security.capability",
      "user.é",
      "user.\udcff",
      "a=b",
      "a\0b",
      "",
    ];
    const many = new Map(
      ["user.b", "user.a", "user.\uffff", "user.😀", "user.\udcff", "user.ab"]
        .map((name) => [name, bytes(1)]),
    );

    await compareAll([
      ...values.map((value) =>
        entryOf({ xattrs: new Map([["security.capability", value]]) })
      ),
      ...names.map((name) => entryOf({ xattrs: new Map([[name, bytes(1)]]) })),
      entryOf({
        xattrs: many,
        name: "é",
        linkname: "é",
        uid: -1,
        mtime: at(-1),
      }),
      entryOf({ xattrs: new Map() }),
      entryOf({ xattrs: new Map([["a", new Uint8Array(1 << 20)]]) }),
      entryOf({ xattrs: new Map([["a", new Uint8Array((1 << 20) - 25)]]) }),
      entryOf({ name: "after large" }),
    ]);
  },
);

Deno.test(
  "HeaderEncoder refuses what Go refuses (needs go)",
  NEEDS_GO,
  async () => {
    await compareAll([
      ...[..."0123456789SxLKDV"].flatMap((type) => [
        entryOf({ type }),
        entryOf({ type, name: "dir/" }),
        entryOf({ type, size: -1 }),
      ]),
      entryOf({ name: "a\0b" }),
      entryOf({ name: "a", type: "2", linkname: "a\0b" }),
    ]);
  },
);

/** A small generator of numbers that is the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  while (true) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state >>> 8;
  }
}

function randomName(random: Generator<number, never>): string {
  const parts = ["/", "/", ".", "..", "a", "bc", "é", "\udc90", "d".repeat(40)];
  const count = random.next().value % 12;
  return Array.from(
    { length: count },
    () => parts[random.next().value % parts.length],
  ).join("");
}

Deno.test(
  "HeaderEncoder writes mixed headers as Go does (needs go)",
  NEEDS_GO,
  async () => {
    const random = numbers(1);
    const below = (limit: number) => random.next().value % limit;
    const entries = Array.from({ length: 4000 }, () =>
      entryOf({
        name: randomName(random),
        type: "0123456"[below(7)]!,
        linkname: below(3) === 0 ? randomName(random) : "",
        size: below(4) === 0 ? 2 ** 33 + below(9) : below(1 << 20),
        mode: below(0o10000),
        uid: below(1 << 22),
        gid: below(8) === 0 ? -below(9) : below(1 << 16),
        mtime: at(below(4) === 0 ? -below(1 << 20) : below(1 << 24) * 700),
        devmajor: below(300),
        xattrs: below(5) === 0
          ? new Map([["security.capability", new Uint8Array(below(90))]])
          : undefined,
      }));

    await compareAll(entries);
  },
);
