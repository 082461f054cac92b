/**
 * Large content that the kernel copies out of an archive that is a file.
 *
 * @module
 */

import type { Driver } from "../../mod.ts";
import { applyFrom } from "../../src/driver/init.ts";
import { fileSource, type Source } from "../../src/driver/source.ts";
import { encodeName } from "../../src/text.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  assertRefused,
  bytesOf,
  openDescriptors,
  streamOf,
  tempDriver,
} from "../fixtures.ts";
import { archive, dir, file, link, type Member } from "../tar_builder.ts";
import { describeTree } from "../trees.ts";
import { applyAsFile } from "./apply_ways.ts";

/** Bytes that tell their place. */
function content(length: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 7 + (i >> 9) + seed) & 0xff;
  return bytes;
}

const MIB = 1 << 20;
const CAPABILITY = Uint8Array.from([
  ...[1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0],
  ...[0, 0, 0, 0, 0, 0, 0, 0],
]);

function at(seconds: number): Partial<Member> {
  return { mtime: { seconds, nanoseconds: 0 } };
}

/** Archives whose large files meet something that could go wrong. */
const ARCHIVES: Readonly<Record<string, Uint8Array>> = {
  "sizes around each border": archive(
    ...[0, 1, 511, 512, 513].flatMap((more) => [
      file(`half${more}`, content(MIB / 2 + more - 256, more)),
      file(`chunk${more}`, content(MIB / 4 + more, more)),
      file(`more${more}`, content(MIB + more * 1000, more)),
    ]),
  ),
  "owners, modes, attributes and times": archive(
    dir("d", at(77)),
    file("d/suid", content(MIB), { mode: 0o4755, uid: 5, gid: 6, ...at(1) }),
    file("d/capable", content(2 * MIB, 1), {
      xattrs: new Map([["security.capability", CAPABILITY]]),
      ...at(2),
    }),
    file("d/readonly", content(MIB, 2), { mode: 0o400, ...at(3) }),
  ),
  "links to files on their way": archive(
    file("a", content(8 * MIB), { mode: 0o600, ...at(1) }),
    link("b", "a", { mode: 0o640, uid: 7, gid: 8, ...at(2) }),
    file("c", content(4 * MIB, 1), at(3)),
    link("d", "c", { mode: 0o444, ...at(4) }),
    link("e", "d", { mode: 0o4711, ...at(5) }),
  ),
  "names that come twice": archive(
    file("a", content(8 * MIB)),
    file("a", "short"),
    file("b", "short"),
    file("b", content(4 * MIB, 1)),
    file("c", content(4 * MIB, 2)),
    dir("c"),
    file("c/d", content(MIB, 3)),
    file("c/.wh.d"),
  ),
  "content that is nobody's": archive(
    dir("d", at(1)),
    file("d/.wh..wh..opq", content(2 * MIB, 1)),
    file("after", content(MIB, 2)),
  ),
};

async function digest(bytes: Uint8Array): Promise<string> {
  const copy = new Uint8Array(bytes);
  const hash = await crypto.subtle.digest("SHA-256", copy);
  return new Uint8Array(hash).toHex();
}

async function layerOf(
  driver: Driver,
  home: string,
  id: string,
): Promise<[string[], Uint8Array]> {
  return [
    describeTree(`${home}/${id}/diff`),
    await bytesOf(driver.diff(id)),
  ];
}

for (const [name, bytes] of Object.entries(ARCHIVES)) {
  Deno.test(`A file and a stream of it make the same layer: ${name}`, async () => {
    await using temp = await tempDriver();
    const { driver, home } = temp;
    await driver.create("stream");
    await driver.create("file");
    const before = openDescriptors();

    const sizes = [
      await driver.applyDiff("stream", "", streamOf(bytes)),
      await applyAsFile(driver, "file", "", bytes),
    ];

    assertEquals(sizes[1], sizes[0]);
    assertEquals(openDescriptors(), before);
    const [streamed, copied] = [
      await layerOf(driver, home, "stream"),
      await layerOf(driver, home, "file"),
    ];
    assertEquals(copied[0], streamed[0]);
    assertEquals(await digest(copied[1]), await digest(streamed[1]));
  });
}

const FOUR = archive(
  ...[0, 1, 2, 3].map((i) => file(`f${i}`, content(3 * MIB, i))),
);

Deno.test("A file that is cut in large content is refused", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("a");
  const before = openDescriptors();

  for (const length of [5 * MIB, 6 * MIB + 1536, 11 * MIB]) {
    const cut = FOUR.subarray(0, length);
    const apply = () => applyAsFile(driver, "a", "", cut);
    await assertRefused(home, apply, "EBADMSG", `${length}`);
  }

  assertEquals(openDescriptors(), before);
});

/** Applies {@linkcode FOUR} from a file, with a hand on its source. */
async function applyFour(
  driver: Driver,
  change: (source: Source, path: string) => Partial<Source>,
): Promise<number> {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, FOUR);
  const source = fileSource(path, "the archive");
  try {
    return await applyFrom(driver, "a", "", {
      ...source,
      ...change(source, path),
    });
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("A file that becomes shorter meanwhile is refused", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("a");
  const before = openDescriptors();

  const error = await assertRefused(
    home,
    () =>
      applyFour(driver, (source, path) => ({
        pass(length) {
          const place = source.pass!(length);
          Deno.truncateSync(path, place!.offset + 1000);
          return place;
        },
      })),
    "EBADMSG",
  );

  assertEquals(
    error.message,
    "Cannot read the archive: it became shorter while f0 was copied",
  );
  assertEquals(openDescriptors(), before);
});

Deno.test("Giving up ends copies that are under way", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("a");
  const before = openDescriptors();
  const controller = new AbortController();
  const bytes = archive(
    file("large", content(1)),
    file("f", content(40 * MIB)),
  );

  await assertRefused(
    home,
    () =>
      applyAsFile(driver, "a", "", bytes, {
        signal: controller.signal,
        onProgress({ bytes }) {
          if (bytes > 0) controller.abort();
        },
      }),
    "ECANCELED",
  );

  assertEquals(openDescriptors(), before);
});

Deno.test("A full disk ends copies and leaves the layer empty", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("a");
  const before = openDescriptors();
  const words = ["-o", "remount,size=8m", temp.temp.path];
  const resized = await new Deno.Command("mount", { args: words }).output();
  assert(resized.success);

  const apply = () => applyAsFile(driver, "a", "", FOUR);
  const error = await assertRefused(home, apply, "ENOSPC");

  assert(/f\d/.test(error.message), error.message);
  assertEquals(openDescriptors(), before);
});

Deno.test("What is copied counts as bytes of the archive", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("a");
  const apply = (maxBytes: number) =>
    applyAsFile(driver, "a", "", FOUR, { maxBytes });

  await assertRefused(home, () => apply(FOUR.length - 1), "EFBIG");
  assertEquals(await apply(FOUR.length), 12 * MIB);
});

Deno.test("Progress tells what has been copied, and all of it at the end", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await driver.create("a");
  const told: number[] = [];
  const bytes = archive(
    file("f", content(100 * MIB)),
    file("name", encodeName("x")),
  );

  await applyAsFile(driver, "a", "", bytes, {
    onProgress: ({ bytes }) => void told.push(bytes),
  });

  assertEquals(told.toSorted((a, b) => a - b), told);
  assert(told.some((count) => count > MIB && count < 99 * MIB), `${told}`);
  assertEquals(told.at(-1), bytes.length);
});
