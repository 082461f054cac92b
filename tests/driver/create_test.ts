/**
 * Making layers: what lies on disk, and what is refused.
 *
 * @module
 */

import { init } from "../../mod.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  assertCode,
  assertRefused,
  fill,
  inLayer,
  tempDriver,
} from "../fixtures.ts";
import { describeTree, namesIn } from "../trees.ts";

const SHORT = /^[A-Z2-7]{26}$/;

/** A home's files with their modes and owners, short names as `SHORT`. */
function shape(home: string): string[] {
  return describeTree(home, { times: false, xattrs: "none" }).map((line) =>
    line.replace(/[A-Z2-7]{26}/g, "SHORT").replace(
      /( file \d+ \d+:\d+) .*/,
      "$1",
    )
  ).sort();
}

function read(path: string): string {
  return Deno.readTextFileSync(path);
}

Deno.test("Driver.create() writes Docker's files with Docker's modes", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base");
  await temp.driver.create("middle", "base");
  await temp.driver.createReadWrite("top", "middle");

  assertEquals(shape(temp.home), [
    "/base dir 0710 0:0",
    "/base/committed file 0600 0:0",
    "/base/diff dir 0755 0:0",
    "/base/link file 0644 0:0",
    "/l dir 0700 0:0",
    "/l/SHORT symlink 0777 0:0 -> ../base/diff",
    "/l/SHORT symlink 0777 0:0 -> ../middle/diff",
    "/l/SHORT symlink 0777 0:0 -> ../top/diff",
    "/middle dir 0710 0:0",
    "/middle/committed file 0600 0:0",
    "/middle/diff dir 0755 0:0",
    "/middle/link file 0644 0:0",
    "/middle/lower file 0644 0:0",
    "/middle/work dir 0700 0:0",
    "/top dir 0710 0:0",
    "/top/diff dir 0755 0:0",
    "/top/link file 0644 0:0",
    "/top/lower file 0644 0:0",
    "/top/work dir 0700 0:0",
  ]);
});

Deno.test("Driver.create() gives what is mapped to root to the mapped root", async () => {
  const map = [{ containerId: 0, hostId: 100000, size: 65536 }];
  const gids = [{ containerId: 0, hostId: 200000, size: 65536 }];
  await using temp = await tempDriver({ uidMap: map, gidMap: gids });
  await temp.driver.create("base");
  await fill(temp.driver, "top", "base", (root) => {
    const { uid, gid, mode } = Deno.statSync(root);
    assertEquals([uid, gid, mode! & 0o7777], [100000, 200000, 0o755]);
  });

  assertEquals(shape(temp.home).filter((line) => !line.includes(" symlink ")), [
    "/base dir 0710 0:200000",
    "/base/committed file 0600 0:0",
    "/base/diff dir 0755 100000:200000",
    "/base/link file 0644 0:0",
    "/l dir 0700 0:0",
    "/top dir 0710 0:200000",
    "/top/diff dir 0755 100000:200000",
    "/top/link file 0644 0:0",
    "/top/lower file 0644 0:0",
    "/top/work dir 0700 100000:200000",
    "/top/work/work dir 0000 100000:200000",
  ]);
  const { mode, gid } = Deno.statSync(temp.home);
  assertEquals([mode! & 0o7777, gid], [0o710, 200000]);
});

Deno.test("Driver.create() writes links and lowers that dockerd can read", async () => {
  await using temp = await tempDriver();
  for (const [id, parent] of [["a"], ["b", "a"], ["c", "b"]] as const) {
    await temp.driver.create(id, parent);
  }
  const [a, b, c] = ["a", "b", "c"].map((id) =>
    read(`${temp.home}/${id}/link`)
  );

  for (const short of [a!, b!, c!]) assert(SHORT.test(short), short);
  assertEquals(Deno.readLinkSync(`${temp.home}/l/${c}`), "../c/diff");
  assertEquals(read(`${temp.home}/b/lower`), `l/${a}`);
  assertEquals(read(`${temp.home}/c/lower`), `l/${b}:l/${a}`);
});

Deno.test("Driver.create() makes the same files whatever the umask", async () => {
  const before = Deno.umask(0o077);
  try {
    await using strict = await tempDriver();
    await fill(strict.driver, "base");
    await fill(strict.driver, "top", "base");
    const made = shape(strict.home);
    Deno.umask(0);
    await using lax = await tempDriver();
    await fill(lax.driver, "base");
    await fill(lax.driver, "top", "base");

    assertEquals(made, shape(lax.home));
  } finally {
    Deno.umask(before);
  }
});

Deno.test("Driver.create() and createReadWrite() make the same files", async () => {
  await using one = await tempDriver();
  await using other = await tempDriver();
  await one.driver.create("base");
  await one.driver.create("top", "base");
  await other.driver.createReadWrite("base");
  await other.driver.createReadWrite("top", "base");

  assertEquals(shape(one.home), shape(other.home));
});

Deno.test("Driver.create() takes an empty parent for none", async () => {
  await using temp = await tempDriver();
  await temp.driver.create("base", "");

  assertEquals(namesIn(`${temp.home}/base`), ["diff/", "link"]);
});

Deno.test("Driver.create() refuses an id that exists and keeps its files", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await fill(driver, "base");
  await fill(driver, "child", "base", (root) => {
    Deno.writeTextFileSync(`${root}/precious`, "data");
  });

  for (const parent of [undefined, "base", "child", "unknown"]) {
    for (const id of ["child", "base"]) {
      await assertRefused(home, () => driver.create(id, parent), "EEXIST");
      await assertRefused(
        home,
        () => driver.createReadWrite(id, parent),
        "EEXIST",
      );
    }
  }
});

Deno.test("Driver.create() refuses an id that something else than a layer has", async () => {
  await using temp = await tempDriver();
  Deno.writeTextFileSync(`${temp.home}/file`, "");
  Deno.mkdirSync(`${temp.home}/dir`);
  Deno.symlinkSync("nowhere", `${temp.home}/dangling`);

  for (const id of ["file", "dir", "dangling"]) {
    await assertRefused(temp.home, () => temp.driver.create(id), "EEXIST", id);
  }
});

Deno.test("Driver.create() refuses a missing parent and leaves nothing", async () => {
  await using temp = await tempDriver();
  const task = () => temp.driver.create("child", "missing");

  const error = await assertRefused(temp.home, task, "ENOENT");

  assertEquals(
    error.message,
    'Cannot create layer "child": its parent "missing" does not exist',
  );
  assertEquals(namesIn(temp.home), ["l/"]);
});

Deno.test("Driver.create() refuses itself as a parent", async () => {
  await using temp = await tempDriver();

  await assertRefused(temp.home, () => temp.driver.create("a", "a"), "ENOENT");
});

for (
  const [key, value] of [
    ["size", "ten"],
    ["size", "-1"],
    ["size", "1xb"],
    ["inodes", "0"],
    ["color", "red"],
  ] as const
) {
  Deno.test(`Driver.createReadWrite() refuses the option ${key}=${value}`, async () => {
    await using temp = await tempDriver();
    await temp.driver.create("base");
    const task = () =>
      temp.driver.createReadWrite("top", "base", {
        storageOpt: { [key]: value },
      });

    await assertRefused(temp.home, task, "EINVAL");
  });
}

for (const key of ["size", "SIZE", "Size"]) {
  Deno.test(`Driver.create() refuses the option ${key} for a read-only layer`, async () => {
    await using temp = await tempDriver();
    await temp.driver.create("base");
    const options = { storageOpt: { [key]: "10G" } };

    const task = () => temp.driver.create("top", "base", options);

    await assertRefused(temp.home, task, "EINVAL");
  });

  Deno.test(`Driver.createReadWrite() refuses ${key} where there is no project quota`, async () => {
    await using temp = await tempDriver();
    await temp.driver.create("base");
    const options = { storageOpt: { [key]: "10G" } };

    const task = () => temp.driver.createReadWrite("top", "base", options);

    await assertRefused(temp.home, task, "ENOTSUP");
  });
}

Deno.test("Driver.createReadWrite() refuses any size where there is no project quota, and leaves the options alone", async () => {
  await using temp = await tempDriver();
  const storageOpt = Object.freeze({ size: "0" });

  await assertCode(
    () => temp.driver.createReadWrite("top", undefined, { storageOpt }),
    "ENOTSUP",
  );

  assertEquals(await temp.driver.exists("top"), false);
});

Deno.test("init() refuses a default size where there is no project quota", async () => {
  await using temp = await tempDriver();

  await assertCode(
    () => init(temp.home, { storageOpts: ["overlay2.size=10G"] }),
    "ENOTSUP",
  );
  await using _driver = await init(temp.home, {
    storageOpts: ["overlay2.size=0"],
  });
});

Deno.test("Driver.create() does not make its parent read-only when it fails", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await fill(driver, "base");
  await fill(driver, "top", "base");
  const short = Deno.readTextFileSync(`${home}/top/link`);
  Deno.writeTextFileSync(`${home}/top/link`, "");

  await assertRefused(home, () => driver.create("child", "top"), "EUCLEAN");

  Deno.writeTextFileSync(`${home}/top/link`, short);
  await inLayer(driver, "top", (root) => {
    Deno.writeTextFileSync(`${root}/file`, "still writable");
  });
});
