/**
 * What a manifest says of a tree, and what it finds changed.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { parseManifest, recordTree } from "../../src/tree/manifest.ts";
import {
  compareManifest,
  type ManifestDifference,
} from "../../src/tree/verify.ts";
import { DriverError } from "../../mod.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { TempDir } from "../fixtures.ts";

const SHA_OF_HELLO =
  "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

function record(path: string): string[] {
  using root = Dir.open(path);
  return [...recordTree(root)].filter((line) => line !== undefined);
}

function compare(path: string, lines: string[]): ManifestDifference[] {
  using root = Dir.open(path);
  const steps = compareManifest(root, parseManifest(lines));
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

function fillTree(path: string): void {
  Deno.writeTextFileSync(`${path}/hello`, "hello", { mode: 0o640 });
  Deno.writeFileSync(`${path}/large`, new Uint8Array(300_000).fill(7));
  Deno.mkdirSync(`${path}/dir`);
  Deno.symlinkSync("../hello", `${path}/dir/link`);
  using dir = Dir.open(`${path}/dir`);
  dir.mknod("null", 0o020666, 0x103n);
  dir.symlink("target \udcff", "odd \udcfe\n");
}

Deno.test("recordTree() describes each file on a line of its own", () => {
  using temp = new TempDir();
  Deno.chmodSync(temp.path, 0o755);
  fillTree(temp.path);

  const lines = record(temp.path);

  assertEquals(JSON.parse(lines[0]!), { overlay2: "manifest", version: 1 });
  assertEquals(JSON.parse(lines.at(-1)!), { entries: lines.length - 2 });
  const owner = { uid: 0, gid: 0 };
  assertEquals(lines.slice(1, -1).map((line) => JSON.parse(line)), [
    { path: "", type: "dir", mode: 0o755, ...owner },
    { path: "dir", type: "dir", mode: 0o755, ...owner },
    {
      path: "dir/link",
      type: "symlink",
      mode: 0o777,
      ...owner,
      target: "../hello",
    },
    {
      path: "dir/null",
      type: "char",
      mode: 0o644,
      ...owner,
      device: "1:3",
    },
    {
      path: "dir/odd \udcfe\n",
      type: "symlink",
      mode: 0o777,
      ...owner,
      target: "target \udcff",
    },
    {
      path: "hello",
      type: "file",
      mode: 0o640,
      ...owner,
      size: 5,
      sha256: SHA_OF_HELLO,
    },
    {
      path: "large",
      type: "file",
      mode: 0o644,
      ...owner,
      size: 300_000,
      sha256: JSON.parse(lines.at(-2)!).sha256,
    },
  ]);
});

Deno.test("compareManifest() finds nothing in a tree that stayed as it was", () => {
  using temp = new TempDir();
  fillTree(temp.path);
  const lines = record(temp.path);

  Deno.utimeSync(`${temp.path}/hello`, 1, 2);

  assertEquals(compare(temp.path, lines), []);
});

const CHANGES: readonly [
  name: string,
  (path: string) => void,
  Partial<ManifestDifference>[],
][] = [
  ["a file that is empty", (path) => Deno.truncateSync(`${path}/hello`), [
    { path: "hello", what: "empty", expected: "5", found: "0" },
  ]],
  ["a file that is short", (path) => Deno.truncateSync(`${path}/large`, 9), [
    { path: "large", what: "short", expected: "300000", found: "9" },
  ]],
  ["a file that is longer", (path) => Deno.truncateSync(`${path}/hello`, 6), [
    { path: "hello", what: "long", expected: "5", found: "6" },
  ]],
  ["zeros in place of content", (path) => {
    Deno.truncateSync(`${path}/hello`);
    Deno.truncateSync(`${path}/hello`, 5);
  }, [{ path: "hello", what: "changed", expected: SHA_OF_HELLO }]],
  ["a file that is gone", (path) => Deno.removeSync(`${path}/hello`), [
    { path: "hello", what: "missing" },
  ]],
  ["a file that is new", (path) => Deno.writeTextFileSync(`${path}/x`, ""), [
    { path: "x", what: "added" },
  ]],
  ["another mode", (path) => Deno.chmodSync(`${path}/dir`, 0o700), [
    { path: "dir", what: "mode", expected: "0755", found: "0700" },
  ]],
  ["another mode of the root", (path) => Deno.chmodSync(path, 0o711), [
    { path: "", what: "mode", expected: "0700", found: "0711" },
  ]],
  ["another owner", (path) => Deno.chownSync(`${path}/large`, 5, 6), [
    { path: "large", what: "owner", expected: "0:0", found: "5:6" },
  ]],
  ["another type", (path) => {
    Deno.removeSync(`${path}/hello`);
    Deno.mkdirSync(`${path}/hello`);
  }, [{ path: "hello", what: "type", expected: "file", found: "dir" }]],
  ["another target", (path) => {
    Deno.removeSync(`${path}/dir/link`);
    Deno.symlinkSync("x", `${path}/dir/link`);
  }, [{
    path: "dir/link",
    what: "target",
    expected: "../hello",
    found: "x",
  }]],
  ["another device", (path) => {
    using dir = Dir.open(`${path}/dir`);
    dir.unlink("null");
    dir.mknod("null", 0o020644, 0x105n);
  }, [{ path: "dir/null", what: "device", expected: "1:3", found: "1:5" }]],
];

for (const [name, change, expected] of CHANGES) {
  Deno.test(`compareManifest() finds ${name}`, () => {
    using temp = new TempDir();
    fillTree(temp.path);
    const lines = record(temp.path);

    change(temp.path);

    const found = compare(temp.path, lines);
    assertEquals(
      found.map((one, i) => ({ ...one, ...expected[i] })),
      found,
    );
    assertEquals(found.length, expected.length);
  });
}

Deno.test("parseManifest() refuses what is cut short or malformed", () => {
  using temp = new TempDir();
  fillTree(temp.path);
  const lines = record(temp.path);
  const damaged: Readonly<Record<string, string[]>> = {
    empty: [],
    "without heading": lines.slice(1),
    "without end": lines.slice(0, -1),
    "without an entry": lines.toSpliced(2, 1),
    "with an entry after its end": [...lines, lines[1]!],
    "with half a line": lines.with(3, lines[3]!.slice(0, 10)),
    "with NUL": lines.with(3, "\0\0\0"),
    "with a list": lines.with(3, "[]"),
  };
  for (const [name, bad] of Object.entries(damaged)) {
    const error = assertThrows(() => parseManifest(bad), DriverError);
    assertEquals(error.code, "EUCLEAN", name);
    assert(error.message.startsWith("Cannot read the manifest: "), name);
  }
});
