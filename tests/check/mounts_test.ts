/**
 * Mounts, and homes in use.
 *
 * @module
 */

import { openDriver } from "../../src/driver/init.ts";
import {
  MNT_DETACH,
  MountContext,
  mountOverlay,
  unmount,
} from "../../src/linux/mount.ts";
import { mountRelative } from "../../src/linux/thread.ts";
import { encodeName } from "../../src/text.ts";
import { assertEquals } from "../assert.ts";
import { tempDriver } from "../fixtures.ts";
import { CHAIN, damageTest, Family, lines } from "./fixture.ts";

const UUID = "01234567-89ab-cdef-0123-456789abcdef";

function mountMemory(path: string): void {
  using context = new MountContext("tmpfs");
  context.mount(path);
}

Deno.test("Driver.check() finds nothing in a home whose layers are mounted", async () => {
  await using family = await Family.make();
  for (const id of CHAIN) await family.driver.get(id);
  assertEquals(await family.check(), []);

  await family.driver.createReadWrite("new", "leaf");
  await family.driver.get("new");
  await family.driver.createReadWrite("newer", "new");
  assertEquals(await family.check(), []);

  for (const id of [...CHAIN, "new"]) await family.driver.put(id);
  assertEquals(await family.check(), []);
  assertEquals(await family.repair(), []);
});

Deno.test("Driver.check() finds nothing in a home with an odd path", async () => {
  const homeName = "a b,c:d\\e\né/home";
  await using temp = await tempDriver({ homeName });
  await temp.driver.create("base");
  await temp.driver.createReadWrite("a:b,c \\", "base");
  await temp.driver.createReadWrite("top", "a:b,c \\");
  await temp.driver.get("top");
  await temp.driver.get("a:b,c \\");
  assertEquals(await temp.driver.check(), []);
});

Deno.test("Driver.check() finds nothing in a home mounted with id maps", async () => {
  const map = [{ containerId: 0, hostId: 100000, size: 65536 }];
  await using temp = await tempDriver({ uidMap: map, gidMap: map });
  await temp.driver.create("base");
  await temp.driver.createReadWrite("top", "base");
  await temp.driver.get("top");
  assertEquals(await temp.driver.check(), []);

  // Without the maps, most files tell who root is.
  const other = await openDriver(temp.home, {}, "use");
  assertEquals(await other.check(), []);
});

Deno.test("Driver.check() takes the mounts of older kernels for what they are", async () => {
  await using family = await Family.make();
  const { home } = family;
  family.mkdir("leaf/merged");
  family.mkdir("top/merged");
  const lowers = family.named("l/{top}:l/{mid}:l/{base}");
  const data = `lowerdir=${lowers},upperdir=leaf/diff,workdir=leaf/work\0`;
  await mountRelative(
    encodeName(`${home}\0`),
    encodeName("leaf/merged\0"),
    encodeName(data),
    "leaf",
  );
  const paths = family.named("top/diff:l/{mid}:l/{base}").split(":")
    .map((path) => `${home}/${path}`).join(":");
  mountOverlay(`${home}/top/merged`, encodeName(`lowerdir=${paths}\0`));

  assertEquals(await family.check(), []);
});

Deno.test("Driver.check() finds mounts that are not what their layers list", async () => {
  await using family = await Family.make();
  const { home } = family;
  for (const id of ["leaf", "top", "mid"]) family.mkdir(`${id}/merged`);
  mountMemory(`${home}/leaf/merged`);
  const wrong = family.named(
    `lowerdir=${home}/top/diff:${home}/l/{base}:${home}/l/{mid}\0`,
  );
  mountOverlay(`${home}/top/merged`, encodeName(wrong));
  const other = family.named(
    `lowerdir=${home}/l/{base},upperdir=${home}/lone/diff,workdir=${home}/mid/work\0`,
  );
  mountOverlay(`${home}/mid/merged`, encodeName(other));

  assertEquals(lines(await family.check()), [
    "warning mount-differs leaf/merged",
    "warning mount-differs mid/merged",
    "warning mount-differs top/merged",
  ]);
});

damageTest({
  what: "mounts where no layer is, and unmounts them",
  harm: (family) => {
    for (const name of [`.tmp-probe-${UUID}`, "gone-removing"]) {
      family.mkdir(`${name}/merged`);
      mountMemory(family.path(`${name}/merged`));
      family.write(`${name}/merged/file`, "text");
    }
  },
  found: [
    `note probe-leftover .tmp-probe-${UUID}`,
    `warning mount-stale .tmp-probe-${UUID}/merged`,
    "warning layer-leftover gone-removing",
    "warning mount-stale gone-removing/merged",
  ],
});

Deno.test("Driver.check() finds mounts over a layer's own files, and leaves them", async () => {
  await using family = await Family.make();
  family.mkdir("lone/diff/data");
  mountMemory(family.path("lone/diff/data"));

  const expected = ["warning mount-foreign lone/diff/data"];
  assertEquals(lines(await family.check()), expected);
  assertEquals(lines(await family.repair()), expected);

  unmount(family.path("lone/diff/data"), MNT_DETACH);
  assertEquals(await family.check(), []);
});

Deno.test("Driver.check() knows a layer that is mounted in another namespace", async () => {
  await using family = await Family.make();
  family.mkdir("leaf/merged");
  const options = family.named(
    `lowerdir=${family.home}/l/{base},upperdir=${family.home}/leaf/diff,workdir=${family.home}/leaf/work`,
  );
  const script = `mount -t overlay overlay -o '${options}' '${
    family.path("leaf/merged")
  }' && echo ready && cat`;
  await using other = new Deno.Command("unshare", {
    args: ["--mount", "sh", "-c", script],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = other.stdout.getReader();
  await reader.read();

  assertEquals(await family.check(), []);

  await other.stdin.close();
  await reader.read();
  await reader.cancel();
  await other.status;
  assertEquals(lines(await family.check()), [
    "note merged-leftover leaf/merged",
  ]);
});

Deno.test("Driver.check() reads a home on a read-only file system", async () => {
  await using family = await Family.make();
  family.remove("mid/link");
  family.write("top/lower", "");
  const bind = `${family.home}/../bind`;
  Deno.mkdirSync(bind);
  const mount = (...args: string[]) =>
    new Deno.Command("mount", { args }).outputSync();
  mount("--bind", family.home, bind);
  mount("-o", "remount,bind,ro", bind);
  const driver = await openDriver(bind, {}, "use");

  const found = await driver.check();
  const left = await driver.check(undefined, { repair: true });

  const expected = [
    "error link-missing mid/link",
    "error lower-empty top/lower",
  ];
  assertEquals(lines(found), expected);
  assertEquals(lines(left), expected);
  assertEquals(left.map(({ repaired }) => repaired), [false, false]);
  assertEquals(
    left.every(({ message }) => message.includes("read-only file system")),
    true,
  );
});
