/**
 * Many calls at once: in one process, by two drivers, and by two processes.
 *
 * @module
 */

import { type Driver, init } from "../../mod.ts";
import { settled } from "../../src/driver/init.ts";
import { hasCode } from "../../src/linux/errno.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  assertCode,
  bytesOf,
  fill,
  inLayer,
  openDescriptors,
  streamOf,
  tempDriver,
  turn,
} from "../fixtures.ts";
import { archive, dir, file } from "../tar_builder.ts";
import { namesIn } from "../trees.ts";

/** How many of some calls went well; the others must have been refused with a code. */
async function succeeded(
  calls: Promise<unknown>[],
  ...codes: string[]
): Promise<number> {
  const results = await Promise.allSettled(calls);
  for (const result of results) {
    if (result.status === "fulfilled") continue;
    assert(hasCode(result.reason, ...codes), `${result.reason}`);
  }
  return results.filter(({ status }) => status === "fulfilled").length;
}

function times<T>(count: number, task: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => task(i));
}

/** Names directly in a home. */
function layersIn(home: string): string[] {
  return [...Deno.readDirSync(home)].map(({ name }) => name).sort();
}

/** Fails unless every layer's files fit together. */
async function assertConsistent(driver: Driver): Promise<void> {
  const { home } = driver;
  const layers = layersIn(home).filter((name) => name !== "l");
  const links = namesIn(`${home}/l`);
  assertEquals(links.length, layers.length, layers.join());
  for (const id of layers) {
    const short = Deno.readTextFileSync(`${home}/${id}/link`);
    assertEquals(Deno.readLinkSync(`${home}/l/${short}`), `../${id}/diff`);
    await driver.getMetadata(id);
    await inLayer(driver, id, (path) => namesIn(path));
  }
}

Deno.test("Driver makes one of many layers of one id, and removes it once", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("base");

  const made = await succeeded(
    times(20, (i) => driver.create("same", i % 2 ? "base" : undefined)),
    "EEXIST",
  );
  assertEquals(made, 1);
  await assertConsistent(driver);
  const removed = await succeeded(
    times(20, () => driver.remove("same")),
    "ENOENT",
  );

  assertEquals(removed, 1);
  assertEquals(layersIn(home), ["base", "l"]);
});

Deno.test("Driver makes, mounts and removes many layers at once", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await fill(driver, "base", undefined, (root) => {
    Deno.writeTextFileSync(`${root}/file`, "base");
  });
  const before = openDescriptors();

  await Promise.all(times(40, async (i) => {
    const id = `layer-${i}`;
    await driver.createReadWrite(id, "base");
    await inLayer(driver, id, async (root) => {
      Deno.writeTextFileSync(`${root}/own`, id);
      await turn();
      assertEquals(Deno.readTextFileSync(`${root}/own`), id);
      assertEquals(namesIn(root), ["file", "own"]);
    });
    assertEquals(await driver.changes(id), [{ path: "/own", kind: "A" }]);
    await driver.remove(id);
  }));
  await settled(driver);

  assertEquals(layersIn(home), ["base", "l"]);
  assertEquals(temp.temp.mounts, []);
  assertEquals(openDescriptors(), before);
});

Deno.test("Driver counts many uses of one mount at once", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await fill(driver, "base");
  await fill(driver, "top", "base");

  const mounts = await Promise.all(times(30, () => driver.get("top")));
  assertEquals(new Set(mounts.map(({ path }) => path)).size, 1);
  await Promise.all(times(29, () => driver.put("top")));
  assertEquals(temp.temp.mounts.length, 1);
  await driver.put("top");

  assertEquals(temp.temp.mounts, []);
});

Deno.test("Driver never removes a parent while a child is made of it", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  for (let round = 0; round < 30; round++) {
    await driver.create("parent");
    const [child, parent] = await Promise.allSettled([
      driver.create("child", "parent"),
      round % 2
        ? driver.remove("parent")
        : turn().then(() => driver.remove("parent")),
    ]);
    if (child.status === "fulfilled") {
      assert(parent.status === "rejected" && hasCode(parent.reason, "EBUSY"));
      await driver.remove("child");
      await driver.remove("parent");
    } else {
      assert(hasCode(child.reason, "ENOENT"), `${child.reason}`);
      assertEquals(parent.status, "fulfilled");
    }
  }
});

Deno.test("Driver never removes a layer while it is mounted", async () => {
  await using temp = await tempDriver();
  await using other = await init(temp.home);
  const { driver } = temp;
  await driver.create("base");
  for (let round = 0; round < 20; round++) {
    await driver.create("top", "base");
    const [got, removed] = await Promise.allSettled([
      driver.get("top"),
      (round % 2 ? driver : other).remove("top"),
    ]);
    if (got.status === "fulfilled") {
      assert(removed.status === "rejected" && hasCode(removed.reason, "EBUSY"));
      assertEquals(namesIn(got.value.path), []);
      await driver.put("top");
      await driver.remove("top");
    } else {
      assert(hasCode(got.reason, "ENOENT"), `${got.reason}`);
      assertEquals(removed.status, "fulfilled");
    }
    assertEquals(temp.temp.mounts, []);
  }
});

Deno.test("Driver applies archives to one layer one after the other", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await driver.create("base");

  await Promise.all(times(10, (i) =>
    driver.applyDiff(
      "base",
      "",
      streamOf(archive(dir("d"), file(`d/${i}`, "x".repeat(3000))), 700),
    )));

  assertEquals(namesIn(`${home}/base/diff`).length, 11);
  assertEquals(await driver.diffSize("base"), 30_000);
});

Deno.test("Driver makes a child of a layer that is being filled when it is full", async () => {
  await using temp = await tempDriver();
  await using other = await init(temp.home);
  const { driver } = temp;
  const bytes = archive(file("a", "x"), file("b", "y"));
  for (const maker of [driver, other]) {
    await driver.create("parent");
    const { readable, writable } = new TransformStream<Uint8Array>();
    const writer = writable.getWriter();
    const applying = driver.applyDiff("parent", "", readable);
    await writer.write(bytes.slice(0, 1024));
    let made = false;
    const making = maker.create("child", "parent").then(() => made = true);
    await turn(20);
    assertEquals(made, false);

    await writer.write(bytes.slice(1024));
    await writer.close();
    await applying;
    await making;

    await inLayer(driver, "child", (root) => {
      assertEquals(namesIn(root), ["a", "b"]);
    });
    await driver.remove("child");
    await driver.remove("parent");
  }
});

Deno.test("Driver.applyDiff() gives up while it waits for its turn", async () => {
  await using temp = await tempDriver();
  await using other = await init(temp.home);
  const { driver } = temp;
  await driver.create("base");
  const waiting = new AbortController();
  const first = driver.applyDiff(
    "base",
    "",
    new ReadableStream<Uint8Array>({}),
    { signal: waiting.signal },
  );
  first.catch(() => {});
  await turn(5);

  for (const second of [driver, other]) {
    const stream = streamOf(archive(file("x")));
    const signal = AbortSignal.timeout(20);
    await assertCode(
      () => second.applyDiff("base", "", stream, { signal }),
      "ECANCELED",
    );
  }

  waiting.abort();
  await assertCode(() => first, "ECANCELED");
  await driver.applyDiff("base", "", streamOf(archive(file("x"))));
  assertEquals(namesIn(`${temp.home}/base/diff`), ["x"]);
});

Deno.test("Two drivers on one home work at once", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await using other = await init(home);
  await driver.create("base");

  await Promise.all(times(30, async (i) => {
    const [mine, theirs] = i % 2 ? [driver, other] : [other, driver];
    await mine.create(`parent-${i}`, "base");
    await theirs.createReadWrite(`child-${i}`, `parent-${i}`);
    await assertCode(() => mine.remove(`parent-${i}`), "EBUSY");
    await mine.applyDiff(
      `child-${i}`,
      undefined,
      streamOf(archive(file("f", `${i}`))),
    );
    const bytes = await bytesOf(theirs.diff(`child-${i}`));
    assertEquals(bytes.length, 2048);
    await theirs.remove(`child-${i}`);
    await mine.remove(`parent-${i}`);
  }));
  await settled(driver);
  await settled(other);

  assertEquals(layersIn(home), ["base", "l"]);
  assertEquals(temp.temp.mounts, []);
});

/** Starts the other process of these tests on a home. */
function otherProcess(home: string, ...args: string[]): Deno.ChildProcess {
  const program = new URL("./other_process.ts", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", program, home, ...args],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test("Two processes on one home work at once", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await fill(driver, "base");
  const child = otherProcess(home, "work");
  const ended = child.output();
  let done = false;
  ended.finally(() => done = true);
  let rounds = 0;
  let collisions = 0;
  while (!done) {
    rounds++;
    const made = await succeeded(
      [driver.create("shared", "base"), driver.create(`own-${rounds}`, "base")],
      "EEXIST",
    );
    if (made < 2) collisions++;
    await succeeded(
      [
        driver.get("shared").then(() => turn(1)).then(() =>
          driver.put("shared")
        ),
        driver.changes("shared"),
        driver.applyDiff("shared", "base", streamOf(archive(file("f", "x")))),
      ],
      "ENOENT",
      "EBUSY",
      "EIO",
    );
    await succeeded([driver.remove("shared")], "ENOENT", "EBUSY");
    await driver.remove(`own-${rounds}`);
    await driver.cleanup();
  }
  const { success, stderr } = await ended;

  assertEquals(success, true, new TextDecoder().decode(stderr));
  assert(rounds > 3 && collisions >= 0, `${rounds} rounds`);
  await driver.cleanup();
  await succeeded([driver.remove("shared")], "ENOENT");
  assertEquals(layersIn(home), ["base", "l"]);
  assertEquals(namesIn(`${home}/l`).length, 1);
});

for (const id of ["base", "top"]) {
  const way = id === "base" ? "directly" : "through a mount";

  Deno.test(`A process that is killed while it fills a layer ${way} leaves it empty and usable`, async () => {
    await using temp = await tempDriver();
    const { driver, home } = temp;
    await driver.create("base");
    if (id === "top") await driver.create("top", "base");
    const before = namesIn(`${home}/${id}`).filter((n) => n !== "work/work/");
    const child = otherProcess(home, "apply", id, "");
    const reader = child.stdout.getReader();
    await reader.read();
    await turn(20);

    child.kill("SIGKILL");
    await child.status;
    reader.releaseLock();
    await child.stdout.cancel();
    await child.stderr.cancel();

    assertEquals(namesIn(`${home}/${id}/diff`), []);
    assertEquals(temp.temp.mounts, []);
    await driver.cleanup();
    assertEquals(
      namesIn(`${home}/${id}`).filter((n) => n !== "work/work/"),
      before,
    );
    await driver.applyDiff(id, "", streamOf(archive(file("f", "x"))));
    assertEquals(layersIn(home).includes(id), true);
  });
}

Deno.test("A process that is killed while it holds locks blocks nobody", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await fill(driver, "base");
  const child = otherProcess(home, "hold");
  const reader = child.stdout.getReader();
  await reader.read();
  let done = 0;
  const calls = [
    driver.create("top", "base"),
    driver.create("other"),
    driver.applyDiff("base", "", streamOf(archive(file("f", "x")))),
  ].map((call) => call.catch(() => {}).then(() => done++));
  await turn(30);
  assertEquals(done, 0);

  child.kill("SIGKILL");
  await child.status;
  await Promise.all(calls);
  reader.releaseLock();
  await child.stdout.cancel();
  await child.stderr.cancel();

  assertEquals(layersIn(home), ["base", "l", "other", "top"]);
});

const FILES = 6000;

/** An archive of many small files. */
function manyFiles(): Uint8Array {
  return archive(
    ...times(FILES / 100, (i) => dir(`d${i}`)),
    ...times(FILES, (i) => file(`d${i % (FILES / 100)}/${i}`, "content")),
  );
}

/** Longest time between two turns of the event loop while `task` runs, in milliseconds. */
async function longestGap(task: () => Promise<unknown>): Promise<number> {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  try {
    await task();
    longest = Math.max(longest, performance.now() - last);
  } finally {
    clearInterval(timer);
  }
  return longest;
}

Deno.test("Driver gives the event loop a turn in all long work", async () => {
  const bytes = manyFiles();
  const shortest: Record<string, number> = {};
  // A busy machine may stop the whole process; a fault of ours shows each time.
  for (let attempt = 0; attempt < 3; attempt++) {
    await using temp = await tempDriver();
    const { driver } = temp;
    await driver.create("base");
    await driver.create("old", "base");
    await driver.create("top", "old");
    const jobs: Record<string, () => Promise<unknown>> = {
      "apply": () => driver.applyDiff("top", "old", streamOf(bytes)),
      "changes": () => driver.changes("top"),
      "changes against another": () => driver.changes("top", "base"),
      "size": () => driver.diffSize("top"),
      "diff": () => bytesOf(driver.diff("top")),
      "diff against another": () => bytesOf(driver.diff("top", "base")),
      "apply again": () => driver.applyDiff("top", "old", streamOf(bytes)),
      "apply through a mount": () =>
        driver.applyDiff("top", "", streamOf(bytes)),
      "whiteout of much, through a mount": () =>
        driver.applyDiff(
          "top",
          "",
          streamOf(archive(...times(FILES / 100, (i) => file(`.wh.d${i}`)))),
        ),
      "fill again": () => driver.applyDiff("top", "old", streamOf(bytes)),
      "remove": () => driver.remove("top"),
    };
    for (const [name, job] of Object.entries(jobs)) {
      const gap = await longestGap(job);
      shortest[name] = Math.min(shortest[name] ?? Infinity, gap);
    }
  }

  const slow = Object.entries(shortest).filter(([, gap]) => gap > 50);
  assertEquals(slow, []);
});
