/**
 * What layers say they stand on.
 *
 * @module
 */

import { assertEquals } from "../assert.ts";
import { tempDriver } from "../fixtures.ts";
import { damageTest, lines } from "./fixture.ts";

/** What each layer lists when all is well. */
const LISTS: Readonly<Record<string, string>> = {
  mid: "l/{base}",
  top: "l/{mid}:l/{base}",
  leaf: "l/{top}:l/{mid}:l/{base}",
};

for (const [id, list] of Object.entries(LISTS)) {
  const whole = (
    family: { read(path: string): string; named(text: string): string },
  ) => assertEquals(family.read(`${id}/lower`), family.named(list));

  if (id !== "leaf") {
    damageTest({
      what: `an empty "lower" of ${id}`,
      harm: (family) => family.write(`${id}/lower`, ""),
      found: [`error lower-empty ${id}/lower`],
      after: whole,
    });

    damageTest({
      what: `a missing "lower" of ${id}`,
      harm: (family) => family.remove(`${id}/lower`),
      found: [`error lower-missing ${id}/lower`],
      after: whole,
    });
  }

  damageTest({
    what: `an end of line in the "lower" of ${id}`,
    harm: (family) => family.write(`${id}/lower`, `${list}\n`),
    found: [`error lower-malformed ${id}/lower`],
    after: whole,
  });

  damageTest({
    what: `a "lower" of ${id} that ends in a colon`,
    harm: (family) => family.write(`${id}/lower`, `${list}:`),
    found: [`error lower-malformed ${id}/lower`],
    after: whole,
  });
}

damageTest({
  what: 'an empty "lower" that nobody repeats, and cannot know it',
  harm: (family) => family.write("leaf/lower", ""),
  found: ["error lower-empty leaf/lower"],
  left: ["error lower-empty leaf/lower"],
  lossy: true,
});

damageTest({
  what: 'a missing "lower" that nobody repeats, and cannot know it',
  harm: (family) => family.remove("leaf/lower"),
  found: ["error lower-missing leaf/lower"],
  left: ["error lower-missing leaf/lower"],
  lossy: true,
});

damageTest({
  what: 'a "lower" cut between two entries',
  harm: (family) => family.write("leaf/lower", "l/{top}"),
  found: ["error lower-differs leaf/lower"],
});

damageTest({
  what: 'a "lower" cut within an entry',
  harm: (family) =>
    family.write("leaf/lower", family.named(LISTS.leaf!).slice(0, 40)),
  found: ["error lower-link-missing leaf/lower"],
});

damageTest({
  what: 'a "lower" that is a symbolic link',
  harm: (family) => family.link("top/lower", "../mid/lower"),
  found: ["error lower-type top/lower"],
});

damageTest({
  what: "an entry that is no short link",
  harm: (family) => family.write("leaf/lower", "l/{top}:l/NOSUCH:l/{base}"),
  found: ["error lower-link-missing leaf/lower"],
});

damageTest({
  what: "an entry that is the layer itself",
  harm: (family) => family.write("mid/lower", "l/{mid}"),
  found: ["error lower-cycle mid/lower"],
});

damageTest({
  what: "layers that stand on each other",
  harm: (family) => family.write("mid/lower", "l/{top}:l/{base}"),
  found: ["error lower-cycle mid/lower"],
});

damageTest({
  what: "an entry that comes twice",
  harm: (family) =>
    family.write("leaf/lower", "l/{top}:l/{mid}:l/{mid}:l/{base}"),
  found: ["error lower-duplicate leaf/lower"],
});

damageTest({
  what: "lowers in another order",
  harm: (family) => family.write("leaf/lower", "l/{top}:l/{base}:l/{mid}"),
  found: ["error lower-differs leaf/lower"],
});

damageTest({
  what: "a lower that its parent does not have",
  harm: (family) => family.write("leaf/lower", `${LISTS.leaf}:l/{lone}`),
  found: ["error lower-differs leaf/lower"],
});

damageTest({
  what: "a list that one layer contradicts, and does not guess",
  harm: (family) => family.write("top/lower", "l/{base}"),
  found: ["error lower-differs leaf/lower"],
  left: ["error lower-differs leaf/lower"],
  lossy: true,
});

damageTest({
  what: "a parent that is gone",
  harm: (family) => family.remove("top"),
  found: ["error lower-layer-missing leaf/lower"],
  left: ["error lower-layer-missing leaf/lower"],
  lossy: true,
});

damageTest({
  what: "a parent that is gone with its short link",
  harm: (family) => family.remove("top", "l/{top}"),
  found: ["error lower-link-missing leaf/lower"],
  left: ["error lower-link-missing leaf/lower"],
  lossy: true,
});

damageTest({
  what: "a layer with a list and without a work directory",
  harm: (family) => family.remove("leaf/work", "mid/work"),
  found: ["error work-missing leaf/work", "warning work-missing mid/work"],
});

Deno.test("Driver.check() tells of layers with more lowers than Docker or the kernel takes", async () => {
  await using temp = await tempDriver({
    storageOpts: ["overlay2.max_depth=500"],
  });
  const { driver, home } = temp;
  const shorts: string[] = [];
  for (let i = 0; i <= 130; i++) {
    await driver.create(`layer-${i}`, i === 0 ? "" : `layer-${i - 1}`);
    shorts.unshift(Deno.readTextFileSync(`${home}/layer-${i}/link`));
  }
  const deep = [
    "note lower-depth layer-129/lower",
    "note lower-depth layer-130/lower",
  ];
  assertEquals(lines(await driver.check()), deep);

  const more = shorts.map((short) => `l/${short}`);
  const list = [more, more, more, more].flat().join(":");
  Deno.writeTextFileSync(`${home}/layer-130/lower`, list);
  assertEquals(lines(await driver.check(["layer-130"])), [
    "error lower-cycle layer-130/lower",
    "error lower-depth layer-130/lower",
  ]);
  await driver.check(undefined, { repair: true });
  assertEquals(lines(await driver.check()), deep);
});
