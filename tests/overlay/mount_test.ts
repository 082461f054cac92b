/**
 * Overlays on real directories, in every form that kernels take.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import {
  mountDataLimit,
  takesLowersOneByOne,
  unmount,
} from "../../src/linux/mount.ts";
import {
  absoluteData,
  type OverlayMount,
  relativeData,
} from "../../src/overlay/data.ts";
import { detach, mountLayers } from "../../src/overlay/mount.ts";
import { isMountpoint } from "../../src/overlay/uses.ts";
import { DriverError } from "../../mod.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { assertCode, openDescriptors, TempDir } from "../fixtures.ts";
import { namesIn } from "../trees.ts";

/** Makes a home with `count` lowers, each with a file of its number. */
function prepare(temp: TempDir, count: number, name = "home"): OverlayMount {
  temp.useMemory();
  Deno.mkdirSync(`${temp.path}/${name}`, { recursive: true });
  using home = Dir.open(`${temp.path}/${name}`);
  const lowers: string[] = [];
  home.mkdir("l", 0o755);
  for (let i = 0; i < count; i++) {
    const lower = `l/${`${i}`.padStart(26, "S")}`;
    home.mkdir(lower, 0o755);
    home.mkdir(`${lower}/${i}`, 0o755);
    lowers.push(lower);
  }
  home.mkdir("id", 0o755);
  for (const dir of ["diff", "work", "merged"]) home.mkdir(`id/${dir}`, 0o755);
  return {
    home: home.path,
    lowers,
    upper: "id/diff",
    work: "id/work",
    target: "id/merged",
    indexOff: true,
    userxattr: false,
  };
}

async function assertShows(
  mount: OverlayMount,
  oneByOne: boolean,
): Promise<void> {
  const target = `${mount.home}/${mount.target}`;
  const before = openDescriptors();
  await mountLayers(mount, oneByOne);
  // A thread's own descriptors are closed by the runtime some time later.
  if (oneByOne) assertEquals(openDescriptors(), before);
  assertEquals(isMountpoint(target), true);
  using merged = Dir.open(target);
  assertEquals(merged.names().length, mount.lowers.length);
  merged.mkdir("new", 0o755);
  using upper = Dir.open(`${mount.home}/id/diff`);
  assertEquals(upper.tryStat("new")?.type, "dir");
  upper.rmdir("new");
  unmountNow(target, merged);
}

function unmountNow(target: string, merged: Dir): void {
  merged[Symbol.dispose]();
  unmount(target);
  assertEquals(isMountpoint(target), false);
}

for (const oneByOne of [true, false]) {
  const how = oneByOne ? "one by one" : "in one string";
  const ignore = oneByOne && !takesLowersOneByOne();

  Deno.test({
    name: `mountLayers() mounts few lowers ${how}`,
    ignore,
    fn: async () => {
      using temp = new TempDir();
      await assertShows(prepare(temp, 3), oneByOne);
    },
  });

  Deno.test({
    name: `mountLayers() mounts 128 lowers ${how}`,
    ignore,
    fn: async () => {
      using temp = new TempDir();
      const mount = prepare(temp, 128);
      const cwd = Deno.cwd();

      await assertShows(mount, oneByOne);

      assert(absoluteData(mount).length - 1 > mountDataLimit());
      assert(relativeData(mount).length - 1 <= mountDataLimit());
      assertEquals(Deno.cwd(), cwd);
    },
  });

  for (
    const name of ["with:colon,comma", "with\\backslash", "with é and \udcff"]
  ) {
    Deno.test({
      name: `mountLayers() mounts below a home ${JSON.stringify(name)} ${how}`,
      ignore,
      fn: async () => {
        using temp = new TempDir();
        temp.useMemory();
        using root = Dir.open(temp.path);
        root.mkdir(name, 0o755);
        const mount = { ...prepare2(temp, name) };

        await assertShows(mount, oneByOne);
      },
    });
  }

  Deno.test({
    name: `mountLayers() mounts below a very long home ${how}`,
    ignore,
    fn: async () => {
      using temp = new TempDir();
      const long = Array.from({ length: 5 }, () => "long".repeat(20)).join("/");
      const mount = prepare(temp, 60, long);
      assert(mount.home.length > 400);

      await assertShows(mount, oneByOne);
    },
  });
}

/** Like prepare, below a directory that is there and may have any name. */
function prepare2(temp: TempDir, name: string): OverlayMount {
  using home = Dir.open(`${temp.path}/${name}`);
  for (const dir of ["l", "l/A", "l/A/0", "l/B", "l/B/1", "id"]) {
    home.mkdir(dir, 0o755);
  }
  for (const dir of ["diff", "work", "merged"]) home.mkdir(`id/${dir}`, 0o755);
  return {
    home: home.path,
    lowers: ["l/A", "l/B"],
    upper: "id/diff",
    work: "id/work",
    target: "id/merged",
    indexOff: false,
    userxattr: false,
  };
}

Deno.test("mountLayers() switches to relative paths exactly where absolute ones no longer fit", async () => {
  using temp = new TempDir();
  const whole = prepare(temp, 128);
  let fits = 0;
  while (
    absoluteData({ ...whole, lowers: whole.lowers.slice(0, fits + 1) })
          .length - 1 <= mountDataLimit()
  ) fits++;
  for (const [count, relative] of [[fits, false], [fits + 1, true]] as const) {
    const mount = { ...whole, lowers: whole.lowers.slice(0, count) };

    await mountLayers(mount, false);

    const table = Deno.readTextFileSync("/proc/self/mountinfo");
    const line = table.split("\n").find((line) =>
      line.includes(`${mount.home}/id/merged`)
    )!;
    assertEquals(line.includes("lowerdir=l/"), relative, `${count}`);
    unmount(`${mount.home}/id/merged`);
  }
});

Deno.test("mountLayers() says that lowers do not fit into a page of an old kernel", async () => {
  using temp = new TempDir();
  const mount = prepare(temp, 200);

  const error = await assertCode(() => mountLayers(mount, false), "EMLINK");

  assert(error instanceof DriverError);
  assertStringIncludes(error.message, "200 lowers");
  assertEquals(temp.mounts, []);
});

Deno.test("mountLayers() without an upper directory mounts read-only", async () => {
  for (const oneByOne of [takesLowersOneByOne(), false]) {
    using temp = new TempDir();
    const mount = prepare(temp, 2);
    await mountLayers(
      { ...mount, upper: undefined, work: undefined },
      oneByOne,
    );
    const target = `${mount.home}/id/merged`;

    await assertCode(() => Deno.mkdirSync(`${target}/new`), "EROFS");

    assertEquals(namesIn(target).length, 2);
  }
});

Deno.test("mountLayers() refuses directories that are not there", async () => {
  for (const oneByOne of [takesLowersOneByOne(), false]) {
    using temp = new TempDir();
    const mount = prepare(temp, 2);
    for (const changed of [{ lowers: ["l/none"] }, { work: "id/none" }]) {
      await assertCode(
        () => mountLayers({ ...mount, ...changed }, oneByOne),
        "ENOENT",
      );
    }
    assertEquals(temp.mounts, []);
  }
});

Deno.test("detach() tells whether anything was mounted", async () => {
  using temp = new TempDir();
  const mount = prepare(temp, 2);
  const target = `${mount.home}/id/merged`;
  assertEquals(detach(target), false);
  assertEquals(detach(`${target}/missing`), false);
  await mountLayers(mount, false);

  assertEquals(detach(target), true);
  assertEquals(detach(target), false);
});

Deno.test("isMountpoint() takes a directory within a mount for none", async () => {
  using temp = new TempDir();
  const mount = prepare(temp, 2);
  await mountLayers(mount, false);
  const target = `${mount.home}/id/merged`;

  assertEquals(isMountpoint(target), true);
  assertEquals(isMountpoint(`${target}/0`), false);
  assertEquals(isMountpoint(`${target}/missing`), false);
  assertEquals(isMountpoint(mount.home), false);
});
