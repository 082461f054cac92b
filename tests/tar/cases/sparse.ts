/**
 * Archives with sparse files, in each form.
 *
 * @module
 */

import {
  base256,
  END,
  file,
  GNU,
  header,
  join,
  octal,
  padded,
  pax,
  sign,
} from "../fixture.ts";
import { withTrailer } from "./trailer.ts";

/** A block of the old GNU form with up to 21 pairs. */
function oldMapBlock(pairs: number[], more = false): Uint8Array<ArrayBuffer> {
  return padded(join(
    ...pairs.map(octal),
    new Uint8Array(504 - pairs.length * 12),
    more ? "\x01" : "\0",
  ));
}

/** A sparse file of the old GNU form. */
function oldSparse(
  pairs: number[],
  size: number,
  stored: string,
  more: Uint8Array = new Uint8Array(0),
): Uint8Array<ArrayBuffer> {
  return join(
    header({
      name: "sparse",
      type: "S",
      magic: GNU,
      size: stored.length,
      at: {
        386: pairs.map(octal).join(""),
        482: more.length > 0 ? "\x01" : "\0",
        483: octal(size),
      },
    }),
    more,
    padded(stored),
  );
}

/** A sparse file of PAX version 1.0, with the map as it is given. */
function textSparse(
  map: string,
  size: number | string,
  stored: string,
): Uint8Array<ArrayBuffer> {
  return join(
    pax(
      ["GNU.sparse.major", "1"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.name", "sparse"],
      ["GNU.sparse.realsize", `${size}`],
    ),
    file({ name: "GNUSparseFile.0/sparse" }, join(padded(map), stored)),
  );
}

/** A sparse file of PAX version 0.1. */
function listSparse(
  map: string,
  count: string,
  size: string,
  stored: string,
): Uint8Array<ArrayBuffer> {
  return join(
    pax(
      ["GNU.sparse.map", map],
      ["GNU.sparse.numblocks", count],
      ["GNU.sparse.size", size],
      ["GNU.sparse.name", "sparse"],
    ),
    file({ name: "x" }, stored),
  );
}

/** A sparse file of PAX version 0.0. */
function pairSparse(
  keys: [string, string][],
  stored: string,
): Uint8Array<ArrayBuffer> {
  const records = keys.map(([key, value]): [string, string] => [
    `GNU.sparse.${key}`,
    value,
  ]);
  return join(
    pax(["GNU.sparse.size", "20"], ["GNU.sparse.numblocks", "2"], ...records),
    file({ name: "sparse" }, stored),
  );
}

/** Archives by name. */
export const SPARSE: Record<string, Uint8Array> = withTrailer({
  "old sparse": oldSparse([10, 3, 15, 2], 20, "abcde"),
  "old sparse, all data": oldSparse([0, 5], 5, "abcde"),
  "old sparse, all hole": oldSparse([], 20, ""),
  "old sparse, hole ended by an empty piece": oldSparse([20, 0], 20, ""),
  "old sparse, empty": oldSparse([], 0, ""),
  "old sparse, adjacent pieces": oldSparse([0, 2, 2, 3], 9, "abcde"),
  "old sparse, empty pieces": oldSparse([1, 0, 5, 2, 7, 0, 8, 0], 9, "ab"),
  "old sparse, more blocks": oldSparse(
    [0, 1, 2, 1, 4, 1, 6, 1],
    80,
    "a".repeat(27),
    join(
      oldMapBlock(
        Array.from({ length: 42 }, (_, i) => i % 2 === 1 ? 1 : 8 + i),
        true,
      ),
      oldMapBlock([60, 1, 70, 1]),
    ),
  ),
  "old sparse, more blocks, empty": oldSparse([0, 1], 9, "a", oldMapBlock([])),
  "old sparse, end mark in the place of a map": oldSparse(
    [0, 1],
    9,
    "",
    oldMapBlock([], true),
  ),
  "old sparse, overlapping": oldSparse([0, 3, 2, 2], 20, "abcde"),
  "old sparse, not in order": oldSparse([10, 3, 0, 2], 20, "abcde"),
  "old sparse, beyond the size": oldSparse([18, 5], 20, "abcde"),
  "old sparse, content too short": oldSparse([0, 6], 20, "abcde"),
  "old sparse, content too long": oldSparse([0, 4], 20, "abcde"),
  "old sparse, content without map": oldSparse([], 20, "abcde"),
  "old sparse, negative size": sign(
    oldSparse([], 0, "").map((byte, i) => i >= 483 && i < 495 ? 0xff : byte),
  ),
  "old sparse, size too large": sign(join(
    oldSparse([], 0, "").subarray(0, 483),
    base256(1n << 62n, 12),
    oldSparse([], 0, "").subarray(495),
  )),
  "old sparse, offset is text": sign(
    oldSparse([0, 5], 5, "abcde").map((byte, i) => i === 388 ? 0x78 : byte),
  ),
  "old sparse, not GNU": file({ type: "S" }, "abc"),
  "old sparse, a name of a directory": sign(join(
    "dir/\0\0",
    oldSparse([], 5, "").subarray(6),
  )),
  "sparse 0.0": pairSparse([
    ["offset", "5"],
    ["numbytes", "3"],
    ["offset", "10"],
    ["numbytes", "2"],
  ], "abcde"),
  "sparse 0.0, out of order": pairSparse([
    ["numbytes", "3"],
    ["offset", "5"],
  ], "abc"),
  "sparse 0.0, two offsets": pairSparse([
    ["offset", "5"],
    ["offset", "6"],
  ], ""),
  "sparse 0.0, one missing": pairSparse([
    ["offset", "5"],
    ["numbytes", "3"],
    ["offset", "10"],
  ], "abc"),
  "sparse 0.0, with a comma": pairSparse([
    ["offset", "5,3,10"],
    ["numbytes", "2"],
  ], "abcde"),
  "sparse 0.0, empty number": pairSparse([["offset", ""]], "abc"),
  "sparse 0.1": listSparse("5,3,10,2", "2", "20", "abcde"),
  "sparse 0.1, adjacent": listSparse("5,3,8,2", "2", "20", "abcde"),
  "sparse 0.1, all hole": listSparse("20,0", "1", "20", ""),
  "sparse 0.1, wrong count": listSparse("5,3,10,2", "3", "20", "abcde"),
  "sparse 0.1, no count": listSparse("5,3,10,2", "", "20", "abcde"),
  "sparse 0.1, negative count": listSparse("5,5", "-1", "20", "abcde"),
  "sparse 0.1, huge count": listSparse(
    "5,5",
    "9223372036854775807",
    "20",
    "abcde",
  ),
  "sparse 0.1, negative offset": listSparse("-5,5", "1", "20", "abcde"),
  "sparse 0.1, negative length": listSparse("5,-5", "1", "20", ""),
  "sparse 0.1, overflow": listSparse(
    "9223372036854775807,5",
    "1",
    "20",
    "abcde",
  ),
  "sparse 0.1, length of 63 bits": listSparse(
    "5,9223372036854775807",
    "1",
    "20",
    "a",
  ),
  "sparse 0.1, not a number": listSparse("5,5x", "1", "20", "abcde"),
  "sparse 0.1, empty number": listSparse("5,5,", "1", "20", "abcde"),
  "sparse 0.1, size is text": listSparse("5,5", "1", "x", "abcde"),
  "sparse 0.1, negative size": listSparse("5,5", "1", "-20", "abcde"),
  "sparse 0.1, size too large": listSparse(
    "0,5",
    "1",
    "9223372036854775807",
    "abcde",
  ),
  "sparse 0.1, no size": listSparse("0,5", "1", "", "abcde"),
  "sparse 0.1, no map": listSparse("", "0", "5", "abcde"),
  "sparse 0.1 of a link": join(
    pax(["GNU.sparse.map", "0,0"], ["GNU.sparse.numblocks", "1"]),
    header({ name: "l", type: "2", linkname: "t" }),
  ),
  "sparse 0.1 of a NUL type": join(
    pax(
      ["GNU.sparse.map", "1,2"],
      ["GNU.sparse.numblocks", "1"],
      ["GNU.sparse.size", "4"],
      ["GNU.sparse.name", "name/"],
    ),
    file({ name: "l", type: "\0" }, "ab"),
  ),
  "sparse 0.1 with size and realsize": join(
    pax(
      ["GNU.sparse.map", "1,2"],
      ["GNU.sparse.numblocks", "1"],
      ["GNU.sparse.size", "4"],
      ["GNU.sparse.realsize", "5"],
    ),
    file({ name: "l" }, "ab"),
  ),
  "sparse 0.1 with a version": join(
    pax(
      ["GNU.sparse.major", "0"],
      ["GNU.sparse.minor", "1"],
      ["GNU.sparse.map", "1,2"],
      ["GNU.sparse.numblocks", "1"],
      ["GNU.sparse.size", "4"],
    ),
    file({ name: "l" }, "ab"),
  ),
  "sparse, unknown version": join(
    pax(["GNU.sparse.major", "2"], ["GNU.sparse.minor", "0"]),
    file({ name: "l" }, "ab"),
  ),
  "sparse, major only": join(
    pax(["GNU.sparse.major", "1"], ["GNU.sparse.map", "1,2"]),
    file({ name: "l" }, "ab"),
  ),
  "sparse 1.0": textSparse("2\n5\n3\n10\n2\n", 20, "abcde"),
  "sparse 1.0, no pieces": textSparse("0\n", 20, ""),
  "sparse 1.0, all hole": textSparse("1\n20\n0\n", 20, ""),
  "sparse 1.0, map of two blocks": textSparse(
    `150\n${Array.from({ length: 150 }, (_, i) => `${i * 4}\n1\n`).join("")}`,
    999,
    "x".repeat(150),
  ),
  "sparse 1.0, zeros and signs": textSparse(
    "+02\n005\n+3\n10\n02\n",
    20,
    "abcde",
  ),
  "sparse 1.0, rubbish after the map": textSparse(
    "1\n5\n5\nrub\nbish",
    20,
    "abcde",
  ),
  "sparse 1.0, count is text": textSparse("x\n5\n5\n", 20, "abcde"),
  "sparse 1.0, empty count": textSparse("\n5\n5\n", 20, "abcde"),
  "sparse 1.0, negative count": textSparse("-1\n5\n5\n", 20, "abcde"),
  "sparse 1.0, huge count": textSparse("4611686018427387904\n", 20, "abcde"),
  "sparse 1.0, number is text": textSparse("1\n5\nx\n", 20, "abcde"),
  "sparse 1.0, number with space": textSparse("1\n5\n 5\n", 20, "abcde"),
  "sparse 1.0, number missing": textSparse("1\n5\n", 20, "abcde"),
  "sparse 1.0, map without newline": textSparse("1", 20, "x".repeat(2000)),
  "sparse 1.0, overlapping": textSparse("2\n5\n3\n6\n2\n", 20, "abcde"),
  "sparse 1.0, beyond the size": textSparse("1\n18\n5\n", 20, "abcde"),
  "sparse 1.0, content too long": textSparse("1\n5\n3\n", 20, "abcde"),
  "sparse 1.0, content too short": textSparse("1\n5\n9\n", 20, "abcde"),
  "sparse 1.0, negative size": textSparse("1\n5\n5\n", -20, "abcde"),
  "sparse 1.0, no map": join(
    pax(["GNU.sparse.major", "1"], ["GNU.sparse.minor", "0"]),
    file({ name: "x" }),
  ),
  "sparse 1.0 of a directory": join(
    pax(["GNU.sparse.major", "1"], ["GNU.sparse.minor", "0"]),
    header({ name: "x/", type: "5" }),
  ),
});

/** Maps that take more of the archive than is accepted. */
export const LONG_MAPS: Record<string, Uint8Array> = {
  "old sparse, endless map": join(
    oldSparse([], 9, "", oldMapBlock([], true)).subarray(0, 512),
    ...Array.from({ length: 2050 }, () => oldMapBlock([], true)),
  ),
  "old sparse, longest map": join(
    oldSparse([], 9, "", oldMapBlock([], true)).subarray(0, 512),
    ...Array.from({ length: 2046 }, () => oldMapBlock([], true)),
    oldMapBlock([9, 0]),
    END,
  ),
  "sparse 1.0, endless map": textSparse("1" + "0".repeat(1 << 21), 9, ""),
  "sparse 1.0, longest map": textSparse(
    "0".repeat((1 << 20) - 6) + "1\n9\n0\n",
    9,
    "",
  ),
};
