/**
 * Overlayfs's own marks.
 *
 * @module
 */

import { damageTest } from "./fixture.ts";

const TRUSTED = "trusted.overlay.";

function leftAlone(
  what: string,
  harm: Parameters<typeof damageTest>[0]["harm"],
  ...found: string[]
): void {
  damageTest({ what, harm, found, left: found, lossy: true });
}

leftAlone(
  "a whiteout that hides nothing",
  (family) => family.whiteout("mid/diff/dir-base/nothing"),
  "note whiteout-useless mid/diff/dir-base/nothing",
);

leftAlone(
  "a file that is a whiteout by its name",
  (family) => family.write("lone/diff/.wh.shared", ""),
  "note whiteout-name lone/diff/.wh.shared",
);

leftAlone(
  "a whiteout in a base layer",
  (family) => family.whiteout("lone/diff/nothing"),
  "note whiteout-useless lone/diff/nothing",
);

leftAlone(
  "a whiteout in an opaque directory",
  (family) => {
    family.mark("top/diff/dir-mid", `${TRUSTED}opaque`, "y");
  },
  "note whiteout-useless top/diff/dir-mid/gone",
);

leftAlone(
  "an opaque directory that hides nothing",
  (family) => family.mark("top/diff/dir-top", `${TRUSTED}opaque`, "y"),
  "note opaque-useless top/diff/dir-top",
);

leftAlone(
  "a mark on the root of a layer",
  (family) => family.mark("top/diff", `${TRUSTED}opaque`, "y"),
  "warning xattr-on-root top/diff",
);

leftAlone(
  "an opaque mark of an unknown value",
  (family) => family.mark("top/diff/dir-mid", `${TRUSTED}opaque`, "yes"),
  "warning xattr-value top/diff/dir-mid",
);

leftAlone(
  "marks of the other namespace",
  (family) => family.mark("top/diff/dir-mid", "user.overlay.opaque", "y"),
  "warning xattr-namespace top/diff/dir-mid",
);

leftAlone(
  "an attribute of overlayfs that nobody knows",
  (family) => family.mark("top/diff/shared", `${TRUSTED}unheard-of`, "1"),
  "note xattr-unknown top/diff/shared",
);

leftAlone(
  "a redirect to what no lower has",
  (family) => {
    family.mkdir("top/diff/moved");
    family.mark("top/diff/moved", `${TRUSTED}redirect`, "/nowhere/dir");
    family.mkdir("top/diff/near");
    family.mark("top/diff/near", `${TRUSTED}redirect`, "nowhere");
  },
  "error redirect-gone top/diff/moved",
  "error redirect-gone top/diff/near",
);

leftAlone(
  "a redirect that is no path",
  (family) => {
    family.mkdir("top/diff/moved");
    family.mark("top/diff/moved", `${TRUSTED}redirect`, "a/../b");
  },
  "error xattr-value top/diff/moved",
);

leftAlone(
  "a metacopy of what no lower has",
  (family) => {
    family.write("top/diff/copy", "");
    family.mark("top/diff/copy", `${TRUSTED}metacopy`, "");
  },
  "error metacopy-gone top/diff/copy",
);

leftAlone(
  "a metacopy in a base layer",
  (family) => family.mark("lone/diff/shared", `${TRUSTED}metacopy`, ""),
  "error metacopy-gone lone/diff/shared",
);

leftAlone(
  "a whiteout by attribute in a directory that does not say so",
  (family) => {
    family.write("top/diff/dir-mid/kept", "");
    family.mark("top/diff/dir-mid/kept", `${TRUSTED}whiteout`, "y");
  },
  "warning whiteout-unmarked top/diff/dir-mid/kept",
);

damageTest({
  what: "nothing wrong with marks that lead somewhere",
  harm: (family) => {
    family.mkdir("top/diff/moved");
    family.mark("top/diff/moved", `${TRUSTED}redirect`, "/dir-base");
    family.write("top/diff/copy", "");
    family.mark("top/diff/copy", `${TRUSTED}metacopy`, "");
    family.mark("top/diff/copy", `${TRUSTED}redirect`, "/base");
    family.mark("top/diff/dir-mid", `${TRUSTED}opaque`, "x");
    family.write("top/diff/dir-mid/kept", "");
    family.mark("top/diff/dir-mid/kept", `${TRUSTED}whiteout`, "y");
  },
  found: [],
  lossy: true,
});

damageTest({
  what: "marks on files of the wrong kind, and removes them",
  harm: (family) => {
    family.mark("top/diff/shared", `${TRUSTED}opaque`, "y");
    family.mark("top/diff/top", `${TRUSTED}redirect`, "/base");
    family.mark("top/diff/dir-mid", `${TRUSTED}metacopy`, "");
    family.mark("top/diff/dir-mid", `${TRUSTED}whiteout`, "y");
    family.mark("top/diff/dir-mid/gone", `${TRUSTED}opaque`, "y");
    Deno.symlinkSync("shared", family.path("lone/diff/link"));
    family.mark("lone/diff/link", `${TRUSTED}metacopy`, "");
    family.remove("lone/diff/link");
  },
  found: [
    "warning xattr-misplaced top/diff/dir-mid",
    "warning xattr-misplaced top/diff/dir-mid",
    "warning xattr-misplaced top/diff/dir-mid/gone",
    "warning xattr-misplaced top/diff/shared",
    "warning xattr-misplaced top/diff/top",
  ],
});
