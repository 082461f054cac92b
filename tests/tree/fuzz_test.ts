/**
 * Damaged archives: they are unpacked or refused, and nothing else happens.
 *
 * @module
 */

import { DriverError } from "../../src/errors.ts";
import { SyscallError } from "../../src/linux/errno.ts";
import { TarError } from "../../src/tar/error.ts";
import { assert, assertEquals } from "../assert.ts";
import { openDescriptors } from "../fixtures.ts";
import { archive, dir, file, link, node, symlink } from "../tar_builder.ts";
import { header, join, pax, sign } from "../tar/fixture.ts";
import { describeTree } from "../trees.ts";
import { TwoTrees, unpack, unpackSettings } from "./harness.ts";
import { Random } from "./random.ts";

const ROUNDS = 1500;

/** What names the kernel may refuse, although the archive is well-formed. */
const REFUSALS = ["ENAMETOOLONG", "EINVAL", "EOPNOTSUPP", "EFBIG", "ENOSPC"];

const SEED = archive(
  dir("d"),
  file("d/file", "content"),
  symlink("d/link", "../../other"),
  link("hard", "d/file"),
  node("device", "3", 1, 3),
  node("fifo", "6"),
  file("d/.wh.gone"),
  file("d/.wh..wh..opq"),
  pax(["path", "long/name"], ["mtime", "1.5"], ["SCHILY.xattr.user.a", "b"]),
  file("short", "x"),
  header({ name: "global", type: "g" }),
);

/** Changes an archive here and there; checksums are put right again. */
function damage(random: Random): Uint8Array {
  const bytes = SEED.slice();
  for (let i = 1 + random.below(4); i > 0; i--) {
    const block = 512 * random.below(bytes.length / 512);
    const at = block + random.below(random.below(2) ? 512 : 160);
    bytes[at] = random.pick([
      0,
      0x2e,
      0x2f,
      0x30 + random.below(10),
      0xff,
      random.below(256),
    ]);
    sign(bytes.subarray(block, block + 512));
  }
  return random.below(4) === 0
    ? join(bytes.subarray(0, random.below(bytes.length)))
    : bytes;
}

for (const whiteouts of ["mark", "delete"] as const) {
  Deno.test(`Unpacker takes or refuses any archive, where whiteouts ${whiteouts}`, () => {
    using trees = new TwoTrees();
    Deno.writeTextFileSync(`${trees.other}/victim`, "untouched");
    const victim = describeTree(trees.other);
    const descriptors = openDescriptors();
    let refused = 0;
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const root = `${trees.one}/${seed}`;
      Deno.mkdirSync(root);
      try {
        const settings = unpackSettings({ whiteouts, fresh: seed % 2 === 0 });
        unpack(root, damage(new Random(seed)), settings);
      } catch (error) {
        refused++;
        const known = error instanceof TarError ||
          error instanceof DriverError && error.code === "EBADMSG" ||
          error instanceof SyscallError && REFUSALS.includes(error.code);
        assert(known, `seed ${seed}: ${error} ${(error as Error).stack}`);
      }
    }

    assertEquals(describeTree(trees.other), victim);
    assertEquals(openDescriptors(), descriptors);
    assert(refused > 100 && refused < ROUNDS - 100, `${refused} refused`);
  });
}
