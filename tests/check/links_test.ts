/**
 * Short names and short links.
 *
 * @module
 */

import { assertEquals, assertNotEquals } from "../assert.ts";
import { damageTest } from "./fixture.ts";

damageTest({
  what: 'a missing "link"',
  harm: (family) => family.remove("mid/link"),
  found: ["error link-missing mid/link"],
  after: (family) => assertEquals(family.read("mid/link"), family.short.mid),
});

damageTest({
  what: 'an empty "link"',
  harm: (family) => family.write("base/link", ""),
  found: ["error link-empty base/link"],
  after: (family) => assertEquals(family.read("base/link"), family.short.base),
});

for (const text of ["{mid}\n", "../x", "a:b", "{mid} ", "l/{mid}"]) {
  damageTest({
    what: `a "link" that holds ${JSON.stringify(text)}`,
    harm: (family) => family.write("mid/link", text),
    found: ["error link-malformed mid/link"],
    after: (family) => assertEquals(family.read("mid/link"), family.short.mid),
  });
}

damageTest({
  what: 'a "link" that is a symbolic link, and does not follow it',
  harm: (family) => {
    family.write("elsewhere", "{mid}");
    family.link("mid/link", "../elsewhere");
  },
  found: ["error link-type mid/link", "note home-foreign elsewhere"],
  left: ["note home-foreign elsewhere"],
  after: (family) => assertEquals(family.read("elsewhere"), family.short.mid),
});

damageTest({
  what: 'a "link" that is a directory, and leaves it',
  harm: (family) => {
    family.remove("lone/link");
    family.mkdir("lone/link");
  },
  found: [
    "error link-type lone/link",
  ],
  left: ["error link-type lone/link"],
  lossy: true,
});

damageTest({
  what: "a layer with neither a name nor a link, and names it anew",
  harm: (family) => family.remove("lone/link", "l/{lone}"),
  found: ["error link-missing lone/link"],
  after: (family) =>
    assertNotEquals(family.read("lone/link"), family.short.lone),
});

damageTest({
  what: "a parent with neither a name nor a link",
  harm: (family) => family.remove("base/link", "l/{base}"),
  found: [
    "error link-missing base/link",
    "error lower-link-missing leaf/lower",
    "error lower-link-missing mid/lower",
    "error lower-link-missing top/lower",
  ],
});

damageTest({
  what: "a missing short link",
  harm: (family) => family.remove("l/{base}"),
  found: ["error short-link-missing l/{base}"],
});

damageTest({
  what: "a short link to another layer",
  harm: (family) => family.link("l/{mid}", "../lone/diff"),
  found: ["error short-link-target l/{mid}"],
});

damageTest({
  what: "a short link to a layer that does not exist",
  harm: (family) => family.link("l/{mid}", "../nothing/diff"),
  found: ["error short-link-target l/{mid}"],
});

for (
  const target of ["mid/diff", "../mid", "../mid/diff/", "/etc", "../../etc"]
) {
  damageTest({
    what: `a short link with the text ${target}`,
    harm: (family) => family.link("l/{mid}", target),
    found: ["error short-link-target l/{mid}"],
  });
}

damageTest({
  what: "a short link that is an absolute one",
  harm: (family) => family.link("l/{mid}", `${family.home}/mid/diff`),
  found: ["error short-link-target l/{mid}"],
});

damageTest({
  what: "a short link that is a file, and leaves it",
  harm: (family) => {
    family.remove("l/{leaf}");
    family.write("l/{leaf}", "text");
  },
  found: ["error short-link-type l/{leaf}"],
  left: ["error short-link-type l/{leaf}"],
  after: (family) => assertEquals(family.read("l/{leaf}"), "text"),
});

damageTest({
  what: "two layers of one name, where the other has children",
  harm: (family) => family.write("lone/link", "{base}"),
  found: ["error link-shared lone/link"],
  after: (family) => assertEquals(family.read("lone/link"), family.short.lone),
});

damageTest({
  what: "two layers of one name, without another link",
  harm: (family) => {
    family.remove("l/{lone}");
    family.write("lone/link", "{leaf}");
  },
  found: ["error link-shared lone/link"],
  after: (family) => {
    assertNotEquals(family.read("lone/link"), family.short.leaf);
    assertEquals(family.read("leaf/link"), family.short.leaf);
  },
});

damageTest({
  what: "a name that is no link, beside a link that is no name",
  harm: (family) => family.write("mid/link", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
  found: ["error link-wrong mid/link"],
  after: (family) => assertEquals(family.read("mid/link"), family.short.mid),
});

damageTest({
  what: "a dangling short link that nobody lists",
  harm: (family) => family.link("l/ABC", "../gone/diff"),
  found: ["note short-link-dangling l/ABC"],
  after: (family) =>
    assertEquals(
      [...Deno.readDirSync(`${family.home}/l`)].some(({ name }) =>
        name === "ABC"
      ),
      false,
    ),
});

damageTest({
  what: "a second short link of a layer that nobody lists",
  harm: (family) => family.link("l/ABC", "../base/diff"),
  found: ["note short-link-extra l/ABC"],
});

damageTest({
  what: "nothing wrong with a second short link that is listed",
  harm: (family) => {
    family.link("l/ABC", "../base/diff");
    family.write("mid/lower", "l/ABC");
    family.write("top/lower", "l/{mid}:l/ABC");
  },
  found: [],
});

damageTest({
  what: "strangers among the short links, and leaves them",
  harm: (family) => {
    family.write("l/file", "text");
    family.mkdir("l/dir/inner");
    family.link("l/etc", "/etc");
  },
  found: [
    "note links-foreign l/dir",
    "note links-foreign l/etc",
    "note links-foreign l/file",
  ],
  left: [
    "note links-foreign l/dir",
    "note links-foreign l/etc",
    "note links-foreign l/file",
  ],
});

damageTest({
  what: "a parent without a name whose link leads elsewhere",
  harm: (family) => {
    family.remove("mid/link");
    family.link("l/{mid}", "/etc");
  },
  found: [
    "error link-missing mid/link",
    "error lower-layer-missing leaf/lower",
    "error lower-layer-missing top/lower",
  ],
});

damageTest({
  what: "a short link that is an empty file, and replaces it",
  harm: (family) => {
    family.remove("l/{leaf}");
    family.write("l/{leaf}", "");
  },
  found: ["error short-link-type l/{leaf}"],
});

damageTest({
  what: "a copy of a parent, and gives it a name of its own",
  harm: (family) => {
    new Deno.Command("cp", {
      args: ["-a", family.path("base"), family.path("copy")],
    }).outputSync();
    family.remove("copy/committed");
    family.remove("l/{base}");
  },
  found: ["error link-shared copy/link", "error short-link-missing l/{base}"],
});

damageTest({
  what: "two short links that were exchanged",
  harm: (family) => {
    family.link("l/{base}", "../mid/diff");
    family.link("l/{mid}", "../base/diff");
  },
  found: [
    "error short-link-target l/{base}",
    "error short-link-target l/{mid}",
  ],
});

damageTest({
  what: "two names that were exchanged",
  harm: (family) => {
    family.write("base/link", "{mid}");
    family.write("mid/link", "{base}");
  },
  found: ["error link-shared base/link", "error link-shared mid/link"],
  after: (family) => assertEquals(family.read("mid/link"), family.short.mid),
});

damageTest({
  what: "names of two base layers that were exchanged, and does not guess",
  harm: async (family) => {
    await family.driver.create("child", "lone");
    family.write("base/link", "{lone}");
    family.write("lone/link", "{base}");
  },
  found: ["error link-shared base/link", "error link-shared lone/link"],
  left: ["error link-shared base/link", "error link-shared lone/link"],
});

damageTest({
  what: "a layer that was renamed, and lets its link lead there",
  harm: (family) => Deno.renameSync(family.path("mid"), family.path("moved")),
  found: ["error short-link-target l/{mid}"],
  lossy: true,
  after: async (family) => {
    await family.driver.get("leaf");
    assertEquals(family.read("leaf/merged/mid"), "content of mid");
    await family.driver.put("leaf");
  },
});

damageTest({
  what: "no directory of short links",
  harm: (family) => family.remove("l"),
  found: ["error links-missing l"],
});

damageTest({
  what: "a file in the place of the directory of short links, and leaves it",
  harm: (family) => {
    family.remove("l");
    family.write("l", "text");
  },
  found: ["error links-type l"],
  left: ["error links-type l"],
  lossy: true,
});
