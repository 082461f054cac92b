/**
 * The home, its layers' directories, what interrupted work leaves, modes.
 *
 * @module
 */

import { assert, assertEquals } from "../assert.ts";
import { damageTest } from "./fixture.ts";

const UUID = "01234567-89ab-cdef-0123-456789abcdef";

damageTest({
  what: 'a parent without "committed"',
  harm: (family) => family.remove("base/committed", "top/committed"),
  found: [
    "warning committed-missing base/committed",
    "warning committed-missing top/committed",
  ],
});

damageTest({
  what: 'a "committed" of another kind',
  harm: (family) => family.link("mid/committed", "nowhere"),
  found: ["warning committed-type mid/committed"],
});

damageTest({
  what: 'a "committed" with content',
  harm: (family) => family.write("mid/committed", "text"),
  found: ["note committed-content mid/committed"],
});

damageTest({
  what: "a layer without content",
  harm: (family) => family.remove("leaf/diff"),
  found: ["error diff-missing leaf/diff"],
  left: ["error diff-missing leaf/diff"],
  lossy: true,
});

damageTest({
  what: "content that is a symbolic link, and does not follow it",
  harm: (family) => family.link("leaf/diff", "../lone/diff"),
  found: ["error diff-type leaf/diff"],
  left: ["error diff-type leaf/diff"],
  lossy: true,
});

damageTest({
  what: "a work directory that is a file",
  harm: (family) => {
    family.remove("leaf/work");
    family.write("leaf/work", "");
  },
  found: ["error work-type leaf/work"],
});

damageTest({
  what: "a layer that is a file",
  harm: (family) => {
    family.remove("leaf");
    family.write("leaf", "text");
  },
  found: ["error layer-type leaf"],
  left: ["error layer-type leaf"],
  lossy: true,
});

damageTest({
  what: "a layer that is a symbolic link",
  harm: (family) => {
    Deno.renameSync(family.path("leaf"), `${family.home}/../leaf`);
    family.link("leaf", "../leaf");
  },
  found: ["error layer-type leaf"],
  left: ["error layer-type leaf"],
  lossy: true,
});

damageTest({
  what: "what interrupted calls left in the home",
  harm: (family) => {
    family.mkdir(`.tmp-layer-${UUID}/diff/dir`);
    family.mkdir(`.tmp-probe-${UUID}/l1`);
    family.mkdir(".tmp-layer-1/diff/dir");
    family.mkdir("gone-removing/diff/dir");
    family.write("gone-removing/link", "GONE");
    family.link("l/GONE", "../gone/diff");
  },
  found: [
    `warning layer-leftover .tmp-layer-${UUID}`,
    "warning layer-leftover .tmp-layer-1",
    `note probe-leftover .tmp-probe-${UUID}`,
    "warning layer-leftover gone-removing",
    "note short-link-dangling l/GONE",
  ],
});

damageTest({
  what: "a half-removed layer that others stand on, and keeps its files",
  harm: (family) =>
    Deno.renameSync(family.path("top"), family.path("top-removing")),
  found: [
    "error lower-layer-missing leaf/lower",
    "warning layer-leftover top-removing",
  ],
  left: [
    "error lower-layer-missing leaf/lower",
    "warning layer-leftover top-removing",
  ],
  lossy: true,
  after: (family) =>
    assertEquals(family.read("top-removing/diff/top"), "content of top"),
});

damageTest({
  what: "a half-removed layer without a name that others stand on",
  harm: (family) => {
    Deno.renameSync(family.path("top"), family.path("top-removing"));
    family.remove("top-removing/link");
  },
  found: [
    "error lower-layer-missing leaf/lower",
    "warning layer-leftover top-removing",
  ],
  left: [
    "error lower-layer-missing leaf/lower",
    "warning layer-leftover top-removing",
  ],
  lossy: true,
});

damageTest({
  what: "a half-removed layer that a layer without a list may need",
  harm: (family) => {
    Deno.renameSync(family.path("top"), family.path("top-removing"));
    family.write("leaf/lower", "");
  },
  found: [
    "error lower-empty leaf/lower",
    "note short-link-dangling l/{top}",
    "warning layer-leftover top-removing",
  ],
  left: [
    "error lower-empty leaf/lower",
    "warning layer-leftover top-removing",
  ],
  lossy: true,
  after: (family) =>
    assertEquals(family.read("top-removing/diff/top"), "content of top"),
});

damageTest({
  what: "nothing wrong with a layer whose id ends in -removing",
  harm: async (family) => {
    await family.driver.create("x-removing", "leaf");
    await family.driver.create("y", "x-removing");
    await family.driver.create("z-removing");
  },
  found: [],
});

damageTest({
  what: "layers that were only begun",
  harm: (family) => {
    family.mkdir("empty");
    family.mkdir("begun/diff");
    family.mkdir("longer/diff");
    family.write("longer/.tmp-link123", "");
    family.mkdir("hollow/work/work");
    family.write("hollow/link", "HOLLOW");
    family.write("hollow/lower", "l/{base}");
  },
  found: [
    "warning layer-half-made begun",
    "warning layer-half-made empty",
    "warning layer-half-made hollow",
    "warning layer-half-made longer",
  ],
});

damageTest({
  what: "files in a layer that nothing names, and names it",
  harm: (family) => {
    family.mkdir("found/diff");
    Deno.chmodSync(family.path("found"), 0o700);
    family.write("found/diff/file", "text");
  },
  found: ["error link-missing found/link"],
  after: (family) => assertEquals(family.read("found/diff/file"), "text"),
});

damageTest({
  what: "what interrupted calls left in layers",
  harm: (family) => {
    family.mkdir("mid/.tmp-diff0123/dir");
    family.write("mid/.tmp-link99", "x");
    family.write("leaf/.tmp-lower1", "x");
    family.write("lone/.tmp-committed1", "");
    family.mkdir("leaf/.tmp-merged1");
  },
  found: [
    "warning layer-stray leaf/.tmp-lower1",
    "warning layer-stray leaf/.tmp-merged1",
    "warning layer-stray lone/.tmp-committed1",
    "warning layer-stray mid/.tmp-diff0123",
    "warning layer-stray mid/.tmp-link99",
  ],
});

damageTest({
  what: "what dockerd left of its trials",
  harm: (family) => {
    family.mkdir("check-overlayfs-support123/lower1");
    family.mkdir("metacopy-check5/l1");
    family.mkdir("opaque-bug-check77/l2/d");
    family.mkdir("userxattr-check/9/lower1");
    family.write("fsutils-dummy42", "");
  },
  found: [
    "note probe-leftover check-overlayfs-support123",
    "note probe-leftover fsutils-dummy42",
    "note probe-leftover metacopy-check5",
    "note probe-leftover opaque-bug-check77",
    "note probe-leftover userxattr-check",
  ],
});

const STRANGERS = [
  "note home-foreign backup",
  "note home-foreign notes.txt",
  "note home-foreign opaque-bug-check1",
  "note layer-foreign base/readme",
];

damageTest({
  what: "strangers in the home and in layers, and leaves them",
  harm: (family) => {
    family.mkdir("backup/dir");
    family.mkdir("lost+found");
    family.mkdir("opaque-bug-check1/mine");
    family.write("notes.txt", "text");
    family.write("base/readme", "text");
  },
  found: STRANGERS,
  left: STRANGERS,
});

damageTest({
  what: "wrong modes",
  harm: (family) => {
    Deno.chmodSync(family.home, 0o755);
    Deno.chmodSync(family.path("l"), 0o755);
    Deno.chmodSync(family.path("base"), 0o777);
    Deno.chmodSync(family.path("base/link"), 0o600);
    Deno.chmodSync(family.path("mid/link"), 0o666);
    Deno.chmodSync(family.path("mid/lower"), 0o666);
    Deno.chmodSync(family.path("mid/committed"), 0o644);
    Deno.chmodSync(family.path("mid/work"), 0o755);
  },
  found: [
    "warning home-mode",
    "warning links-mode l",
    "warning layer-mode base",
    "warning link-mode base/link",
    "note link-mode mid/link",
    "note lower-mode mid/lower",
    "warning committed-mode mid/committed",
    "warning work-mode mid/work",
  ],
});

damageTest({
  what: "wrong owners",
  harm: (family) => {
    const paths = [
      "",
      "l",
      "base",
      "base/link",
      "mid/lower",
      "mid/committed",
      "leaf/work",
    ];
    for (const path of paths) Deno.chownSync(family.path(path), 1000, 1000);
  },
  found: [
    "warning home-owner",
    "warning links-owner l",
    "warning layer-owner base",
    "warning link-owner base/link",
    "warning lower-owner mid/lower",
    "warning committed-owner mid/committed",
    "warning work-owner leaf/work",
  ],
});

damageTest({
  what: "nothing wrong with the modes of older versions of Docker",
  harm: (family) => {
    Deno.chmodSync(family.path("base"), 0o701);
    Deno.chmodSync(family.path("mid"), 0o700);
  },
  found: [],
});

damageTest({
  what: "a mountpoint that was left",
  harm: (family) => family.mkdir("leaf/merged"),
  found: ["note merged-leftover leaf/merged"],
});

damageTest({
  what: "a mountpoint that holds files, and leaves them",
  harm: (family) => {
    family.mkdir("leaf/merged");
    family.write("leaf/merged/file", "text");
  },
  found: ["warning merged-not-empty leaf/merged"],
  left: ["warning merged-not-empty leaf/merged"],
  lossy: true,
  after: (family) => assertEquals(family.read("leaf/merged/file"), "text"),
});

damageTest({
  what: "a mountpoint that is a symbolic link",
  harm: (family) => family.link("leaf/merged", "/tmp"),
  found: ["error merged-type leaf/merged"],
});

damageTest({
  what: "a volatile mount that was not given back",
  harm: (family) => family.mkdir("leaf/work/work/incompat/volatile/dirty"),
  found: ["error work-volatile leaf/work/work/incompat/volatile"],
  after: (family) => {
    const left = [...Deno.readDirSync(family.path("leaf/work/work"))];
    assert(left.every(({ name }) => name !== "incompat"));
  },
});

damageTest({
  what: "a feature that keeps the kernel from mounting, and leaves it",
  harm: (family) => family.mkdir("leaf/work/work/incompat/unheard-of"),
  found: ["error work-incompat leaf/work/work/incompat/unheard-of"],
  left: ["error work-incompat leaf/work/work/incompat/unheard-of"],
  lossy: true,
});
