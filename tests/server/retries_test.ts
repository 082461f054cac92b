/**
 * Archives that are sent again: when a connection breaks, dockerd sends what it
 * has left.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "../assert.ts";
import { archive, file } from "../tar_builder.ts";
import { namesIn } from "../trees.ts";
import { brokenAfter, type Json, TempPlugin } from "./fixture.ts";

const ROOT = { ignore: Deno.uid() !== 0 };
const ARCHIVE = archive(file("a", "one"), file("b", "two"), file("c", "3"));
/** Ends of what was received: in a header, in content, between entries, at the end. */
const CUTS = [1, 512, 700, 1024, 1500, 2048, 3072, ARCHIVE.length - 512];

/** A plugin with an empty layer `a`. */
async function withLayer(): Promise<TempPlugin> {
  const temp = new TempPlugin();
  await temp.init();
  await temp.call("Create", { ID: "a" });
  return temp;
}

function filesIn(temp: TempPlugin): string[] {
  return namesIn(`${temp.home}/a/diff`);
}

function assertRest({ Err }: Json, about: string): void {
  assertStringIncludes(String(Err), "only the rest comes now", about);
}

Deno.test(
  "Plugin refuses the rest of an archive whose beginning was lost",
  ROOT,
  async () => {
    for (const restart of [false, true]) {
      for (const cut of CUTS) {
        const about = `cut at ${cut}, ${restart ? "restarted" : "going on"}`;
        await using temp = await withLayer();
        await temp.apply("a", brokenAfter(ARCHIVE.slice(0, cut)));
        if (restart) temp.restarted();

        for (let attempt = 0; attempt < 2; attempt++) {
          assertRest(await temp.apply("a", ARCHIVE.slice(cut)), about);
          assertEquals(filesIn(temp), [], about);
        }
      }
    }
  },
);

Deno.test(
  "Plugin refuses nothing at all where an archive broke off",
  ROOT,
  async () => {
    await using temp = await withLayer();
    await temp.apply("a", brokenAfter(ARCHIVE.slice(0, 1024)));

    assertRest(await temp.apply("a", null), "");
    assertEquals(filesIn(temp), []);
  },
);

Deno.test(
  "Plugin refuses what may be the rest of what an ended one received",
  ROOT,
  async () => {
    await using temp = await withLayer();
    // It took no note of what it received.
    temp.restarted();

    for (const body of [null, ARCHIVE.slice(1024), ARCHIVE]) {
      const about = `${body?.length}`;
      assertRest(await temp.apply("a", body), about);
      assertEquals(filesIn(temp), [], about);
    }
    await temp.call("Remove", { ID: "a" });
    await temp.call("Create", { ID: "a" });
    assertEquals(await temp.apply("a", ARCHIVE), { Size: 7 });
  },
);

Deno.test(
  "Plugin takes an archive that is sent again from its beginning",
  ROOT,
  async () => {
    for (const restart of [false, true]) {
      await using temp = await withLayer();
      await temp.apply("a", brokenAfter(ARCHIVE.slice(0, 1500)));
      if (restart) temp.restarted();

      assertEquals(await temp.apply("a", ARCHIVE), { Size: 7 });
      assertEquals(filesIn(temp), ["a", "b", "c"]);
    }
  },
);

Deno.test(
  "Plugin answers again when only its answer was lost",
  ROOT,
  async () => {
    for (const restart of [false, true]) {
      await using temp = await withLayer();
      await temp.apply("a", ARCHIVE);
      if (restart) temp.restarted();

      assertEquals(await temp.apply("a", null), { Size: 7 });
      assertEquals(filesIn(temp), ["a", "b", "c"]);
    }
  },
);

Deno.test(
  "Plugin refuses again when only its refusal was lost",
  ROOT,
  async () => {
    for (const restart of [false, true]) {
      await using temp = await withLayer();
      const first = await temp.apply("a", new Uint8Array(2048).fill(7));
      if (restart) temp.restarted();

      assertEquals(await temp.apply("a", null), first);
      assertEquals(await temp.apply("a", ARCHIVE), { Size: 7 });
      assertEquals(filesIn(temp), ["a", "b", "c"]);
    }
  },
);

Deno.test(
  "Plugin unpacks one archive after another into a layer",
  ROOT,
  async () => {
    await using temp = await withLayer();

    await temp.apply("a", ARCHIVE);
    await temp.apply("a", archive(file("d")));

    assertEquals(filesIn(temp), ["a", "b", "c", "d"]);
  },
);

Deno.test("Plugin takes an empty archive for a new layer", ROOT, async () => {
  await using temp = await withLayer();

  assertEquals(await temp.apply("a", null), { Size: 0 });
  assertEquals(await temp.apply("a", archive()), { Size: 0 });
});

Deno.test(
  "Plugin forgets transfers with their layers, and by a new Init",
  ROOT,
  async () => {
    await using temp = await withLayer();
    const remembered = () => namesIn(`${temp.memory}/transfers`);

    await temp.apply("a", brokenAfter(ARCHIVE.slice(0, 1024)));
    assertEquals(remembered(), ["a"]);
    await temp.call("Remove", { ID: "a" });
    await temp.call("Create", { ID: "a" });
    assertEquals(await temp.apply("a", ARCHIVE.slice(2048)), { Size: 1 });
    assertEquals(remembered(), ["a"]);
    await temp.call("Create", { ID: "b", Parent: "a" });
    assertEquals(remembered(), []);
    await temp.apply("b", brokenAfter(ARCHIVE.slice(0, 1024)));
    assertEquals(remembered(), ["b"]);
    await temp.init();
    assertEquals(remembered(), []);
  },
);

Deno.test(
  "Plugin takes what it cannot read in its memory for a transfer that broke",
  ROOT,
  async () => {
    await using temp = await withLayer();
    Deno.writeTextFileSync(`${temp.memory}/transfers/a`, '{"si');
    temp.restarted();

    assertRest(await temp.apply("a", ARCHIVE), "");
  },
);
