/**
 * Every deliberate difference from Docker's driver in what an archive becomes,
 * and its reason. The differences in calls are in `operations.ts`.
 *
 * The tests assert exactly these: what Docker does, what ours does, and that
 * nothing else differs.
 *
 * @module
 */

import { applied, type Differences, differs, refused } from "./difference.ts";

const OUTSIDE = refused("a name leads above the layer's root", [
  "file named '../x'",
  "file named '../../../x'",
  "file named '/../x'",
  "file named 'a/../../x'",
  "directory named '..'",
  "directory named '../..'",
  "hard link above the root",
  "hard link far above the root",
]);

const OVERLAY_XATTRS = refused(
  "overlayfs's own marks are not an archive's to set",
  ["trusted", "user"].flatMap((space) =>
    ["opaque", "redirect", "metacopy", "whiteout", "origin"].map((key) =>
      `xattr ${space}.overlay.${key}`
    )
  ),
);

/** Marks that only a mount can read: ours refuses to archive the layer. */
const UNREAD: Differences = Object.fromEntries(
  ["redirect", "metacopy"].map((key) => `xattr trusted.overlay.${key}`).map(
    (name) => [name, { ...OVERLAY_XATTRS[name]!, unread: "docker" }],
  ),
);

const DEVICES = refused("the kernel would cut the number", [
  "device with a large major number",
  "device with numbers beyond 32 bits",
]);

const OWNERS = refused("an id of 32 bits cannot hold it", [
  "owner 4294967295",
  "owner 4294967296",
  "owner -1",
  "owner -2",
  "PAX uid -1",
  "PAX gid -1",
  "Python test archive, gnu/regtype-gnu-uid",
]);

const BAD_SHAPES: Differences = {
  ...refused("a diff of the layer would hide another file", [
    "name with a whiteout in its middle",
  ]),
  ...refused("something follows its end", [
    "garbage after the end",
    "entries after the end",
  ]),
  ...refused("it is cut short", [
    "cut in the padding",
    "cut before the padding ends",
    "Go test data, pax-path-hdr.tar",
  ]),
};

const CONTENT = "mtime=1600000000000000000 size=8 434728a410a78f56";
const CAP = "[security.capability=0100000200040000000000000000000000000000]";

const STAYS = "a whiteout hides lower layers only, in whatever order they come";
const LATER = "a directory may be replaced later in the archive";
const SPARSE = "old GNU sparse files are files, as in the PAX form";
const THROUGH = "a link's target may be in a lower layer, or come later";

/** Docker fails half-way in either mode. */
const APPLIED: Differences = {
  "directory replaced by a dangling symlink": applied(LATER, [
    "ours: d: symlink 0777 0:0 mtime=1600000000000000000 -> nowhere",
  ]),
  "directory with a directory in it replaced by a file": applied(LATER, [
    "ours: d: file 0644 0:0 mtime=1600000000000000000 size=1 252f10c83610ebca",
  ]),
  "path through a chain of symlinks": applied(THROUGH, [
    "ours: escape: symlink 0777 0:0 mtime=1600000000000000000 -> ../victim",
    "ours: inner: dir 0755 0:0 mtime=1600000000000000000",
    "ours: inner/go_up: symlink 0777 0:0 mtime=1600000000000000000 -> ..",
    "ours: victim: dir 0755 0:0 mtime=now",
    `ours: victim/x: file 0644 0:0 ${CONTENT}`,
  ]),
  "path through a dangling relative symlink": applied(THROUGH, [
    "ours: missing: dir 0755 0:0 mtime=now",
    `ours: missing/x: file 0644 0:0 ${CONTENT}`,
    "ours: s: symlink 0777 0:0 mtime=1600000000000000000 -> missing",
  ]),
  "path deep through a dangling symlink": applied(THROUGH, [
    "ours: missing: dir 0755 0:0 mtime=now",
    "ours: missing/a: dir 0755 0:0 mtime=now",
    "ours: missing/a/b: dir 0755 0:0 mtime=now",
    `ours: missing/a/b/x: file 0644 0:0 ${CONTENT}`,
    "ours: s: symlink 0777 0:0 mtime=1600000000000000000 -> missing",
  ]),
  "symlink to the host, then a file through it": applied(THROUGH, [
    "ours: l: symlink 0777 0:0 mtime=1600000000000000000 -> /tmp",
    "ours: tmp: dir 0755 0:0 mtime=now",
    `ours: tmp/oracle-escape: file 0644 0:0 ${CONTENT}`,
  ]),
  "GNU tar, sparse gnu": applied(SPARSE, [
    "ours: ends: file 0644 0:0 mtime=1600000000000000000 size=1048576 2d3e7896a491b38f",
    "ours: hole: file 0644 0:0 mtime=1600000000000000000 size=300000 886715e4051e827f",
    "ours: many: file 0644 0:0 mtime=1600000000000000000 size=1282048 8aaedae2f30b92ac",
    "ours: middle: file 0644 0:0 mtime=1600000000000000000 size=1052672 3d4875479cd677ea",
  ]),
  "GNU tar, sparse oldgnu": applied(SPARSE, [
    "ours: ends: file 0644 0:0 mtime=1600000000000000000 size=1048576 2d3e7896a491b38f",
    "ours: hole: file 0644 0:0 mtime=1600000000000000000 size=300000 886715e4051e827f",
    "ours: many: file 0644 0:0 mtime=1600000000000000000 size=1282048 8aaedae2f30b92ac",
    "ours: middle: file 0644 0:0 mtime=1600000000000000000 size=1052672 3d4875479cd677ea",
  ]),
  "Go test data, gnu-nil-sparse-data.tar": applied(SPARSE, [
    "ours: sparse.db: file 0000 0:0 mtime=0 size=1000 ab6c5f3237f551d2",
  ]),
  "Go test data, gnu-nil-sparse-hole.tar": applied(SPARSE, [
    "ours: sparse.db: file 0000 0:0 mtime=0 size=1000 541b3e9daa09b20b",
  ]),
  "Go test data, sparse-formats.tar": applied(SPARSE, [
    "ours: end: file 0644 1000:1000 mtime=1392398319000000000 size=4 48332fe667bc51ac",
    "ours: sparse-gnu: file 0644 1000:1000 mtime=1392395740000000000 size=200 ed7c086b492e5f08",
    "ours: sparse-posix-0.0: file 0644 1000:1000 mtime=1392342187000000000 size=200 ed7c086b492e5f08",
    "ours: sparse-posix-0.1: file 0644 1000:1000 mtime=1392340456000000000 size=200 ed7c086b492e5f08",
    "ours: sparse-posix-1.0: file 0644 1000:1000 mtime=1392337404000000000 size=200 ed7c086b492e5f08",
  ]),
  "Python test archive, gnu/sparse": applied(SPARSE, [
    "ours: gnu: dir 0755 0:0 mtime=now",
    "ours: gnu/sparse: file 0644 1000:100 mtime=1041808783000000000 size=86016 4f05a77607114675",
  ]),
  "whiteout below a file that replaces a directory": applied(
    "what it hides is hidden already",
    [`ours: d: file 0644 0:0 ${CONTENT}`],
  ),
  "path of 4200 bytes": {
    docker: "fails",
    ours: "applies",
    unread: "ours",
    why: "names are resolved from directory to directory, without a limit",
  },
};

/** A hard link's change of owner takes capabilities away from the file. */
const CAPABILITY = "capability with a long name and a hard link";
const LONG = "n".repeat(120);
const KEPT: Differences = {
  [CAPABILITY]: differs("a hard link must not take capabilities away", [
    `docker: h: file 0644 0:0 ${CONTENT}`,
    `ours: h: file 0644 0:0 ${CONTENT} ${CAP}`,
    `docker: ${LONG}: file 0644 0:0 ${CONTENT} same as h`,
    `ours: ${LONG}: file 0644 0:0 ${CONTENT} same as h ${CAP}`,
  ]),
};

/** In either mode. */
const BOTH: Differences = {
  ...OUTSIDE,
  ...OVERLAY_XATTRS,
  ...UNREAD,
  ...BAD_SHAPES,
  ...APPLIED,
  ...KEPT,
};

/** Archives unpacked into the layer's own directory, with an id map. */
export const MAPPED: Differences = {
  ...BOTH,
  ...DEVICES,
  ...refused("the root can only be a directory", [
    "root entry that is a file",
    "root entry that is a symlink",
    "empty name",
  ]),
  ...refused("a diff of the layer would hide another file", [
    "AUFS link directory",
  ]),
  ...refused("what is hidden cannot be linked to", [
    "hard link to a whiteout's device",
  ]),
  "file then its whiteout": applied(STAYS, [
    "ours: foo: file 0644 0:0 mtime=1600000000000000000 size=3 11507a0e2f5e69d5",
  ]),
  "new file then its whiteout": applied(STAYS, [
    "ours: fresh: file 0644 0:0 mtime=1600000000000000000 size=3 11507a0e2f5e69d5",
  ]),
  "opaque marker in a file's place": differs("a file cannot be opaque", [
    `docker: d: file 0644 0:0 ${CONTENT} [trusted.overlay.opaque=79]`,
    `ours: d: file 0644 0:0 ${CONTENT}`,
  ]),
  "whiteout twice": applied(STAYS, ["ours: foo: char 0000 0:0 mtime=now 0,0"]),
  "whiteout then directory of that name": differs(STAYS, [
    "docker: d: dir 0755 0:0 mtime=1600000000000000000",
    "ours: d: dir 0755 0:0 mtime=1600000000000000000 [trusted.overlay.opaque=79]",
  ]),
  "directory then whiteout of that name": applied(STAYS, [
    "ours: d: dir 0755 0:0 mtime=1600000000000000000 [trusted.overlay.opaque=79]",
    `ours: d/new: file 0644 0:0 ${CONTENT}`,
  ]),
  "whiteout then implied directory of that name": applied(STAYS, [
    "ours: d: dir 0755 0:0 mtime=now [trusted.overlay.opaque=79]",
    `ours: d/new: file 0644 0:0 ${CONTENT}`,
  ]),
  "file in a directory then whiteout of the directory": applied(STAYS, [
    "ours: d: dir 0755 0:0 mtime=now [trusted.overlay.opaque=79]",
    `ours: d/new: file 0644 0:0 ${CONTENT}`,
  ]),
  "symlink then whiteout of that name": applied(STAYS, [
    "ours: d: symlink 0777 0:0 mtime=1600000000000000000 -> etc",
  ]),
  "whiteout then whiteout below it": applied(STAYS, [
    "ours: d: dir 0755 0:0 mtime=now [trusted.overlay.opaque=79]",
    "ours: d/one: char 0000 0:0 mtime=now 0,0",
  ]),
  "whiteout twice with a file between": applied(STAYS, [
    "ours: foo: file 0644 0:0 mtime=1600000000000000000 size=3 11507a0e2f5e69d5",
  ]),
  "root entry '/'": differs("the root entry has many names", [
    "docker: .: dir 0700 7:8 mtime=99000000000 [user.root=31]",
    "ours: .: dir 0755 0:0 mtime=now",
  ]),
  "path through a dangling absolute symlink": applied(THROUGH, [
    "ours: etc: dir 0755 0:0 mtime=now",
    `ours: etc/x: file 0644 0:0 ${CONTENT}`,
    "ours: s: symlink 0777 0:0 mtime=1600000000000000000 -> /etc",
  ]),
};

/** Archives unpacked into the layer's own directory. */
export const NATIVE: Differences = { ...MAPPED, ...OWNERS };

/** Root entries, which Docker applies through a mount and nowhere else. */
const ROOTS: Differences = Object.fromEntries(
  [
    ...["'./'", "'.'", "'/'", "''", "'a/..'", "after content"].map((name) =>
      `root entry ${name}`
    ),
    ...["ustar", "gnu", "pax"].map((name) => `Python tarfile, ${name}`),
    ...["v7", "oldgnu", "gnu", "ustar", "posix", "gnu, numeric"].map((name) =>
      `GNU tar, ${name}`
    ),
    ...["xattrs", "no times", "binary names"].map((name) =>
      `GNU tar, posix, ${name}`
    ),
    ...["0.0", "0.1", "1.0"].map((name) => `GNU tar, sparse posix ${name}`),
    ...["pax", "gnutar", "pax without xattrs", "sparse pax"].map((name) =>
      `bsdtar, ${name}`
    ),
  ].map((name) => [name, {
    docker: "applies",
    ours: "applies",
    root: true,
    why: "a layer must not depend on the way it is unpacked",
  }]),
);

/** Archives unpacked through a mount, by the naive differ. */
export const NAIVE: Differences = {
  ...BOTH,
  ...OWNERS,
  ...ROOTS,
  ...refused("it would delete the directory that it lies in", [
    "degenerate q/r/.wh.",
    "degenerate q/r/.wh..",
    "degenerate q/r/.wh...",
  ]),
  "file then its whiteout": differs(STAYS, [
    "docker: foo: char 0000 0:0 mtime=now 0,0",
    "ours: foo: file 0644 0:0 mtime=1600000000000000000 size=3 11507a0e2f5e69d5",
  ]),
  "new file then its whiteout": differs(STAYS, [
    "ours: fresh: file 0644 0:0 mtime=1600000000000000000 size=3 11507a0e2f5e69d5",
  ]),
  "directory then whiteout of that name": applied(STAYS, [
    "ours: d: dir 0755 0:0 mtime=1600000000000000000 [trusted.overlay.impure=79] [trusted.overlay.origin]",
    `ours: d/new: file 0644 0:0 ${CONTENT}`,
    "ours: d/one: char 0000 0:0 mtime=now 0,0",
    "ours: d/sub: char 0000 0:0 mtime=now 0,0 same as d/one",
    "ours: d/two: char 0000 0:0 mtime=now 0,0 same as d/one",
  ]),
  "file in a directory then whiteout of the directory": differs(STAYS, [
    "docker: d: char 0000 0:0 mtime=now 0,0",
    "ours: d: dir 0700 5:6 mtime=now [trusted.overlay.impure=79] [trusted.overlay.origin]",
    `ours: d/new: file 0644 0:0 ${CONTENT}`,
    "ours: d/one: char 0000 0:0 mtime=now 0,0",
    "ours: d/sub: char 0000 0:0 mtime=now 0,0 same as d/one",
    "ours: d/two: char 0000 0:0 mtime=now 0,0 same as d/one",
  ]),
  "symlink then whiteout of that name": differs(STAYS, [
    "docker: d: char 0000 0:0 mtime=now 0,0",
    "ours: d: symlink 0777 0:0 mtime=1600000000000000000 -> etc",
  ]),
  "whiteout twice with a file between": differs(STAYS, [
    "docker: foo: char 0000 0:0 mtime=now 0,0",
    "ours: foo: file 0644 0:0 mtime=1600000000000000000 size=3 11507a0e2f5e69d5",
  ]),
  "opaque marker after an implied directory": differs(
    "what the archive has unpacked is not a lower layer's",
    [
      "ours: foo2/bar: dir 0755 0:0 mtime=now",
      `ours: foo2/bar/file: file 0644 0:0 ${CONTENT}`,
    ],
  ),
  "global header alone": differs("a global header is no file", [
    "docker: PaxHeaders: dir 0755 0:0 mtime=now",
  ]),
  "global header between PAX and entry": differs("a global header is no file", [
    "docker: PaxHeaders: dir 0755 0:0 mtime=now",
  ]),
  ...refused("AUFS's link pool is not read", ["AUFS link directory"]),
  "times in PAX records": differs(
    "times that one way of unpacking cannot store are 1970 in both",
    [
      "docker: d-0.1: dir 0755 0:0 mtime=-100000000",
      "ours: d-0.1: dir 0755 0:0 mtime=0",
      "docker: d-1: dir 0755 0:0 mtime=-1000000000",
      "ours: d-1: dir 0755 0:0 mtime=0",
      "docker: d-1.5: dir 0755 0:0 mtime=-1500000000",
      "ours: d-1.5: dir 0755 0:0 mtime=0",
      "docker: d9223372037: dir 0755 0:0 mtime=-2147483648000000000",
      "ours: d9223372037: dir 0755 0:0 mtime=0",
      "docker: d99999999999: dir 0755 0:0 mtime=now",
      "ours: d99999999999: dir 0755 0:0 mtime=0",
    ],
  ),
};
