/**
 * What is forced to the disk and when, what volatile mounts leave, and what an
 * apply records.
 *
 * @module
 */

import { type Driver, init } from "../../mod.ts";
import { parseManifest } from "../../src/tree/manifest.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { execute, type Home, rootTest } from "../cli/program.ts";
import {
  assertCode,
  fill,
  inLayer,
  streamOf,
  tempDriver,
} from "../fixtures.ts";
import { archive, dir, file } from "../tar_builder.ts";
import { namesIn } from "../trees.ts";

const CALLS = "syncfs,fsync,renameat,renameat2,unlinkat";

/** The calls of a command that order what reaches the disk, in its words for things. */
async function trace(
  home: Home,
  sync: string,
  args: string[],
  stdin?: Uint8Array,
): Promise<string[]> {
  const log = `${home.room}/trace`;
  const words = home.words("--storage-opt", `overlay2.sync=${sync}`, ...args);
  const { status, stderr } = await execute([
    ...["strace", "-f", "-qq", "-y", "-z", "-o", log, "-e", `trace=${CALLS}`],
    ...words,
  ], { stdin });
  assertEquals([status, stderr], [0, ""]);
  return Deno.readTextFileSync(log).split("\n")
    .filter((line) => line.includes(home.path) && !line.includes(".tmp-probe"))
    .map((line) => shorten(line, home.path));
}

/** `renameat(HOME/base, .tmp-diff, HOME/base, diff)` and the like. */
function shorten(line: string, home: string): string {
  const [, call, args] = /(\w+)\((.*)\)\s+= /.exec(line) ?? [];
  return `${call === "renameat2" ? "renameat" : call}(${
    args!.replaceAll(home, "HOME")
      .replace(/, (RENAME_\w+|0)$/, "")
      .replace(/\d+<([^>]*)>/g, "$1")
      .replaceAll('"', "")
      .replace(
        /\.tmp-(layer|diff|manifest|exact|committed)[-0-9a-f]+/g,
        ".tmp-$1",
      )
      .replace(/\b[A-Z2-7]{26}\b/g, "SHORT")
  })`;
}

const ARCHIVE = archive(dir("d"), file("d/f", "content"));

rootTest(
  "apply-diff syncs the file system once, before its files show",
  async (home) => {
    await home.ok(["create", "base"]);

    const calls = await trace(home, "layer", ["apply-diff", "base"], ARCHIVE);

    assertEquals(calls, [
      "syncfs(HOME/base)",
      "renameat(HOME/base, .tmp-diff, HOME/base, diff)",
      "fsync(HOME/base)",
    ]);
  },
  "strace",
);

rootTest(
  "apply-diff with a manifest syncs it before its files show",
  async (home) => {
    await home.ok(["create", "base"]);

    const calls = await trace(home, "layer", [
      ...["--storage-opt", "overlay2.manifest=true", "apply-diff", "base"],
    ], ARCHIVE);

    assertEquals(calls, [
      "fsync(HOME/base/.tmp-manifest)",
      "syncfs(HOME/base)",
      "renameat(HOME/base, .tmp-diff, HOME/base, diff)",
      "renameat(HOME/base, .tmp-manifest, HOME/base, manifest)",
      "fsync(HOME/base)",
    ]);
  },
  "strace",
);

rootTest(
  "apply-diff that keeps the archive syncs it before its files show",
  async (home) => {
    await home.ok(["create", "base"]);

    const calls = await trace(home, "layer", [
      ...["--storage-opt", "overlay2.exact=true", "apply-diff", "base"],
    ], ARCHIVE);

    assertEquals(calls, [
      "syncfs(HOME/base)",
      "renameat(HOME/base, .tmp-diff, HOME/base, diff)",
      "renameat(HOME/base, .tmp-exact, HOME/base, exact)",
      "fsync(HOME/base)",
    ]);
    const dropped = await trace(home, "layer", ["get", "base"]);
    assertEquals(dropped, [
      "unlinkat(HOME/base, exact)",
      "fsync(HOME/base)",
    ]);
  },
  "strace",
);

rootTest(
  "apply-diff syncs nothing if nothing shall be synced",
  async (home) => {
    await home.ok(["create", "base"]);

    const calls = await trace(home, "none", ["apply-diff", "base"], ARCHIVE);

    assertEquals(calls, ["renameat(HOME/base, .tmp-diff, HOME/base, diff)"]);
  },
  "strace",
);

rootTest(
  "apply-diff into a layer with files syncs before it answers",
  async (home) => {
    await home.ok(["create", "base"]);
    await home.ok(["apply-diff", "base"], ARCHIVE);

    const calls = await trace(home, "layer", ["apply-diff", "base"], ARCHIVE);

    assertEquals(calls.slice(-2), ["syncfs(HOME/base)", "fsync(HOME/base)"]);
  },
  "strace",
);

rootTest(
  "create syncs the record of a layer before its name, and strictly the names as well",
  async (home) => {
    await home.ok(["create", "base"]);
    const record = [
      "fsync(HOME/.tmp-layer/link)",
      "fsync(HOME/.tmp-layer/lower)",
    ];

    const plain = await trace(home, "layer", ["create", "one", "base"]);
    const strict = await trace(home, "strict", ["create", "two", "base"]);

    assertEquals(plain.filter((call) => call.startsWith("fsync")), record);
    assertEquals(
      plain.at(-1),
      "renameat(HOME, .tmp-layer, HOME, one)",
    );
    assertEquals(strict, [
      ...record,
      "fsync(HOME/.tmp-layer)",
      "fsync(HOME/l)",
      "renameat(HOME, .tmp-layer, HOME, two)",
      "fsync(HOME)",
    ]);
  },
  "strace",
);

rootTest("create strictly syncs the mark of its parent", async (home) => {
  await home.ok(["create", "base"]);

  const calls = await trace(home, "strict", ["create", "top", "base"]);

  assertEquals(calls.slice(0, 2), [
    "renameat(HOME/base, .tmp-committed, HOME/base, committed)",
    "fsync(HOME/base)",
  ]);
}, "strace");

rootTest(
  "remove strictly syncs the names before it deletes files",
  async (home) => {
    await home.ok(["create", "base"]);

    const calls = await trace(home, "strict", ["remove", "base"]);

    assertEquals(calls.slice(0, 4), [
      "renameat(HOME, base, HOME, .tmp-layer)",
      "fsync(HOME)",
      "unlinkat(HOME/l, SHORT)",
      "fsync(HOME/l)",
    ]);
  },
  "strace",
);

/** A driver whose writable mounts are volatile. */
function volatileDriver() {
  return tempDriver({ storageOpts: ["overlay2.volatile=true"] });
}

function mountOptions(path: string): string {
  const table = Deno.readTextFileSync("/proc/self/mountinfo").split("\n");
  return table.find((line) => line.includes(` ${path} `)) ?? "";
}

const MARK = "work/work/incompat/volatile";

function isMarked(home: string, id: string): boolean {
  try {
    return Deno.statSync(`${home}/${id}/${MARK}`).isDirectory;
  } catch {
    return false;
  }
}

Deno.test("Driver.get() mounts writable layers volatile, and put() makes them whole", async () => {
  await using temp = await volatileDriver();
  const { driver, home } = temp;
  await fill(driver, "base");
  await driver.createReadWrite("top", "base");

  for (const round of [1, 2]) {
    const { path } = await driver.get("top");
    assertStringIncludes(mountOptions(path), "volatile");
    assert(isMarked(home, "top"));
    Deno.writeTextFileSync(`${path}/${round}`, "x");
    await driver.put("top");
    assert(!isMarked(home, "top"));
  }

  assertEquals(namesIn(`${home}/top/diff`), ["1", "2"]);
  assertEquals(temp.warnings, []);
});

Deno.test("Driver.get() mounts nothing volatile unless that is wanted", async () => {
  await using temp = await tempDriver();
  await fill(temp.driver, "base");
  await temp.driver.createReadWrite("top", "base");

  await inLayer(temp.driver, "top", (path) => {
    assert(!mountOptions(path).includes("volatile"));
  });
});

Deno.test("Driver gives volatile layers back by disposal, by cleanup and by another driver", async () => {
  await using temp = await volatileDriver();
  const { driver, home } = temp;
  await fill(driver, "base");
  const ways: Record<string, (other: Driver) => Promise<void>> = {
    dispose: async () => {},
    cleanup: () => driver.cleanup(),
    put: () => driver.put("put"),
  };
  for (const [id, giveBack] of Object.entries(ways)) {
    await driver.createReadWrite(id, "base");
    {
      await using other = await init(home, {
        storageOpts: ["overlay2.volatile=true"],
      });
      await other.get(id);
      await giveBack(other);
    }
    assert(!isMarked(home, id), id);
  }
});

/** Mounts a layer volatile and loses the mount, as a crash of the machine does. */
async function loseMount(temp: Awaited<ReturnType<typeof tempDriver>>) {
  await using driver = await init(temp.home, {
    storageOpts: ["overlay2.volatile=true"],
  });
  const { path } = await driver.get("top");
  const { unmount } = await import("../../src/linux/mount.ts");
  unmount(path);
}

Deno.test("Driver.get() refuses a layer whose volatile mount was lost, or says so", async () => {
  await using temp = await tempDriver();
  await fill(temp.driver, "base");
  await temp.driver.createReadWrite("top", "base");
  Deno.mkdirSync(`${temp.home}/top/${MARK}`, { recursive: true });

  const error = await assertCode(() => temp.driver.get("top"), "EUCLEAN");
  assertStringIncludes(error.message, "files may be incomplete");
  assertEquals(temp.temp.mounts, []);
  assert(isMarked(temp.home, "top"));

  const warnings: string[] = [];
  await using driver = await init(temp.home, {
    storageOpts: ["overlay2.volatile=true"],
    onWarning: (text) => void warnings.push(text),
  });
  await inLayer(driver, "top", () => {});
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0]!, "files may be incomplete");
  await inLayer(temp.driver, "top", () => {});
});

Deno.test("Driver disposal makes a layer whole whose mount was lost", async () => {
  await using temp = await tempDriver();
  await fill(temp.driver, "base");
  await temp.driver.createReadWrite("top", "base");

  await loseMount(temp);

  await inLayer(temp.driver, "top", () => {});
});

Deno.test("Driver.applyDiff() records what it wrote, only if that is wanted", async () => {
  await using temp = await tempDriver({
    storageOpts: ["overlay2.manifest=true"],
  });
  const { driver, home } = temp;
  await driver.create("base");
  await driver.applyDiff("base", "", streamOf(ARCHIVE));

  const path = `${home}/base/manifest`;
  const lines = Deno.readTextFileSync(path).trimEnd().split("\n");
  assertEquals([...parseManifest(lines).keys()], ["", "d", "d/f"]);
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);

  await using plain = await init(home);
  await plain.create("other");
  await plain.applyDiff("other", "", streamOf(ARCHIVE));
  assert(!namesIn(`${home}/other`).includes("manifest"));
});

Deno.test("Driver.applyDiff() renews its record, and keeps none that is no longer true", async () => {
  await using temp = await tempDriver({
    storageOpts: ["overlay2.manifest=true"],
  });
  const { driver, home } = temp;
  const more = archive(file("more", "x"));
  await driver.create("base");
  await driver.applyDiff("base", "", streamOf(ARCHIVE));

  await driver.applyDiff("base", "", streamOf(more));
  const lines = Deno.readTextFileSync(`${home}/base/manifest`).trimEnd();
  assertEquals([...parseManifest(lines.split("\n")).keys()], [
    "",
    "d",
    "d/f",
    "more",
  ]);

  await using plain = await init(home);
  await plain.applyDiff("base", "", streamOf(more));
  assert(!namesIn(`${home}/base`).includes("manifest"));
});

Deno.test("Driver.applyDiff() that fails leaves no record", async () => {
  await using temp = await tempDriver({
    storageOpts: ["overlay2.manifest=true"],
  });
  const { driver, home } = temp;
  await driver.create("base");

  await assertCode(
    () => driver.applyDiff("base", "", streamOf(ARCHIVE.subarray(0, 1200))),
    "EBADMSG",
  );

  assertEquals(namesIn(`${home}/base`), ["diff/", "link"]);
});
