/**
 * What layers hold: it follows from the seed and the layer's id alone, so that it
 * can be told again after a cut.
 *
 * @module
 */

import { dir, file, type Member, symlink } from "../../tar_builder.ts";
import { Random } from "../../tree/random.ts";

/** A file of a layer. */
export interface Item {
  /** Path in the layer. */
  readonly path: string;
  readonly kind: "dir" | "file" | "symlink" | "whiteout";
  readonly mode: number;
  readonly uid: number;
  /** Content of a file, target of a link. */
  readonly text: string;
}

const FILE_MODES = [0o644, 0o600, 0o755, 0o4755];
const UIDS = [0, 1000, 70000];

/** Most bytes of a file: many are small, some have none, few are large. */
const SIZES = [0, 100, 4000, 4000, 4000, 30_000, 200_000];

/**
 * Tells what a layer holds when it is whole.
 *
 * Ids begin with their kind: `a` for applied layers, `w` for those written to
 * through a mount, `e` for those that stay empty; the rest is a number.
 *
 * @returns Directories before what is in them.
 */
export function itemsOf(seed: number, id: string): Item[] {
  if (id.startsWith("e")) return [];
  const number = Number(id.slice(1));
  const random = new Random(Math.imul(seed, 1_000_003) ^ number);
  // A writable layer has its files in a directory that no layer below has.
  const tops = id.startsWith("w") ? [id] : ["d0", "d1", "d2"];
  return tops.flatMap((top) => [
    item(top, "dir", 0o755, 0, ""),
    ...Array.from(
      { length: 3 + random.below(8) },
      (_, i) => randomFile(random, `${top}/f${i}`, `${seed} ${id}`),
    ),
    item(`${top}/link`, "symlink", 0o777, 0, `f0-${id}`),
    ...(id.startsWith("a")
      ? [item(`${top}/gone${number}`, "whiteout", 0, 0, "")]
      : []),
  ]);
}

function item(
  path: string,
  kind: Item["kind"],
  mode: number,
  uid: number,
  text: string,
): Item {
  return { path, kind, mode, uid, text };
}

function randomFile(random: Random, path: string, label: string): Item {
  const size = random.below(random.pick(SIZES) + 1);
  const line = `${label} ${path}\n`;
  const text = line.repeat(Math.ceil(size / line.length)).slice(0, size);
  return item(path, "file", random.pick(FILE_MODES), random.pick(UIDS), text);
}

/** Says an item as a member of an archive. */
export function memberOf({ path, kind, mode, uid, text }: Item): Member {
  switch (kind) {
    case "dir":
      return dir(path, { mode, uid });
    case "file":
      return file(path, text, { mode, uid });
    case "symlink":
      return symlink(path, text);
    case "whiteout": {
      const cut = path.lastIndexOf("/") + 1;
      return file(`${path.slice(0, cut)}.wh.${path.slice(cut)}`);
    }
  }
}

/** Writes an item, which is no whiteout, below a directory. */
export function writeItem(
  root: string,
  { path, kind, mode, uid, text }: Item,
): void {
  const target = `${root}/${path}`;
  if (kind === "symlink") return Deno.symlinkSync(text, target);
  if (kind === "dir") Deno.mkdirSync(target);
  else Deno.writeTextFileSync(target, text);
  Deno.chownSync(target, uid, 0);
  Deno.chmodSync(target, mode);
}
