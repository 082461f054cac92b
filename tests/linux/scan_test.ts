/**
 * A look through a directory of many names.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { DT_DIR, DT_LNK } from "../../src/linux/dirent.ts";
import { scan, type ScannedName } from "../../src/linux/scan.ts";
import { decodeName, encodeName } from "../../src/text.ts";
import { assertEquals } from "../assert.ts";
import { openDescriptors, TempDir } from "../fixtures.ts";

const FILE = encodeName("/file");
const ENOENT = 2;
const ENOTDIR = 20;
const EINVAL = 22;

/** What a scan sees, by name. */
function scanned<T>(path: string, look: (name: ScannedName) => T) {
  using dir = Dir.open(path);
  const seen = new Map<string, T>();
  scan(dir, (name) => {
    seen.set(name.text, look(name));
    return false;
  });
  return seen;
}

Deno.test("scan() goes to every name but . and ..", () => {
  using temp = new TempDir();
  temp.useMemory();
  using root = Dir.open(temp.path);
  const names = ["...", ".a", "..a", "x".repeat(255), "é", "\udcff"];
  for (let i = 0; i < 3000; i++) names.push(`name-${i}`);
  for (const name of names) root.mkdir(name, 0o700);

  const seen = scanned(temp.path, ({ type }) => type);

  assertEquals([...seen.keys()].sort(), names.sort());
  assertEquals(new Set(seen.values()), new Set([DT_DIR]));
});

Deno.test("scan() ends when it is told to, and closes what it opened", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  for (const name of ["a", "b", "c"]) root.mkdir(name, 0o700);
  const before = openDescriptors();
  let names = 0;

  scan(root, (name) => {
    name.read(FILE);
    return ++names === 2;
  });

  assertEquals([names, openDescriptors()], [2, before]);
});

Deno.test("ScannedName reads files and links, and says why not", () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  for (const name of ["empty", "full", "none"]) root.mkdir(name, 0o700);
  Deno.writeTextFileSync(`${temp.path}/empty/file`, "");
  Deno.writeTextFileSync(`${temp.path}/full/file`, "content");
  Deno.writeTextFileSync(`${temp.path}/regular`, "");
  root.symlink("full", "link");

  const seen = scanned(temp.path, (name) => {
    const length = name.read(FILE);
    const text = length > 0 ? decodeName(name.content, 0, length) : length;
    const link = name.readLink();
    const target = link > 0 ? decodeName(name.content, 0, link) : link;
    return [text, name.has(FILE), target];
  });

  assertEquals(Object.fromEntries(seen), {
    empty: [0, true, -EINVAL],
    full: ["content", true, -EINVAL],
    link: ["content", true, "full"],
    none: [-ENOENT, false, -EINVAL],
    regular: [-ENOTDIR, true, -EINVAL],
  });
  assertEquals(scanned(temp.path, ({ type }) => type).get("link"), DT_LNK);
});
