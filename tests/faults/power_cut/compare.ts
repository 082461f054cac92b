/**
 * Compares a layer on disk with what it ought to hold, without the driver.
 *
 * @module
 */

import type { Item } from "./content.ts";

/**
 * Lists how files differ from what they ought to be.
 *
 * @param root Directory of the files.
 * @param items What ought to be there.
 * @returns A word and a path each, such as `"empty d1/f3"`.
 */
export function differencesIn(root: string, items: readonly Item[]): string[] {
  const found = new Set(pathsIn(root, ""));
  const differences: string[] = [];
  for (const item of items) {
    const fault = found.delete(item.path) ? faultOf(root, item) : "missing";
    if (fault !== undefined) differences.push(`${fault} ${item.path}`);
  }
  return [...differences, ...[...found].map((path) => `extra ${path}`)];
}

function pathsIn(root: string, path: string): string[] {
  return [...Deno.readDirSync(root + path)].flatMap(({ name, isDirectory }) => {
    const inner = `${path}/${name}`;
    return [inner.slice(1), ...(isDirectory ? pathsIn(root, inner) : [])];
  });
}

function faultOf(root: string, item: Item): string | undefined {
  const path = `${root}/${item.path}`;
  const now = Deno.lstatSync(path);
  if (kindOf(now) !== item.kind) return "another-kind";
  if (item.kind === "symlink") {
    return Deno.readLinkSync(path) === item.text ? undefined : "changed";
  }
  if (item.kind === "whiteout") return undefined;
  if ((now.mode! & 0o7777) !== item.mode) return "mode";
  if (now.uid !== item.uid) return "owner";
  return item.kind === "dir" ? undefined : contentFault(path, now, item);
}

function kindOf(file: Deno.FileInfo): Item["kind"] | undefined {
  if (file.isDirectory) return "dir";
  if (file.isFile) return "file";
  if (file.isSymlink) return "symlink";
  return file.isCharDevice && file.rdev === 0 ? "whiteout" : undefined;
}

function contentFault(
  path: string,
  { size }: Deno.FileInfo,
  { text }: Item,
): string | undefined {
  if (size === 0 && text !== "") return "empty";
  if (size < text.length) return "short";
  if (size > text.length) return "long";
  return Deno.readTextFileSync(path) === text ? undefined : "changed";
}
