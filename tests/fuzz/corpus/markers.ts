/**
 * Archives with odd whiteouts, and with attributes that speak to overlayfs.
 *
 * @module
 */

import { encodeName } from "../../../src/text.ts";
import {
  dir,
  file,
  link,
  type Member,
  node,
  symlink,
} from "../../tar_builder.ts";
import { END, file as rawFile, join, pax } from "../../tar/fixture.ts";
import { type Corpus, refused, taken, takenInMount } from "./outcome.ts";

/** Whiteouts by what they name. */
export const WHITEOUTS: Corpus = {
  "a whiteout of nothing": refused(file(".wh.")),
  "a whiteout of its directory": refused(file("a/.wh..")),
  "a whiteout of the directory above": refused(file("a/b/.wh...")),
  "a whiteout of the root": refused(file(".wh..")),
  "a whiteout of what is above the root": refused(file(".wh...")),
  "a whiteout with dots in it": taken(file(".wh..x"), file("a/.wh....")),
  "a whiteout of a whiteout": taken(file("a/.wh..wh.c"), file("a/.wh..wh.")),
  "a whiteout of an opaque marker": taken(file("a/.wh..wh..wh..opq")),
  "names that are almost markers": taken(
    file(".wh", "x"),
    file("a/.wha", "x"),
    file("a/.whx.", "x"),
    file("a/x.wh.y", "x"),
    file("a/.wh..wh.opq"),
  ),
  "a file below a whiteout's name": refused(file(".wh.a/x", "x")),
  "a file below a marker's name": refused(file("a/.wh..wh..opq/x", "x")),
  "what AUFS keeps for itself": takenInMount(
    dir(".wh..wh.plnk"),
    file(".wh..wh.plnk/1", "x"),
    file(".wh..wh.aufs"),
    dir(".wh..wh.orph"),
  ),
  "an opaque marker that is a directory": taken(dir("a/.wh..wh..opq")),
  "an opaque marker that is a link": taken(
    symlink("a/.wh..wh..opq", "../victim"),
  ),
  "an opaque marker in a file's place": taken(
    file("x"),
    file("x/.wh..wh..opq"),
  ),
  "a whiteout of every type": taken(
    dir("a/.wh.1"),
    symlink("a/.wh.2", "../../victim/hello"),
    link("a/.wh.3", "../victim"),
    node("a/.wh.4", "3", 1, 3),
    node("a/.wh.5", "6"),
    file("a/.wh.6", "content"),
  ),
  "a whiteout that leads out": refused(file("../victim/.wh.hello")),
  "a whiteout of a file below a file": taken(file("x"), file("x/.wh.y")),
};

const KEYS = [
  ...["opaque", "redirect", "metacopy", "whiteout", "xwhiteouts", "origin"],
  ...["impure", "nlink", "upper", "uuid", "protattr", "verity"],
  ...["", "overlay.opaque", "anything"],
];

/** `u::rwx,g::r-x,o::r-x` as the kernel has it. */
const ACCESS_LIST = new Uint8Array([
  ...[2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 4, 0, 5, 0, 255, 255, 255],
  ...[255, 32, 0, 5, 0, 255, 255, 255, 255],
]);

function attributed(member: Member, name: string): Member {
  return { ...member, xattrs: new Map([[name, encodeName("y")]]) };
}

function archiveFormOf(name: string): Uint8Array {
  return join(
    pax([`LIBARCHIVE.xattr.${name}`, "eQ"], [`LIBARCHIVE.xattr.${name}`, "y"]),
    rawFile({ name: "d/", type: "5", mode: "0000755\0" }),
    END,
  );
}

/** Kinds of entries that can carry an attribute. */
const CARRIERS: Readonly<Record<string, Member>> = {
  "a file": file("x"),
  "a directory": dir("a"),
  "a symbolic link": symlink("l", "a"),
  "a fifo": node("n", "6"),
  "a whiteout": file("a/.wh.c"),
  "an opaque marker": file("a/.wh..wh..opq"),
};

/** Attributes of overlayfs, on all that can carry them and in both forms. */
export const OVERLAY: Corpus = overlayAttributes();

function overlayAttributes(): Corpus {
  const found: Record<string, Corpus[string]> = {};
  for (const namespace of ["trusted.overlay.", "user.overlay."]) {
    for (const key of KEYS) {
      const name = namespace + key;
      found[`${name} on a directory`] = refused(attributed(dir("d"), name));
      found[`${name} in libarchive's form`] = taken(archiveFormOf(name));
    }
    for (const [carrier, member] of Object.entries(CARRIERS)) {
      const name = `${namespace}opaque`;
      found[`${name} on ${carrier}`] = refused(attributed(member, name));
    }
  }
  return found;
}

/** Attributes by their names. */
export const ATTRIBUTES: Corpus = {
  "overlayfs's attribute on the root": taken(
    attributed(dir("."), "trusted.overlay.opaque"),
  ),
  "overlayfs's attribute on a hard link": refused(
    file("x"),
    attributed(link("h", "x"), "trusted.overlay.metacopy"),
  ),
  "overlayfs's attribute in a global header": taken(join(
    rawFile(
      { type: "g", name: "g" },
      "38 SCHILY.xattr.trusted.overlay.x=yyy\n",
    ),
    rawFile({ name: "x" }),
    END,
  )),
  "attributes whose names begin as overlayfs's": taken(
    attributed(dir("d"), "trusted.overlay"),
    attributed(dir("e"), "trusted.overlayfs"),
    attributed(file("f"), "user.overlay"),
  ),
  "an attribute whose name is too long": refused(
    attributed(file("f"), `user.${"n".repeat(300)}`),
  ),
  "an attribute without a name": refused(attributed(file("f"), "")),
  "a default access list on a file": refused({
    ...file("f"),
    xattrs: new Map([["system.posix_acl_default", ACCESS_LIST]]),
  }),
  "an access list that is none": refused(
    attributed(file("f"), "system.posix_acl_access"),
  ),
  "a capability that is none": refused(
    attributed(file("f"), "security.capability"),
  ),
};
