/**
 * Archives whose names are what is wrong with them.
 *
 * @module
 */

import { dir, file, symlink } from "../../tar_builder.ts";
import { END, file as rawFile, join, pax } from "../../tar/fixture.ts";
import { type Corpus, refused, taken } from "./outcome.ts";

const LONG = "n".repeat(255);
const PATH = (parts: number, length: number) =>
  `${"p".repeat(length)}/`.repeat(parts);

/** Names by what they are. */
export const NAMES: Corpus = {
  "an absolute name": taken(file("/a/x", "x"), file("//a//y", "y")),
  "a name in many pieces": taken(file("././a/./b/../x", "x")),
  "a name that goes up and comes back": refused(file("a/../../a", "x")),
  "a name of dots": taken(file("...", "x"), file("..x", "x"), dir(". ")),
  "a name of 255 bytes": taken(file(LONG, "x"), dir(`a/${LONG.slice(1)}`)),
  "a name of 255 bytes that are not UTF-8": taken(file("\udcff".repeat(255))),
  "a name of 256 bytes": refused(file("before"), file(`${LONG}n`)),
  "a directory name of 256 bytes": refused(dir(`${LONG}n`)),
  "an implied directory name of 256 bytes": refused(file(`${LONG}n/x`)),
  "a whiteout of a name of 255 bytes": taken(file(`.wh.${LONG}`)),
  "a whiteout of a name of 256 bytes": refused(file(`.wh.${LONG}n`)),
  "a path of 4000 bytes": taken(file(`${PATH(19, 200)}x`, "x")),
  "a path of more than 4096 bytes": refused(file(`${PATH(25, 200)}x`, "x")),
  "a path of 1,000 directories": taken(file(`${PATH(1000, 1)}x`, "x")),
  "a whiteout of a directory that 1,500 more are unpacked in": taken(
    file(`${PATH(1500, 1)}x`, "x"),
    file(".wh.p"),
    file("p/.wh..wh..opq"),
  ),
  "a path of 3,000 directories": refused(file(`${PATH(3000, 1)}x`, "x")),
  "a path of 500,000 directories": refused(file(`${PATH(500_000, 1)}x`, "x")),
  "a path that is long only as it is written": taken(
    file(`${"a/../".repeat(100_000)}a/x`, "x"),
  ),
  "a name of a megabyte": refused(file("x".repeat(1_000_000))),
  "NUL in the name of a header": taken(
    join(rawFile({ name: "a/x\0../victim/hello" }, "x"), END),
  ),
  "NUL in a long name of GNU": taken(join(
    rawFile({ name: "././@LongLink", type: "L" }, "a/x\0/../../victim/hello\0"),
    rawFile({ name: "short" }, "x"),
    END,
  )),
  "NUL in the name of a PAX record": refused(
    join(pax(["path", "a\0../victim/hello"]), rawFile({ name: "x" }), END),
  ),
  "NUL in the target of a PAX record": refused(join(
    pax(["linkpath", "a\0../victim/hello"]),
    rawFile({ name: "x", type: "2" }),
    END,
  )),
  "an empty name": refused(join(rawFile({ name: "" }, "x"), END)),
  "a file in the place of the root": refused(file("/.", "x")),
  "a directory in the place of the root": taken(
    dir(".", { mode: 0, uid: 7 }),
    dir("/", { mode: 0 }),
    dir("a/..", { mode: 0 }),
  ),
  "a name in a PAX record that leads out": refused(
    join(pax(["path", "../victim/hello"]), rawFile({ name: "fine" }, "x"), END),
  ),
  "a name of GNU that leads out": refused(join(
    rawFile({ name: "././@LongLink", type: "L" }, "../victim/hello\0"),
    rawFile({ name: "fine" }, "x"),
    END,
  )),
  "a prefix that leads out": refused(
    join(rawFile({ name: "hello", prefix: "../victim" }, "x"), END),
  ),
  "a sparse file's name that leads out": refused(join(
    pax(
      ["GNU.sparse.map", "0,1"],
      ["GNU.sparse.numblocks", "1"],
      ["GNU.sparse.size", "1"],
      ["GNU.sparse.name", "../victim/hello"],
    ),
    rawFile({ name: "fine" }, "x"),
    END,
  )),
  "a global header's name that leads out": taken(
    join(rawFile({ name: "../victim/hello", type: "g" }), END),
  ),
  "a name with every byte but NUL and slash": taken(
    ...Array.from({ length: 255 }, (_, i) => i + 1).filter((byte) =>
      byte !== 0x2f
    ).map((byte) =>
      file(`a/-${String.fromCharCode(byte < 128 ? byte : 0xdc00 + byte)}`)
    ),
  ),
  "a symbolic link that leads nowhere": refused(
    join(rawFile({ name: "l", type: "2" }), END),
  ),
  "a symbolic link with a target of 4095 bytes": taken(
    symlink("l", "x".repeat(4095)),
  ),
  "a symbolic link with a target of 4096 bytes": refused(
    symlink("l", "x".repeat(4096)),
  ),
};
