/**
 * Layers as archives, through the driver.
 *
 * @module
 */

import { S_IFSOCK } from "../../src/linux/constants.ts";
import { Dir } from "../../src/linux/dir.ts";
import { hasCode } from "../../src/linux/errno.ts";
import { DriverError } from "../../mod.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import {
  assertCode,
  bytesOf,
  fill,
  inLayer,
  openDescriptors,
  tempDriver,
} from "../fixtures.ts";
import { archiveLines, archiveNames } from "../tar_builder.ts";
import { join } from "../tar/fixture.ts";
import { changeLines } from "../trees.ts";

const LARGE = 9 * 1024 * 1024;

function write(path: string, text: string): void {
  Deno.writeTextFileSync(path, text);
}

/** Sets one time on everything, so that archives can be compared as text. */
function setTimes(root: string, seconds: number): void {
  for (const { name, isDirectory } of Deno.readDirSync(root)) {
    if (isDirectory) setTimes(`${root}/${name}`, seconds);
  }
  for (const { name, isSymlink } of Deno.readDirSync(root)) {
    if (!isSymlink) Deno.utimeSync(`${root}/${name}`, seconds, seconds);
  }
}

Deno.test("Driver.diff() of an empty layer is an empty archive", async () => {
  await using temp = await tempDriver();
  await fill(temp.driver, "base");
  await fill(temp.driver, "top", "base");

  for (const id of ["base", "top"]) {
    const bytes = await bytesOf(temp.driver.diff(id));
    assertEquals(bytes, new Uint8Array(1024));
  }
});

Deno.test("Driver.diff() writes names, modes and owners as Docker does", async () => {
  await using temp = await tempDriver();
  await fill(temp.driver, "base", undefined, (root) => {
    Deno.mkdirSync(`${root}/a`);
    write(`${root}/a/x`, "text");
    write(`${root}/a-b`, "");
    write(`${root}/a.c`, "");
    Deno.linkSync(`${root}/a/x`, `${root}/zz`);
    Deno.chownSync(`${root}/a/x`, 1, 3_000_000);
    Deno.chmodSync(`${root}/a/x`, 0o4711);
    Deno.chmodSync(`${root}/a`, 0o1777);
    setTimes(root, 1_500_000_000);
  });

  assertEquals(archiveLines(await bytesOf(temp.driver.diff("base"))), [
    "5 1777 0:0 @1500000000 a/",
    "0 4711 1:3000000 @1500000000 a/x 4",
    "0 0644 0:0 @1500000000 a-b",
    "0 0644 0:0 @1500000000 a.c",
    "1 4711 1:3000000 @1500000000 zz -> a/x",
  ]);
});

Deno.test("Driver.diff() turns the kernel's marks into whiteout names", async () => {
  await using temp = await tempDriver();
  const { driver, home } = temp;
  await fill(driver, "base", undefined, (root) => {
    Deno.mkdirSync(`${root}/d`);
    for (const name of ["d/low", "one", "two", "x"]) {
      write(`${root}/${name}`, name);
    }
  });
  await fill(driver, "top", "base", (root) => {
    Deno.removeSync(`${root}/one`);
    Deno.removeSync(`${root}/two`);
    Deno.removeSync(`${root}/d`, { recursive: true });
    Deno.mkdirSync(`${root}/d`);
    Deno.chmodSync(`${root}/d`, 0o1750);
    Deno.chownSync(`${root}/d`, 5, 6);
    write(`${root}/d/new`, "");
  });
  setTimes(`${home}/top/diff`, 1_500_000_000);

  assertEquals(archiveLines(await bytesOf(driver.diff("top"))), [
    "5 1750 5:6 @1500000000 d/",
    "0 0750 5:6 @0 d/.wh..wh..opq",
    "0 0644 0:0 @1500000000 d/new",
    "0 0600 0:0 @1500000000 .wh.one",
    "0 0600 0:0 @1500000000 .wh.two -> one",
  ]);
});

Deno.test("Driver.diff() against another layer sorts by whole paths and names deletions", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await fill(driver, "base", undefined, (root) => {
    Deno.mkdirSync(`${root}/a`);
    write(`${root}/a/gone`, "");
    write(`${root}/b`, "");
  });
  await fill(driver, "middle", "base", (root) => Deno.removeSync(`${root}/b`));
  const start = Math.floor(Date.now() / 1000) - 1;
  await fill(driver, "top", "middle", (root) => {
    Deno.removeSync(`${root}/a/gone`);
    write(`${root}/a/x`, "x");
    write(`${root}/a-b`, "");
  });

  const lines = archiveLines(await bytesOf(driver.diff("top", "base")));

  assertEquals(lines.map((line) => line.replace(/@\d+ /, "")), [
    "5 0755 0:0 a/",
    "0 0644 0:0 a-b",
    "0 0000 0:0 a/.wh.gone",
    "0 0644 0:0 a/x 1",
    "0 0000 0:0 .wh.b",
  ]);
  const time = Number(/@(\d+)/.exec(lines[2]!)?.[1]);
  assert(time >= start && time <= Date.now() / 1000 + 1, `${time}`);
});

Deno.test("Driver.diff() against another layer shows a replaced directory as deletions", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await fill(driver, "base", undefined, (root) => {
    Deno.mkdirSync(`${root}/d`);
    write(`${root}/d/one`, "");
    write(`${root}/d/two`, "");
  });
  await fill(driver, "middle", "base");
  await fill(driver, "top", "middle", (root) => {
    Deno.removeSync(`${root}/d`, { recursive: true });
    Deno.mkdirSync(`${root}/d`);
    write(`${root}/d/new`, "");
  });

  assertEquals(archiveNames(await bytesOf(driver.diff("top", "base"))), [
    "d/",
    "d/new",
    "d/.wh.one",
    "d/.wh.two",
  ]);
});

Deno.test('Driver.diff() against "" archives the whole mounted tree', async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await fill(driver, "base", undefined, (root) => {
    write(`${root}/kept`, "");
    write(`${root}/gone`, "");
  });
  await fill(driver, "top", "base", (root) => {
    Deno.removeSync(`${root}/gone`);
    write(`${root}/new`, "");
  });

  assertEquals(archiveNames(await bytesOf(driver.diff("top", ""))), [
    "kept",
    "new",
  ]);
});

Deno.test('Driver.diff() translates owners, but not against ""', async () => {
  const map = [{ containerId: 0, hostId: 100_000, size: 65_536 }];
  await using temp = await tempDriver({ uidMap: map, gidMap: map });
  const { driver } = temp;
  const owners = async (parent?: string) =>
    archiveLines(await bytesOf(driver.diff("top", parent)))
      .map((line) => line.split(" ")[2]);
  await fill(driver, "base");
  await fill(driver, "middle", "base");
  await fill(driver, "top", "middle", (root) => {
    write(`${root}/file`, "");
    Deno.chownSync(`${root}/file`, 101_000, 100_000);
  });

  assertEquals(await owners(), ["1000:0"]);
  assertEquals(await owners("base"), ["1000:0"]);
  assertEquals(await owners(""), ["101000:100000"]);
});

Deno.test("Driver.diff() leaves out owners outside the id map, and says so", async () => {
  const map = [{ containerId: 0, hostId: 100_000, size: 1000 }];
  await using temp = await tempDriver({ uidMap: map, gidMap: map });
  const { driver, warnings } = temp;
  await fill(driver, "base", undefined, (root) => {
    for (const name of ["good", "group", "user"]) write(`${root}/${name}`, "");
    Deno.chownSync(`${root}/good`, 100_007, 100_008);
    Deno.chownSync(`${root}/group`, 100_000, 7);
    Deno.chownSync(`${root}/user`, 200_000, 100_000);
  });

  const lines = archiveLines(await bytesOf(driver.diff("base")));

  assertEquals(lines.map((line) => line.split(" ")[2]), ["7:8"]);
  assertEquals(warnings.length, 2);
  assertStringIncludes(warnings[0]!, "group");
  assertStringIncludes(warnings[0]!, "7 cannot be mapped");
  assertStringIncludes(warnings[1]!, "user");
  assertStringIncludes(warnings[1]!, "200000 cannot be mapped");
});

Deno.test("Driver.diff() keeps whiteouts whose owner is outside the id map", async () => {
  const map = [{ containerId: 0, hostId: 100_000, size: 1000 }];
  await using temp = await tempDriver({ uidMap: map, gidMap: map });
  const { driver, warnings } = temp;
  await fill(driver, "base", undefined, (root) => {
    write(`${root}/gone`, "");
  });
  await fill(driver, "top", "base", (root) => {
    Deno.removeSync(`${root}/gone`);
  });

  const lines = archiveLines(await bytesOf(driver.diff("top")));

  assertEquals(lines.length, 1);
  assertStringIncludes(lines[0]!, "0 0600 0:0 ");
  assertStringIncludes(lines[0]!, ".wh.gone");
  assertEquals(warnings, []);
});

Deno.test("Driver.diff() leaves out sockets, and says so", async () => {
  await using temp = await tempDriver();
  const { driver, warnings } = temp;
  await fill(driver, "base");
  await fill(driver, "middle", "base");
  await fill(driver, "top", "middle", (root) => {
    write(`${root}/file`, "");
    using dir = Dir.open(root);
    dir.mknod("socket", S_IFSOCK | 0o600, 0n);
  });

  for (const parent of [undefined, "", "base"]) {
    const names = archiveNames(await bytesOf(driver.diff("top", parent)));
    assertEquals(names, ["file"]);
  }
  assertEquals(warnings.length, 3);
  for (const warning of warnings) assertStringIncludes(warning, "socket");
  assertEquals(changeLines(await driver.changes("top")), [
    "A /file",
    "A /socket",
  ]);
});

/** Makes "top" with a large file in the middle, seen by each way to read it. */
async function withLarge(
  task: (
    read: () => ReadableStreamDefaultReader<Uint8Array>,
    root: string,
  ) => Promise<void>,
): Promise<void> {
  for (const parent of [undefined, "", "base"]) {
    await using temp = await tempDriver();
    const { driver } = temp;
    await fill(driver, "base");
    await fill(driver, "middle", "base");
    await fill(driver, "top", "middle", (root) => {
      write(`${root}/a`, "");
      Deno.writeFileSync(`${root}/large`, new Uint8Array(LARGE));
      write(`${root}/z`, "");
    });
    await inLayer(driver, "top", async (root) => {
      const before = openDescriptors();
      await task(() => driver.diff("top", parent).getReader(), root);
      assertEquals(openDescriptors(), before, `${parent}`);
    });
    assertEquals(temp.temp.mounts, [], `${parent}`);
  }
}

async function drain(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<number> {
  let length = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return length;
    length += value.length;
  }
}

Deno.test("Driver.diff() fails if a file becomes shorter meanwhile", async () => {
  await withLarge(async (read, root) => {
    const reader = read();
    await reader.read();
    Deno.truncateSync(`${root}/large`, 1000);

    const error = await assertCode(() => drain(reader), "EIO");

    assert(error instanceof DriverError);
  });
});

Deno.test("Driver.diff() has no entry for a file that goes away before it is reached", async () => {
  await withLarge(async (read, root) => {
    const reader = read();
    const chunks = [(await reader.read()).value!];
    Deno.removeSync(`${root}/z`);

    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        chunks.push(value);
      }
      assertEquals(archiveNames(join(...chunks)), ["a", "large"]);
    } catch (error) {
      // The list of changes was made before, and has the file.
      assert(hasCode(error, "ENOENT"), `${error}`);
    }
  });
});

Deno.test("Driver.diff() cuts a file that grows at its old size", async () => {
  await withLarge(async (read, root) => {
    const reader = read();
    let length = (await reader.read()).value!.length;
    Deno.writeFileSync(`${root}/large`, new Uint8Array(5000), { append: true });

    length += await drain(reader);

    assertEquals(length, 3 * 512 + LARGE + 1024);
  });
});

Deno.test("Driver.diff() that is cancelled lets go of everything", async () => {
  await withLarge(async (read) => {
    for (const count of [1, 2, 3]) {
      const reader = read();
      for (let i = 0; i < count; i++) await reader.read();

      await reader.cancel("enough");
    }
    const reader = read();
    await reader.read();
    const reading = reader.read();

    await reader.cancel("while it is read");

    assertEquals((await reading).done, true);
  });
  await withLarge((read) => read().cancel("not even begun"));
});

Deno.test("Driver.diff() makes its bytes no faster than they are read", async () => {
  await withLarge(async (read) => {
    const reader = read();
    for (let i = 0; i < 3; i++) {
      const { length } = (await reader.read()).value!;
      assert(length <= 1024 * 1024, `${length} bytes at once`);
    }
    await reader.cancel();
  });
});

Deno.test("Driver.diff() against another layer does not wait for the next second", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await fill(driver, "base");
  await fill(driver, "middle", "base");
  await fill(driver, "top", "middle");
  const start = performance.now();

  for (let i = 0; i < 5; i++) await bytesOf(driver.diff("top", "base"));

  assert(performance.now() - start < 2000);
});

Deno.test("Driver.diff() is read by tar(1)", async () => {
  await using temp = await tempDriver();
  await fill(temp.driver, "base", undefined, (root) => {
    Deno.mkdirSync(`${root}/dir`);
    write(`${root}/dir/${"long".repeat(40)}`, "long name");
    write(`${root}/dir/ünï`, "not ASCII");
    Deno.symlinkSync("dir", `${root}/link`);
  });
  const file = `${temp.temp.path}/layer.tar`;
  Deno.writeFileSync(file, await bytesOf(temp.driver.diff("base")));

  const { success, stdout } = await new Deno.Command("tar", {
    args: ["--quoting-style=literal", "-tf", file],
  }).output();

  assertEquals(success, true);
  assertEquals(new TextDecoder().decode(stdout).trim().split("\n"), [
    "dir/",
    `dir/${"long".repeat(40)}`,
    "dir/ünï",
    "link",
  ]);
});

Deno.test("Driver.diff() archives names that are not UTF-8", async () => {
  await using temp = await tempDriver();
  const { driver } = temp;
  await fill(driver, "base");
  await fill(driver, "top", "base", (root) => {
    using dir = Dir.open(root);
    dir.mkdir("\udcff\udcfe", 0o755);
    dir.symlink("\udc80", "caf\udce9");
  });
  await driver.create("copy", "base");

  await driver.applyDiff("copy", "base", driver.diff("top"));

  assertEquals(changeLines(await driver.changes("copy")), [
    "A /caf\udce9",
    "A /\udcff\udcfe",
  ]);
  await inLayer(driver, "copy", (root) => {
    using dir = Dir.open(root);
    assertEquals(dir.readlink("caf\udce9"), "\udc80");
  });
});
