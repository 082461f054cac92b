/**
 * What the driver learns about kernel and file system, and how it counts uses.
 *
 * @module
 */

import { S_IFCHR } from "../../src/linux/constants.ts";
import { Dir } from "../../src/linux/dir.ts";
import { listXattrsAt, setXattrAt } from "../../src/linux/xattr.ts";
import { backingName } from "../../src/overlay/backing.ts";
import {
  dirMarks,
  isMetacopy,
  isOverlayXattr,
  makeWhiteout,
  markOpaque,
  type Namespace,
} from "../../src/overlay/marks.ts";
import { Support } from "../../src/overlay/support.ts";
import { isUserNamespace, kernelAtLeast } from "../../src/overlay/userns.ts";
import { Uses } from "../../src/overlay/uses.ts";
import { encodeName } from "../../src/text.ts";
import { assertEquals, assertStringIncludes } from "../assert.ts";
import { assertCode, TempDir } from "../fixtures.ts";
import { namesIn } from "../trees.ts";

Deno.test("isUserNamespace() takes only the whole map for none", () => {
  const cases: readonly [string, boolean][] = [
    ["         0          0 4294967295\n", false],
    ["0 0 4294967295", false],
    ["         0       1000          1\n", true],
    ["0 100000 65536\n", true],
    ["0 0 4294967294\n", true],
    ["0 0 4294967295\n1 1 1\n", false],
    ["", true],
    ["\n", true],
    ["0 0\n", false],
    ["rubbish", false],
    ["a b c\n", false],
  ];
  for (const [map, expected] of cases) {
    assertEquals(isUserNamespace(map), expected, JSON.stringify(map));
  }
});

Deno.test("kernelAtLeast() compares numbers, not text", () => {
  assertEquals(kernelAtLeast("6.1.0-40-amd64", 6, 1), true);
  assertEquals(kernelAtLeast("6.1.0-40-amd64", 6, 2), false);
  assertEquals(kernelAtLeast("5.10.0", 5, 9), true);
  assertEquals(kernelAtLeast("5.9", 5, 11), false);
  assertEquals(kernelAtLeast("10.0", 6, 13), true);
  assertEquals(kernelAtLeast("rubbish", 1, 0), false);
});

Deno.test("backingName() has Docker's names", () => {
  assertEquals(backingName(0xef53), "extfs");
  assertEquals(backingName(0x01021994), "tmpfs");
  assertEquals(backingName(0x9123683e), "btrfs");
  assertEquals(backingName(0x58465342), "xfs");
  assertEquals(backingName(0x794c7630), "overlayfs");
  assertEquals(backingName(0x65735546), "fuse");
  assertEquals(backingName(0xf2f52010), "f2fs");
  assertEquals(backingName(0x2fc12fc1), "zfs");
  assertEquals(backingName(0), "unsupported");
  assertEquals(backingName(0x12345678), "<unknown>");
});

Deno.test("Uses is over with the last use, and one drop too many is harmless", () => {
  let mounted = false;
  const uses = new Uses(() => mounted);

  assertEquals(uses.drop("a", "one"), true);
  assertEquals(uses.add("a", "one"), false);
  mounted = true;
  assertEquals(uses.add("a", "one"), true);
  assertEquals(uses.drop("a", "one"), false);
  assertEquals(uses.inUse("a", "one"), true);
  assertEquals(uses.drop("a", "one"), true);
  mounted = false;
  assertEquals(uses.inUse("a", "one"), false);
  assertEquals(uses.drop("a", "one"), true);
});

Deno.test("Uses counts each path by itself", () => {
  const uses = new Uses(() => false);
  uses.add("a", "one");
  uses.add("b", "one");

  assertEquals(uses.drop("a", "one"), true);
  assertEquals(uses.inUse("b", "one"), true);
});

Deno.test("Uses counts what is mounted already as one use, each time anew", () => {
  let mounted = true;
  const uses = new Uses(() => mounted);

  assertEquals(uses.inUse("a", "one"), true);
  for (let again = 0; again < 2; again++) {
    assertEquals(uses.add("a", "one"), true);
    assertEquals(uses.drop("a", "one"), false);
    assertEquals(uses.drop("a", "one"), true);
  }
  uses.add("a", "one");
  uses.forget("a");
  mounted = false;
  assertEquals(uses.inUse("a", "one"), false);
  assertEquals(uses.add("a", "one"), false);
  assertEquals(uses.drop("a", "one"), true);
});

Deno.test("Uses lets go of a mount that somebody else took away", () => {
  let mounted = true;
  const uses = new Uses(() => mounted);
  uses.add("a", "one");
  mounted = false;

  assertEquals(uses.add("a", "one"), false);

  assertEquals(uses.drop("a", "one"), false);
  assertEquals(uses.drop("a", "one"), true);
});

Deno.test("Uses of a layer are none of a later one of the same path", () => {
  let mounted = false;
  const uses = new Uses(() => mounted);
  uses.add("a", "one");
  mounted = true;
  assertEquals(uses.drop("a", "other"), true);
  mounted = false;

  assertEquals(uses.inUse("a", "other"), false);
  assertEquals(uses.add("a", "other"), false);
  assertEquals(uses.inUse("a", "one"), false);

  assertEquals(uses.drop("a", "other"), true);
});

Deno.test("isOverlayXattr() knows both namespaces, and no other", () => {
  for (const name of ["trusted.overlay.opaque", "user.overlay.whiteout"]) {
    assertEquals(isOverlayXattr(name), true, name);
  }
  for (const name of ["user.overlayer", "trusted.x", "security.capability"]) {
    assertEquals(isOverlayXattr(name), false, name);
  }
});

Deno.test("dirMarks() reads what the kernel's marks mean, in one namespace", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  const marks = (attributes: Record<string, string>, namespace: Namespace) => {
    root.mkdir("dir", 0o755);
    for (const [name, value] of Object.entries(attributes)) {
      setXattrAt(root, "dir", name, encodeName(value));
    }
    using dir = root.openDir("dir");
    const found = dirMarks(dir, namespace);
    root.rmdir("dir");
    return found;
  };
  const trusted = "trusted.overlay.";

  assertEquals(marks({}, trusted), { opaque: false, foreign: false });
  for (const namespace of [trusted, "user.overlay."] as const) {
    const mark = (name: string, value: string) =>
      marks({ [`${namespace}${name}`]: value }, namespace);
    assertEquals(mark("opaque", "y"), { opaque: true, foreign: false });
    assertEquals(mark("opaque", "n"), { opaque: false, foreign: false });
    assertEquals(mark("opaque", "yy"), { opaque: false, foreign: false });
    assertEquals(mark("opaque", "x"), { opaque: false, foreign: true });
    assertEquals(mark("redirect", "/a"), { opaque: false, foreign: true });
    assertEquals(mark("origin", "?"), { opaque: false, foreign: false });
  }
  assertEquals(marks({ "user.overlay.opaque": "y" }, trusted).opaque, false);
});

Deno.test("markOpaque(), makeWhiteout() and isMetacopy() speak the kernel's language", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  root.mkdir("dir", 0o755);
  using dir = root.openDir("dir");
  Deno.writeTextFileSync(`${temp.path}/file`, "");

  markOpaque(dir, "trusted.overlay.");
  makeWhiteout(root, "gone");

  assertEquals(dirMarks(dir, "trusted.overlay.").opaque, true);
  const { type, mode, rdevMajor, rdevMinor } = root.stat("gone");
  assertEquals([type, mode, rdevMajor, rdevMinor], ["char", 0, 0, 0]);
  assertEquals(
    isMetacopy(listXattrsAt(root, "file"), "trusted.overlay."),
    false,
  );
  setXattrAt(root, "file", "trusted.overlay.metacopy", new Uint8Array());
  assertEquals(
    isMetacopy(listXattrsAt(root, "file"), "trusted.overlay."),
    true,
  );
  assertEquals(S_IFCHR, 0o020000);
});

Deno.test("Support finds out about a directory, and leaves nothing in it", async () => {
  using temp = new TempDir();
  temp.useMemory();
  const support = await Support.of(temp.path, true);

  support.requireOverlay();

  assertEquals(support.backingFilesystem, "tmpfs");
  assertEquals(support.dType, true);
  assertEquals(support.userNamespace, false);
  assertEquals(support.userxattr, false);
  assertEquals(support.namespace, "trusted.overlay.");
  assertEquals(typeof support.metacopy, "boolean");
  assertEquals(typeof support.oneByOne, "boolean");
  assertEquals(support.nativeDiffObstacle, undefined);
  assertEquals(namesIn(temp.path), []);
  assertEquals(temp.mounts, []);
});

Deno.test("Support refuses a file system that cannot carry an upper directory", async () => {
  const support = await Support.of("/proc", true);

  await assertCode(() => support.requireOverlay(), "ENOENT");
});

Deno.test("Support obeys Docker's word about rootless mode with SELinux", async () => {
  using temp = new TempDir();
  Deno.env.set("_DOCKERD_ROOTLESS_SELINUX", "1");
  try {
    const support = await Support.of(temp.path, true);
    const error = await assertCode(() => support.requireOverlay(), "ENOTSUP");
    assertStringIncludes(error.message, "Rootless with SELinux");
  } finally {
    Deno.env.delete("_DOCKERD_ROOTLESS_SELINUX");
  }
  assertEquals(namesIn(temp.path), []);
});
