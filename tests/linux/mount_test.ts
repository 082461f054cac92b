/**
 * Mounts, and the table of them.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import {
  FSCONFIG_STRING_MAX,
  MNT_DETACH,
  MountContext,
  mountDataLimit,
  mountOverlay,
  takesLowersOneByOne,
  unmount,
} from "../../src/linux/mount.ts";
import {
  mayHoldMounts,
  mountsBelow,
  parseMountinfo,
} from "../../src/linux/mountinfo.ts";
import { mountRelative } from "../../src/linux/thread.ts";
import { kernelAtLeast } from "../../src/overlay/userns.ts";
import { encodeName } from "../../src/text.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { assertCode, openDescriptors, TempDir } from "../fixtures.ts";
import { namesIn } from "../trees.ts";

/** Makes directories for an overlay. */
function prepare(temp: TempDir): string {
  temp.useMemory();
  for (const name of ["one", "two", "upper", "work", "merged"]) {
    Deno.mkdirSync(`${temp.path}/${name}`);
  }
  Deno.writeTextFileSync(`${temp.path}/one/1`, "");
  Deno.writeTextFileSync(`${temp.path}/two/2`, "");
  return temp.path;
}

Deno.test("mountOverlay() and unmount() do what mount(2) does", async () => {
  using temp = new TempDir();
  const path = prepare(temp);
  const data = encodeName(`lowerdir=${path}/one:${path}/two\0`);

  mountOverlay(`${path}/merged`, data);

  assertEquals(namesIn(`${path}/merged`), ["1", "2"]);
  unmount(`${path}/merged`);
  assertEquals(namesIn(`${path}/merged`), []);
  await assertCode(() => unmount(`${path}/merged`), "EINVAL");
  await assertCode(() => unmount(`${path}/missing`), "ENOENT");
});

Deno.test("unmount() waits for nobody only if it detaches", async () => {
  using temp = new TempDir();
  const path = prepare(temp);
  mountOverlay(
    `${path}/merged`,
    encodeName(`lowerdir=${path}/one:${path}/two\0`),
  );
  using _busy = Dir.open(`${path}/merged`);

  await assertCode(() => unmount(`${path}/merged`), "EBUSY");
  unmount(`${path}/merged`, MNT_DETACH);

  assertEquals(temp.mounts, []);
});

Deno.test("MountContext mounts step by step and says what the kernel said", async () => {
  using temp = new TempDir();
  const path = prepare(temp);
  const before = openDescriptors();
  {
    using context = new MountContext("overlay");
    context.setString("source", "overlay");
    context.setString("lowerdir", `${path}/one:${path}/two`);
    context.setString("upperdir", `${path}/upper`);
    context.setString("workdir", `${path}/work`);
    context.mount(`${path}/merged`);
  }
  Deno.writeTextFileSync(`${path}/merged/3`, "");
  assertEquals(namesIn(`${path}/upper`), ["3"]);
  unmount(`${path}/merged`);

  using context = new MountContext("overlay");
  const error = await assertCode(
    () => context.setString("no_such_option", "x"),
    "EINVAL",
  );
  assertStringIncludes(error.message, "no_such_option");
  await assertCode(() => new MountContext("no-such-fs"), "ENODEV");
  context[Symbol.dispose]();
  assertEquals(openDescriptors(), before);
});

Deno.test("MountContext sets paths below a directory as it sets texts", async () => {
  using temp = new TempDir();
  const path = prepare(temp);
  Deno.mkdirSync(`${path}/é`);
  using context = new MountContext("overlay");
  context.setString("source", "overlay");

  assertEquals(context.trySetPath("upperdir", path, "upper"), true);
  assertEquals(context.trySetPath("workdir", path, "work"), true);
  assertEquals(context.trySetPath("lowerdir", path, "é"), false);
  const room = FSCONFIG_STRING_MAX - path.length - 1;
  assertEquals(
    context.trySetPath("lowerdir", path, "x".repeat(room + 1)),
    false,
  );
  const long = `${"/".repeat(room - 3)}one`.replace(/^\//, ".");
  assertEquals(context.trySetPath("lowerdir", path, long), true);
  context.mount(`${path}/merged`);

  assertEquals(namesIn(`${path}/merged`), ["1"]);
  const [mounted] = mountsBelow(path);
  assertStringIncludes(mounted!.options, `upperdir=${path}/upper,`);
  unmount(`${path}/merged`);
  using other = new MountContext("overlay");
  const error = await assertCode(
    () => other.trySetPath("upperdir", `${path}/one`, "missing"),
    "ENOENT",
  );
  assertStringIncludes(error.message, `${path}/one/missing`);
});

Deno.test("mayHoldMounts() says no only if nothing is mounted anywhere below", () => {
  using temp = new TempDir();
  const path = prepare(temp);
  Deno.mkdirSync(`${path}/one/deep`);
  using root = Dir.open(path);
  using inner = Dir.open(`${path}/two`);
  // Kernels before 6.8 do not tell.
  const tells = kernelAtLeast(Deno.osRelease(), 6, 8);
  assertEquals(mayHoldMounts(root.fd), !tells);

  for (const place of ["merged", "one/deep"]) {
    mountOverlay(
      `${path}/${place}`,
      encodeName(`lowerdir=${path}/one:${path}/two\0`),
    );
    assertEquals(mayHoldMounts(root.fd), true);
    assertEquals(mayHoldMounts(inner.fd), true);
    unmount(`${path}/${place}`);
  }

  assertEquals(mayHoldMounts(root.fd), !tells);
});

Deno.test("takesLowersOneByOne() is right about this kernel, and mounts nothing", () => {
  using temp = new TempDir();
  const path = prepare(temp);
  let works = true;
  try {
    using context = new MountContext("overlay");
    context.setString("lowerdir+", `${path}/one`);
    context.setString("lowerdir+", `${path}/two`);
    context.mount(`${path}/merged`);
  } catch {
    works = false;
  }

  assertEquals(takesLowersOneByOne(), works);
});

Deno.test("mountDataLimit() is a page less its NUL", async () => {
  const { stdout } = await new Deno.Command("getconf", {
    args: ["PAGESIZE"],
  }).output();

  assertEquals(
    mountDataLimit(),
    Number(new TextDecoder().decode(stdout)) - 1,
  );
});

Deno.test("mountRelative() mounts from another directory and leaves this process's", async () => {
  using temp = new TempDir();
  const path = prepare(temp);
  const cwd = Deno.cwd();

  await mountRelative(
    encodeName(`${path}\0`),
    encodeName("merged\0"),
    encodeName("lowerdir=one:two,upperdir=upper,workdir=work\0"),
    `${path}/merged`,
  );

  assertEquals(namesIn(`${path}/merged`), ["1", "2"]);
  assertEquals(Deno.cwd(), cwd);
  assertStringIncludes(
    Deno.readTextFileSync("/proc/self/mountinfo"),
    "lowerdir=one:two",
  );
});

Deno.test("mountRelative() tells what the kernel refuses", async () => {
  using temp = new TempDir();
  const path = prepare(temp);
  const mount = (dir: string, data: string) =>
    mountRelative(
      encodeName(`${dir}\0`),
      encodeName("merged\0"),
      encodeName(`${data}\0`),
      `${path}/merged`,
    );

  const missing = await assertCode(
    () => mount(`${path}/none`, "lowerdir=one:two"),
    "ENOENT",
  );
  assertStringIncludes(missing.message, "chdir");
  const refused = await assertCode(
    () => mount(path, "lowerdir=one:none"),
    "ENOENT",
  );
  assertStringIncludes(refused.message, "Cannot mount");
  assertEquals(temp.mounts, []);
});

const TABLE = [
  "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
  "23 22 0:5 / /dev rw - devtmpfs udev rw",
  "40 22 0:40 / /a\\040space\\011tab\\012line\\134back rw master:2 shared:9 - overlay overlay rw,lowerdir=/x",
  "41 22 0:41 /sub /caf\udce9 rw - tmpfs tmp\\040fs rw",
  "42 22 0:42 / /dash rw,relatime - - - -",
  "rubbish",
  "",
].join("\n");

Deno.test("parseMountinfo() reads mountpoints, types and options, escapes and optional fields", () => {
  assertEquals(parseMountinfo(TABLE), [
    { mountpoint: "/", type: "ext4", options: "rw" },
    { mountpoint: "/dev", type: "devtmpfs", options: "rw" },
    {
      mountpoint: "/a space\ttab\nline\\back",
      type: "overlay",
      options: "rw,lowerdir=/x",
    },
    { mountpoint: "/caf\udce9", type: "tmpfs", options: "rw" },
    { mountpoint: "/dash", type: "-", options: "-" },
  ]);
  assertEquals(parseMountinfo(""), []);
});

Deno.test("mountsBelow() lists mounts below a directory, deepest first, with any name", () => {
  using temp = new TempDir();
  temp.useMemory();
  using root = Dir.open(temp.path);
  const odd = "a b\n\\é,:";
  for (const name of [odd, `${odd}-beside`]) root.mkdir(name, 0o755);
  const mount = (path: string) => {
    using context = new MountContext("tmpfs");
    context.mount(path);
  };
  mount(`${temp.path}/${odd}`);
  Deno.mkdirSync(`${temp.path}/${odd}/inner`);
  mount(`${temp.path}/${odd}/inner`);
  mount(`${temp.path}/${odd}-beside`);

  const found = mountsBelow(temp.path).map(({ mountpoint }) => mountpoint);
  const inner = mountsBelow(`${temp.path}/${odd}`);

  assertEquals(found.length, 3);
  assertEquals(
    found.indexOf(`${temp.path}/${odd}/inner`) <
      found.indexOf(`${temp.path}/${odd}`),
    true,
  );
  assertEquals(
    inner.map(({ mountpoint, type }) => ({ mountpoint, type })),
    [{ mountpoint: `${temp.path}/${odd}/inner`, type: "tmpfs" }],
  );
  assert(!found.includes(temp.path));
});
