/**
 * Archives that write through links, or link to what is not theirs.
 *
 * The base layer of the world has links of its own: `s` to `../victim`, `t` to
 * the absolute path of the victim, `u` to `a`.
 *
 * @module
 */

import { dir, file, link, node, symlink } from "../../tar_builder.ts";
import { END, file as rawFile, join } from "../../tar/fixture.ts";
import {
  type Corpus,
  refused,
  refusedInMount,
  taken,
  takenInMount,
} from "./outcome.ts";

/** A chain of links, each to the one before; the first leads to `a`. */
function chain(length: number) {
  return Array.from(
    { length },
    (_, i) => symlink(`l${i}`, i === 0 ? "a" : `l${i - 1}`),
  );
}

const UP = "../../../../../../../../../..";

/** Symbolic links by what is done with them. */
export const SYMLINKS: Corpus = {
  "a link to itself": taken(symlink("l", "l")),
  "a file below a link to itself": refused(symlink("l", "l"), file("l/x")),
  "a file below links in a circle": refused(
    symlink("l", "m"),
    symlink("m", "a/../l"),
    file("l/x"),
  ),
  "a file below 40 links": taken(...chain(40), file("l39/x", "x")),
  "a file below 41 links": refused(...chain(41), file("l40/x", "x")),
  "a file below a link to a missing place": taken(
    symlink("l", "/victim/dir"),
    file("l/x", "x"),
  ),
  "a file far below a link that goes far up": taken(
    symlink("l", `${UP}/made`),
    file("l/a/b/x", "x"),
  ),
  "a file below links that lead deeper than a path can": refused(
    dir("d/".repeat(1200)),
    symlink("l", "d/".repeat(1200)),
    file(`l/${"d/".repeat(1200)}x`),
  ),
  "a file below a link to its own directory": taken(
    symlink("a/l", "."),
    file("a/l/l/l/x", "x"),
  ),
  "a link that is replaced between two files": taken(
    dir("one"),
    symlink("l", "one"),
    file("l/x", "x"),
    symlink("l", "../victim"),
    file("l/y", "y"),
    file("l/hello", "pwned"),
  ),
  "a link that becomes a directory between two files": taken(
    symlink("l", "../victim"),
    file("l/x", "x"),
    dir("l"),
    file("l/hello", "pwned"),
  ),
  "a directory that becomes a link and a directory again": taken(
    file("d/x", "x"),
    symlink("d", "../victim"),
    file("d/hello", "pwned"),
    dir("d"),
    file("d/y", "y"),
  ),
  "a parent that becomes a link above an open directory": taken(
    file("d/e/f/x", "x"),
    symlink("d", "../victim"),
    file("d/dir/inner", "pwned"),
  ),
  "a directory that is replaced through a link to its parent": refused(
    dir("d"),
    symlink("d/up", ".."),
    file("d/up/d", "a file now"),
    file("d/up/x", "x"),
  ),
  "a hard link to a link, and a file below it": taken(
    symlink("l", "../victim"),
    link("h", "l"),
    file("h/hello", "pwned"),
  ),
  "a hard link to a link, and a file in its place": taken(
    symlink("l", "../victim/hello"),
    link("h", "l"),
    file("h", "pwned"),
  ),
  "a hard link to a link that changes owner and mode": taken(
    symlink("l", "../victim/hello"),
    link("h", "l", { mode: 0o777, uid: 7, gid: 8 }),
  ),
  "a directory entry in the place of a link": taken(
    symlink("l", "../victim"),
    dir("l", { mode: 0, uid: 7 }),
  ),
  "whiteouts and marks below a link": taken(
    symlink("l", "../victim"),
    file("l/.wh.hello"),
    file("l/dir/.wh..wh..opq"),
    file("l/.wh..wh..opq"),
  ),
  "whiteouts below a link of a lower layer": taken(
    file("s/.wh.hello"),
    file("t/.wh.hello"),
    file("t/dir/.wh..wh..opq"),
  ),
  "a link to the root of the process": taken(
    symlink("l", "/proc/self/root"),
    file("l/x", "x"),
  ),
  "a link to an open descriptor": taken(
    symlink("l", "/proc/self/fd/3"),
    file("l/x", "x"),
  ),
  "a link to the name of a whiteout, and a file below it": refused(
    symlink("l", ".wh.a"),
    file("l/x", "x"),
  ),
};

/** Hard links by what they link to. */
export const HARD_LINKS: Corpus = {
  "a hard link to a device": taken(node("n", "3", 1, 3), link("h", "n")),
  "a hard link to a fifo": taken(node("n", "6"), link("h", "n")),
  "a hard link to a device of the host": refused(link("h", "/dev/null")),
  "a hard link to a directory": refused(dir("d"), link("h", "d")),
  "a hard link to a directory's dot": refused(dir("d"), link("h", "d/.")),
  "a hard link to the root": refused(link("h", "/")),
  "a hard link to nothing": refused(
    join(rawFile({ name: "h", type: "1" }), END),
  ),
  "a hard link to what is above the root": refused(link("h", "..")),
  "a hard link to itself": refused(file("h"), link("h", "./h")),
  "a hard link to itself by way of a link": refused(
    dir("d"),
    file("d/h"),
    symlink("e", "d"),
    link("e/h", "d/h"),
  ),
  "a hard link to a file that comes later": refused(
    link("h", "later"),
    file("later"),
  ),
  "a hard link to a file that a whiteout hides": refused(
    file("a/.wh.c"),
    link("h", "a/c"),
  ),
  "a hard link to a whiteout by its name in archives": refused(
    file(".wh.c"),
    link("h", ".wh.c"),
  ),
  "a hard link that is a whiteout": taken(file("x"), link(".wh.c", "x")),
  "a hard link to a file of the lower layer": takenInMount(link("h", "a/c")),
  "a hard link to the only file of the directory it replaces": refused(
    file("d/x", "x"),
    link("d", "d/x"),
  ),
  "a hard link to a device 0:0": refused(node("n", "3", 0, 0), link("h", "n")),
  "a device 0:0": refusedInMount(node("n", "3", 0, 0)),
  "a block device 0:0": taken(node("n", "4", 0, 0)),
  "a device 4095:1048575": taken(node("n", "3", 4095, 0xf_ffff)),
  "a device 4096:0": refused(node("n", "3", 4096, 0)),
  "a device 0:1048576": refused(node("n", "4", 0, 0x10_0000)),
};
