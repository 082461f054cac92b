/**
 * Archives that make layers.
 *
 * @module
 */

import { S_IFSOCK } from "../../src/linux/constants.ts";
import { Dir } from "../../src/linux/dir.ts";
import { getXattrAt } from "../../src/linux/xattr.ts";
import type { ApplyProgress, Driver } from "../../mod.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  assertCode,
  assertRefused,
  bytesOf,
  fill,
  inLayer,
  inLayers,
  streamOf,
  tempDriver,
  turn,
} from "../fixtures.ts";
import { archive, dir, file, link, symlink } from "../tar_builder.ts";
import {
  assertSameTree,
  changeLines,
  describeTree,
  namesIn,
} from "../trees.ts";
import { applyTop, prepareTop, WAYS } from "./apply_ways.ts";

const COUNT = 10;

async function withManyFiles(driver: Driver): Promise<void> {
  await fill(driver, "base", undefined, (root) => {
    for (let i = 0; i < COUNT; i++) {
      Deno.writeTextFileSync(`${root}/file-${i}`, `base ${i}`);
    }
    Deno.writeTextFileSync(`${root}/doomed`, "base");
    Deno.mkdirSync(`${root}/tree/inner`, { recursive: true });
    Deno.writeTextFileSync(`${root}/tree/inner/file`, "base");
  });
  await fill(driver, "upper", "base", (root) => {
    for (let i = 0; i < COUNT; i++) {
      Deno.writeTextFileSync(`${root}/file-${i}`, `changed ${i}`);
    }
    Deno.removeSync(`${root}/doomed`);
    Deno.removeSync(`${root}/tree`, { recursive: true });
  });
}

Deno.test("Driver.applyDiff() of a child's diff makes its sibling the same", async () => {
  await using temp = await tempDriver({ onDisk: true });
  const { driver } = temp;
  await withManyFiles(driver);
  await driver.create("sibling", "base");
  const expected = await driver.diffSize("upper", "");

  const size = await driver.applyDiff("sibling", "base", driver.diff("upper"));

  assertEquals(size, expected);
  await inLayers(driver, "upper", "sibling", (one, other) => {
    assertSameTree(other, one);
    assertEquals(namesIn(other).length, COUNT);
    assertEquals(Deno.readTextFileSync(`${other}/file-7`), "changed 7");
  });
});

Deno.test("Driver.changes() lists what a child updates, adds and removes", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await fill(driver, "base", undefined, (root) => {
    Deno.mkdirSync(`${root}/dir`);
    for (const name of ["kept", "updated", "removed"]) {
      Deno.writeTextFileSync(`${root}/dir/${name}`, "base");
    }
  });
  await fill(driver, "child", "base", (root) => {
    Deno.writeTextFileSync(`${root}/dir/updated`, "child");
    Deno.removeSync(`${root}/dir/removed`);
    Deno.writeTextFileSync(`${root}/dir/added`, "child");
  });

  assertEquals(changeLines(await driver.changes("child")), [
    "C /dir",
    "A /dir/added",
    "D /dir/removed",
    "C /dir/updated",
  ]);
});

Deno.test("Driver.changes() sorts by bytes", async () => {
  await using temp = await tempDriver();
  await fill(temp.driver, "base", undefined, (root) => {
    Deno.mkdirSync(`${root}/a`);
    for (const name of ["a/x", "a-b", "é", "ｅ", "𝒆", "B"]) {
      Deno.writeTextFileSync(`${root}/${name}`, "");
    }
  });

  assertEquals(changeLines(await temp.driver.changes("base")), [
    "A /B",
    "A /a",
    "A /a-b",
    "A /a/x",
    "A /é",
    "A /ｅ",
    "A /𝒆",
  ]);
});

Deno.test("Driver.applyDiff() tells what lies on disk, or in a mounted tree the sum of all headers", async () => {
  const bytes = archive(
    file("a", "12345"),
    file("a", "123"),
    symlink("s", "1234567"),
    link("l", "a"),
    file(".wh.gone"),
  );
  for (const way of WAYS) {
    await using temp = await tempDriver();
    await prepareTop(temp.driver, way);

    const size = await applyTop(temp.driver, way, bytes);

    const own = way.filled ? "earlier".length : 0;
    assertEquals(size, way.mounted ? 8 : 10 + own, way.name);
  }
});

Deno.test("Driver.applyDiff() leaves the root of the layer as it is", async () => {
  for (const way of WAYS) {
    await using temp = await tempDriver();
    await prepareTop(temp.driver, way);
    const diff = `${temp.home}/top/diff`;
    const looks = () => {
      const { mode, uid, gid } = Deno.statSync(diff);
      return [mode, uid, gid];
    };
    Deno.chmodSync(diff, 0o1750);
    Deno.chownSync(diff, 5, 6);
    const before = looks();

    await applyTop(
      temp.driver,
      way,
      archive(dir(".", { mode: 0o700, uid: 7, gid: 8 }), file("./f")),
    );

    assertEquals(looks(), before, way.name);
    assertEquals(namesIn(diff).includes("f"), true);
  }
});

Deno.test("Driver.applyDiff() makes implied directories 0755 and root's, and keeps those of a mounted tree", async () => {
  for (const way of WAYS) {
    await using temp = await tempDriver();
    await prepareTop(temp.driver, way, (root) => {
      Deno.mkdirSync(`${root}/d`);
      Deno.chmodSync(`${root}/d`, 0o700);
      Deno.chownSync(`${root}/d`, 5, 6);
    });

    await applyTop(temp.driver, way, archive(file("d/e/f", "x")));

    const looks = (path: string) => {
      const status = Deno.statSync(`${temp.home}/top/diff/${path}`);
      return [status.mode! & 0o7777, status.uid, status.gid];
    };
    assertEquals(looks("d"), way.mounted ? [0o700, 5, 6] : [0o755, 0, 0]);
    assertEquals(looks("d/e"), [0o755, 0, 0]);
  }
});

Deno.test("Driver.applyDiff() links to a lower layer's file only in a mounted tree", async () => {
  for (const way of WAYS) {
    await using temp = await tempDriver();
    await prepareTop(temp.driver, way, (root) => {
      Deno.writeTextFileSync(`${root}/lower`, "lower");
    });
    const task = () =>
      applyTop(temp.driver, way, archive(link("new", "lower")));

    if (!way.mounted) {
      await assertCode(task, "EBADMSG", way.name);
      continue;
    }
    await task();
    await inLayer(temp.driver, "top", (root) => {
      assertEquals(Deno.readTextFileSync(`${root}/new`), "lower");
    });
  }
});

Deno.test("Driver.applyDiff() stores owners as the id map says, and the mapped root's as they are", async () => {
  const map = [
    { containerId: 0, hostId: 100_000, size: 1000 },
    { containerId: 1000, hostId: 500_000, size: 10 },
  ];
  await using temp = await tempDriver({ uidMap: map, gidMap: map });
  await temp.driver.create("base");
  const bytes = archive(
    file("root"),
    file("user", "", { uid: 5, gid: 1003 }),
    file("mapped", "", { uid: 100_000, gid: 100_000 }),
    file("implied/file"),
  );

  await temp.driver.applyDiff("base", "", streamOf(bytes));

  const owner = (path: string) => {
    const { uid, gid } = Deno.statSync(`${temp.home}/base/diff/${path}`);
    return [uid, gid];
  };
  assertEquals(owner("root"), [100_000, 100_000]);
  assertEquals(owner("user"), [100_005, 500_003]);
  assertEquals(owner("mapped"), [100_000, 100_000]);
  assertEquals(owner("implied"), [100_000, 100_000]);
});

Deno.test("Driver carries a capability through diff and apply, without its namespace", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  const head = [1, 0, 0, 0, 4, 0, 0, 0, ...new Array(12).fill(0)];
  const stored = new Uint8Array([...head, 0xa0, 0x86, 1, 0]);
  stored[3] = 3;
  const name = "security.capability";
  await fill(driver, "base");
  await driver.create("top", "base");
  const xattrs = new Map([[name, stored]]);
  const bytes = archive({ ...file("ping", "x"), xattrs }, file("plain"));
  await driver.applyDiff("top", "base", streamOf(bytes));
  await driver.create("copy", "base");

  await driver.applyDiff("copy", "base", driver.diff("top"));

  head[3] = 2;
  using copy = Dir.open(`${home}/copy/diff`);
  assertEquals(getXattrAt(copy, "ping", name), new Uint8Array(head));
  assertEquals(getXattrAt(copy, "plain", name), undefined);
});

Deno.test("Driver.applyDiff() into the same layer again adds to it", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("base");
  await driver.applyDiff("base", "", streamOf(archive(file("a", "one"))));

  const size = await driver.applyDiff(
    "base",
    "",
    streamOf(archive(file("b", "two"), file("a", "three"))),
  );

  assertEquals(size, 8);
  assertEquals(namesIn(`${home}/base/diff`), ["a", "b"]);
  assertEquals(Deno.readTextFileSync(`${home}/base/diff/a`), "three");
});

Deno.test("Driver.applyDiff() takes an archive in chunks of any size", async () => {
  const bytes = archive(dir("d"), file("d/f", "x".repeat(2000)), file("g"));
  let expected: string[] | undefined;
  for (const size of [1, 7, 511, 512, 513, 100_000]) {
    await using temp = await tempDriver();
    await temp.driver.create("base");

    await temp.driver.applyDiff("base", undefined, streamOf(bytes, size));

    const tree = describeTree(`${temp.home}/base/diff`);
    expected ??= tree;
    assertEquals(tree, expected, `${size}`);
  }
});

Deno.test("Driver.applyDiff() tells of its progress, up to the last byte", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");
  const bytes = archive(
    ...Array.from({ length: 3000 }, (_, i) => file(`${i}`)),
  );
  const told: ApplyProgress[] = [];

  await temp.driver.applyDiff("base", undefined, streamOf(bytes), {
    onProgress: (progress) => void told.push(progress),
  });

  assertEquals(told.at(-1), { bytes: bytes.length, entries: 3000 });
  for (const [i, { bytes, entries }] of told.entries()) {
    assert(i === 0 || bytes >= told[i - 1]!.bytes);
    assert(i === 0 || entries >= told[i - 1]!.entries);
  }
});

Deno.test("Driver.applyDiff() reads its stream to the end", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");
  let pulled = 0;
  const trailing = [archive(file("a")), new Uint8Array(512), new Uint8Array(9)];
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = trailing[pulled++];
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  }, { highWaterMark: 0 });

  await temp.driver.applyDiff("base", undefined, stream);

  assertEquals(pulled, 4);
  await turn();
  assertEquals(stream.locked, false);
});

/** An archive that goes on for ever, one file after the other. */
function endless(onCancel: (reason: unknown) => void): {
  stream: ReadableStream<Uint8Array>;
  pulls: () => number;
} {
  let pulls = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const bytes = archive(file(`file-${pulls++}`, "x".repeat(1000)));
      controller.enqueue(bytes.subarray(0, bytes.length - 1024));
    },
    cancel: onCancel,
  });
  return { stream, pulls: () => pulls };
}

Deno.test("Driver.applyDiff() that is aborted takes everything back and cancels its stream", async () => {
  for (const way of WAYS.filter(({ filled }) => !filled)) {
    await using temp = await tempDriver();
    await prepareTop(temp.driver, way);
    const controller = new AbortController();
    let cancelled = false;
    const { stream, pulls } = endless(() => cancelled = true);
    setTimeout(() => controller.abort(new Error("enough")), 30);

    const error = await assertCode(
      () =>
        temp.driver.applyDiff("top", way.parent, stream, {
          signal: controller.signal,
        }),
      "ECANCELED",
    );

    assertEquals((error.cause as Error).message, "enough");
    await turn();
    assertEquals(cancelled, true);
    assert(pulls() > 3);
    assertEquals(namesIn(`${temp.home}/top/diff`), [], way.name);
    assertEquals(temp.temp.mounts, []);
  }
});

Deno.test("Driver.applyDiff() gives up while it waits for a chunk", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");
  const stream = new ReadableStream<Uint8Array>({});
  const signal = AbortSignal.timeout(20);
  const task = () =>
    temp.driver.applyDiff("base", undefined, stream, { signal });

  await assertRefused(temp.home, task, "ECANCELED");
});

Deno.test("Driver.applyDiff() does nothing if it is aborted before it begins", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");
  const signal = AbortSignal.abort();
  const stream = streamOf(archive(file("a")));
  const task = () =>
    temp.driver.applyDiff("base", undefined, stream, { signal });

  await assertRefused(temp.home, task, "ECANCELED");
});

Deno.test("Driver reports sockets and owners alike in every way of reading", async () => {
  await using temp = await tempDriver();
  await fill(temp.driver, "base", undefined, (root) => {
    using here = Dir.open(root);
    here.mknod("socket", S_IFSOCK | 0o600, 0n);
  });

  await bytesOf(temp.driver.diff("base"));

  assertEquals(temp.warnings.length, 1);
  assertEquals(await temp.driver.diffSize("base"), 0);
});
