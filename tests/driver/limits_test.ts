/**
 * Archives that are larger than the caller allows.
 *
 * @module
 */

import type { ApplyOptions } from "../../mod.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  assertCode,
  assertRefused,
  streamOf,
  tempDriver,
} from "../fixtures.ts";
import { archive, file } from "../tar_builder.ts";
import { file as rawFile, join, pax } from "../tar/fixture.ts";
import { namesIn } from "../trees.ts";
import { prepareTop, WAYS } from "./apply_ways.ts";

const BYTES = archive(file("a", "x".repeat(2000)), file("b"), file("c"));

/** A small entry of a file that is 2^50 bytes long, nearly all of it a hole. */
const HOLE = join(
  pax(
    ["GNU.sparse.map", `0,1,${2 ** 50},0`],
    ["GNU.sparse.numblocks", "2"],
    ["GNU.sparse.size", `${2 ** 50}`],
  ),
  rawFile({ name: "hole" }, "x"),
);

for (const way of WAYS) {
  Deno.test(`Driver.applyDiff() takes an archive as large as it may be, and none larger, ${way.name}`, async () => {
    await using temp = await tempDriver();
    const { driver, home } = temp;
    await prepareTop(driver, way);
    const apply = (options: ApplyOptions) =>
      driver.applyDiff("top", way.parent, streamOf(BYTES, 700), options);
    const before = namesIn(`${home}/top/diff`);

    for (
      const options of [
        { maxBytes: BYTES.length - 1 },
        { maxBytes: 0 },
        { maxEntries: 2 },
        { maxEntries: 0, maxBytes: BYTES.length },
      ]
    ) {
      const error = await assertCode(() => apply(options), "EFBIG");
      assert(error.message.includes("it holds more than"), error.message);
      if (!way.filled) assertEquals(namesIn(`${home}/top/diff`), before);
      assertEquals(temp.temp.mounts, []);
    }
    await apply({ maxBytes: BYTES.length, maxEntries: 3 });

    assertEquals(namesIn(`${home}/top/diff`), ["a", "b", "c", ...before]);
  });
}

Deno.test("Driver.applyDiff() counts the holes of sparse files as bytes", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");
  const bytes = archive(file("a"), HOLE);
  const apply = (options: ApplyOptions) =>
    temp.driver.applyDiff("base", undefined, streamOf(bytes), options);

  await assertRefused(temp.home, () => apply({ maxBytes: 2 ** 50 }), "EFBIG");
  const size = await apply({ maxBytes: 2 ** 50 + bytes.length });

  assertEquals(size, 2 ** 50);
});

for (const way of WAYS) {
  Deno.test(`Driver.applyDiff() counts the directories that an archive implies, ${way.name}`, async () => {
    await using temp = await tempDriver();
    await prepareTop(temp.driver, way);
    const bytes = archive(file("a/b/c/x"), file("a/b/d/x"));
    const apply = (maxEntries: number) =>
      temp.driver.applyDiff("top", way.parent, streamOf(bytes), { maxEntries });

    await assertCode(() => apply(3), "EFBIG");
    // What is there already is not made again.
    if (!way.filled) await assertCode(() => apply(5), "EFBIG");
    await apply(6);
  });
}

Deno.test("Driver.applyDiff() cancels a stream that goes on for ever once it is too long", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");
  let given = 0;
  let reason: unknown;
  const start = archive(file("a", new Uint8Array(1_000_000))).slice(0, 512);
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(given === 0 ? start : new Uint8Array(65536));
      given++;
    },
    cancel: (error) => void (reason = error),
  });
  const task = () =>
    temp.driver.applyDiff("base", undefined, stream, { maxBytes: 300_000 });

  const error = await assertRefused(temp.home, task, "EFBIG");

  assertEquals(reason, error);
  assert(given < 10, `${given} chunks`);
});

Deno.test("Driver.applyDiff() refuses limits that are no whole numbers", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");
  for (const limit of [-1, 1.5, NaN, Infinity, 2 ** 53]) {
    for (const options of [{ maxBytes: limit }, { maxEntries: limit }]) {
      await assertRefused(
        temp.home,
        () => temp.driver.applyDiff("base", "", streamOf(BYTES), options),
        "EINVAL",
      );
    }
  }
});
