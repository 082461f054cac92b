/**
 * Random names, targets of links and numbers: few enough to collide, and odd
 * ones among them.
 *
 * @module
 */

import { base256, octal } from "../tar/fixture.ts";
import type { Choices } from "./choices.ts";

/** Names of what mostly is a directory, a link to one, or a file. */
const PARENTS = ["a", "a", "b", "s", "t", "u"];
const LEAVES = ["a", "b", "c", "c", "d", "s", "t", "u"];

const ODD_PARTS = [
  ...["..", ".", "", "...", "..x", " ", "new\nline", "é", "\udcff", "*"],
  ...[".wh.a", ".wh.b", ".wh.s", ".wh..x", ".wh.é", ".wh.\udcff", ".wh"],
  ...[".wh..wh..opq", ".wh..wh..opq", ".wh..wh.opq", ".wh..wh.plnk"],
  ...[".wh..wh.aufs", ".wh..wh.a", ".wh..wh..wh.a", ".wh..wh."],
  ...[".wh.", ".wh..", ".wh..."],
  "n".repeat(255),
  "n".repeat(256),
  `.wh.${"n".repeat(251)}`,
  `.wh.${"n".repeat(252)}`,
  "é".repeat(127),
];

/** Paths whose length is what is odd about them. */
const LONG_PATHS = [
  `${"d/".repeat(300)}x`,
  `${"d/".repeat(2040)}x`,
  `${"d/".repeat(2500)}x`,
  `${`${"p".repeat(200)}/`.repeat(19)}x`,
  `${`${"p".repeat(200)}/`.repeat(25)}x`,
  `${"a/../".repeat(2000)}a`,
  "./".repeat(3000),
  "x".repeat(100_000),
];

/** A path in an archive. */
export function randomPath(random: Choices): string {
  if (random.odd(150)) return random.pick(LONG_PATHS);
  const parts = [random.pick(random.odd(25) ? ODD_PARTS : LEAVES)];
  while (parts.length < 4 && random.below(2) === 0) {
    parts.unshift(random.pick(random.odd(40) ? ODD_PARTS : PARENTS));
  }
  const path = parts.join(random.oneIn(40) ? "//" : "/");
  if (random.odd(40)) return random.pick(["../", "/../"]) + path;
  return (random.oneIn(12) ? random.pick(["./", "/"]) : "") + path;
}

/** A whiteout or an opaque marker. */
export function randomMarker(random: Choices): string {
  const path = randomPath(random);
  const cut = path.lastIndexOf("/") + 1;
  return random.oneIn(3)
    ? `${path.slice(0, cut)}.wh..wh..opq`
    : `${path.slice(0, cut)}.wh.${path.slice(cut)}`;
}

const HOST_TARGETS = [
  ...["/", ".", "..", "../..", "../../../../../../../../..", "/proc/self/root"],
  ...["/proc/self/cwd", "/proc/self/fd/0", "/dev/null", "/etc"],
  ...["../victim", "../../victim", "../victim/hello", "../../../victim/hello"],
  ...["../../sibling/diff", "../../sibling/diff/secret", "../../base/diff"],
  ...["../link", "../../l", "../../../../../../proc/self/root/"],
  `${"a/".repeat(100)}b`,
];
const ODD_TARGETS = [
  "",
  "x".repeat(4095),
  "x".repeat(4096),
  "x".repeat(70_000),
];

/** What a symbolic link leads to, or a hard link names. */
export function randomTarget(random: Choices, outside: string): string {
  switch (random.below(5)) {
    case 0:
      return random.pick(random.odd(3) ? ODD_TARGETS : HOST_TARGETS);
    case 1:
      return outside +
        random.pick(["", "/hello", "/dir", "/dir/inner", "/link"]);
    case 2:
      return `../${randomPath(random)}`;
    default:
      return randomPath(random);
  }
}

const NUMBERS: readonly bigint[] = [
  ...[0n, 1n, 7n, 511n, 512n, 513n, 1023n, 65535n, 65536n],
  ...[0x7fffffffn, 0xffffffffn, 0x100000000n, 0xfffn, 0x1000n, 0xfffffn],
  ...[2n ** 40n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 62n, 2n ** 63n - 1n],
  ...[-1n, -2n, -512n, -(2n ** 31n), -(2n ** 63n)],
];

/** A number that is likely to be at the edge of something. */
export function oddNumber(random: Choices): bigint {
  return random.pick(NUMBERS);
}

/** A numeric field of a header that says something odd. */
export function oddField(random: Choices, width: number): Uint8Array | string {
  switch (random.below(4)) {
    case 0:
      return "7".repeat(width);
    case 1:
      return random.pick(["", " ", "-1", "8", "x", "0x1", "1 2", "\x00001"]);
    case 2:
      return octal(random.below(100_000)).slice(-width);
    default:
      return base256(oddNumber(random), width);
  }
}
