/**
 * Archives that must not be applied.
 *
 * @module
 */

import { encodeName } from "../../src/text.ts";
import { DriverError } from "../../mod.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  assertCode,
  assertRefused,
  inLayer,
  streamOf,
  tempDriver,
  turn,
} from "../fixtures.ts";
import { archive, dir, file, link, member, node } from "../tar_builder.ts";
import {
  END,
  file as rawFile,
  header,
  join,
  pax,
  sign,
} from "../tar/fixture.ts";
import { describeTree, namesIn } from "../trees.ts";
import { applyTop, prepareTop, WAYS } from "./apply_ways.ts";

const LARGE = new Uint8Array(700_000).fill(0x61);

/** An entry whose attribute speaks to overlayfs. */
function withXattr(name: string, type = "0"): Uint8Array {
  const entry = type === "5" ? dir("d") : file("f", "x");
  const xattrs = new Map([[name, encodeName("y")]]);
  return archive(file("before"), { ...entry, xattrs });
}

const GOOD = archive(file("a", "content"), dir("d"), file("d/b", LARGE));

function flipped(at: number): Uint8Array {
  const bytes = GOOD.slice();
  bytes[at]! ^= 0xff;
  return bytes;
}

/** Archives by what is wrong with them. */
const BAD: Readonly<Record<string, Uint8Array>> = {
  "a whiteout without a name": archive(file("q/new"), file("q/.wh.")),
  "a whiteout of its directory": archive(file("q/new"), file("q/.wh..")),
  "a whiteout of the directory above": archive(
    file("q/r/new"),
    file("q/r/.wh..."),
  ),
  "a whiteout without a name at the root": archive(file("new"), file(".wh.")),
  "a whiteout of the root": archive(file("new"), file(".wh..")),
  "a whiteout of what is above the root": archive(file("new"), file(".wh...")),
  "trusted.overlay.opaque on a directory": withXattr(
    "trusted.overlay.opaque",
    "5",
  ),
  "trusted.overlay.redirect on a directory": withXattr(
    "trusted.overlay.redirect",
    "5",
  ),
  "trusted.overlay.metacopy on a file": withXattr("trusted.overlay.metacopy"),
  "user.overlay.opaque on a directory": withXattr("user.overlay.opaque", "5"),
  "user.overlay.whiteout on a file": withXattr("user.overlay.whiteout"),
  "an archive cut in a header": GOOD.slice(0, 1300),
  "an archive cut in a body": GOOD.slice(0, 400_000),
  "an archive cut in a short body": GOOD.slice(0, 514),
  "an archive cut after a PAX header": archive(file("a"), pax(["path", "b"]))
    .slice(0, -1024),
  "a wrong checksum": flipped(1030),
  "rubbish instead of a header": join(
    member(file("a")),
    new Uint8Array(1024).fill(0x20),
  ),
  "rubbish from the start": encodeName("rubbish ".repeat(200)),
  "gzip instead of tar": join(
    new Uint8Array([0x1f, 0x8b, 8]),
    new Uint8Array(2000),
  ),
  "a size that is no number": join(
    rawFile({ name: "a" }),
    header({ name: "b", size: "99999999999\0" }),
    END,
  ),
  "a body shorter than its size": join(header({ name: "a", size: 5000 }), END),
  "a name with NUL in its PAX record": join(
    pax(["path", "a\0b"]),
    rawFile({ name: "x" }),
    END,
  ),
  "rubbish after the end": join(GOOD, encodeName("rubbish")),
  "a second archive after the end": join(GOOD, GOOD),
  "a hard link to nothing": archive(file("a"), link("b", "missing")),
  "a hard link to a directory": archive(dir("d"), link("b", "d")),
  "a hard link to itself": archive(file("a"), link("a", "a")),
  "an unknown type": join(
    member(file("a")),
    header({ name: "b", type: "Z" }),
    END,
  ),
  "a contiguous file": join(
    member(file("a")),
    header({ name: "b", type: "7" }),
    END,
  ),
  "a file as the root": join(
    member(file("a")),
    header({ name: "./", type: "2", linkname: "/etc" }),
    END,
  ),
  "a file as a parent": archive(file("a"), file("a/b")),
  "links that lead in a circle": archive(
    { name: "x", type: "2", linkname: "y" },
    { name: "y", type: "2", linkname: "x" },
    file("x/file"),
  ),
};

for (const way of WAYS) {
  for (const [fault, bytes] of Object.entries(BAD)) {
    Deno.test(`Driver.applyDiff() refuses ${fault} ${way.name}`, async () => {
      await using temp = await tempDriver();
      const { driver, home } = temp;
      await prepareTop(driver, way, (root) => {
        Deno.mkdirSync(`${root}/q/r`, { recursive: true });
        Deno.writeTextFileSync(`${root}/q/r/lower`, "lower");
      });
      const task = () => applyTop(driver, way, bytes);

      if (way.mounted || way.filled) {
        const others = ["base", "other", "l"].map((name) => `${home}/${name}`);
        const before = others.map((path) => describeTree(path));
        const error = await assertCode(task, "EBADMSG");
        assert(error instanceof DriverError);
        assertEquals(others.map((path) => describeTree(path)), before);
      } else {
        await assertRefused(home, task, "EBADMSG");
      }
      if (!way.filled) assertEquals(namesIn(`${home}/top/diff`), []);
      assertEquals(temp.temp.mounts, []);
      await inLayer(driver, "top", (root) => {
        assertEquals(Deno.readTextFileSync(`${root}/q/r/lower`), "lower");
      });
    });
  }
}

Deno.test("Driver.applyDiff() refuses what has no end in a base layer", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");
  for (const cut of [1, 100, 511, 513, 700, 1700, 600_000]) {
    const task = () =>
      temp.driver.applyDiff("base", "", streamOf(GOOD.slice(0, cut)));

    await assertRefused(temp.home, task, "EBADMSG", `${cut}`);
  }
});

Deno.test("Driver.applyDiff() takes an archive that ends without its last blocks", async () => {
  await using temp = await tempDriver();
  for (const [id, cut] of [["a", 1024], ["b", 512]] as const) {
    await temp.driver.create(id);
    const bytes = GOOD.slice(0, GOOD.length - cut);

    await temp.driver.applyDiff(id, undefined, streamOf(bytes));

    assertEquals(namesIn(`${temp.home}/${id}/diff`), ["a", "d/", "d/b"]);
  }
});

Deno.test("Driver.applyDiff() tells the cause of a malformed archive", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");
  const task = () =>
    temp.driver.applyDiff("base", "", streamOf(GOOD.slice(0, 1300)));

  const error = await assertRefused(temp.home, task, "EBADMSG");

  assert(error.cause instanceof Error, `${error.cause}`);
  assertEquals(error.message.startsWith("Cannot "), true, error.message);
});

Deno.test("Driver.applyDiff() takes zeros that come slowly for an empty layer", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");
  let chunks = 0;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await turn(1);
      if (chunks++ < 20) controller.enqueue(new Uint8Array(1024));
      else controller.close();
    },
  });

  assertEquals(await temp.driver.applyDiff("base", "", stream), 0);
  assertEquals(namesIn(`${temp.home}/base/diff`), []);
});

Deno.test("Driver.applyDiff() takes an empty stream for an empty layer", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");

  assertEquals(
    await temp.driver.applyDiff("base", undefined, streamOf(new Uint8Array())),
    0,
  );
  assertEquals(namesIn(`${temp.home}/base/diff`), []);
});

Deno.test("Driver.applyDiff() passes on the failure of its stream and empties the layer", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");
  const failure = new Error("network");
  let chunks = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (chunks++ < 4) controller.enqueue(GOOD.slice(0, 100_000));
      else controller.error(failure);
    },
  });
  const before = describeTree(temp.home, { dirTimes: false });

  const error = await temp.driver.applyDiff("base", undefined, stream)
    .then(() => undefined, (error) => error);

  assertEquals(error, failure);
  assertEquals(describeTree(temp.home, { dirTimes: false }), before);
  await turn();
  assertEquals(stream.locked, false);
});

Deno.test("Driver.applyDiff() refuses owners outside the id map", async () => {
  const map = [{ containerId: 0, hostId: 100000, size: 1000 }];
  await using temp = await tempDriver({ uidMap: map, gidMap: map });
  await temp.driver.create("base");
  for (const owner of [{ uid: 1000 }, { gid: 5000 }]) {
    const bytes = archive(file("good"), file("bad", "x", owner));
    const task = () =>
      temp.driver.applyDiff("base", undefined, streamOf(bytes));

    await assertRefused(temp.home, task, "EBADMSG");
  }
});

Deno.test("Driver.applyDiff() refuses device numbers that do not fit", async () => {
  for (const [type, field] of [["3", 329], ["4", 337]] as const) {
    await using temp = await tempDriver();
    await temp.driver.create("base");
    const large = new Uint8Array([0x80, 0, 0, 1, 0, 0, 0, 0]);
    const block = sign(
      header({ name: "device", type, at: { [field]: large } }),
    );
    const task = () =>
      temp.driver.applyDiff("base", undefined, streamOf(join(block, END)));

    await assertRefused(temp.home, task, "EBADMSG");
  }
});

Deno.test("Driver.applyDiff() closes what it unpacked for a refused device", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");
  const bytes = archive(
    node("good", "3", 1, 3),
    file("file", LARGE),
    link("bad", "../outside"),
  );
  const task = () => temp.driver.applyDiff("base", undefined, streamOf(bytes));

  await assertRefused(temp.home, task, "EBADMSG");
});
