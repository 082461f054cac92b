/**
 * The ways in which an archive gets into a layer.
 *
 * @module
 */

import type { ApplyOptions, Driver } from "../../mod.ts";
import { applyFrom } from "../../src/driver/init.ts";
import { fileSource } from "../../src/driver/source.ts";
import { inLayer, streamOf } from "../fixtures.ts";

/** One way to apply an archive. */
export interface Way {
  /** What the way is, for the names of tests. */
  readonly name: string;
  /** Whether whiteouts delete in a mounted tree rather than leave marks. */
  readonly mounted: boolean;
  /** Whether the layer's own directory has something in it before. */
  readonly filled: boolean;
  /** Parent that the archive is said to be relative to. */
  readonly parent: string | undefined;
  /** Whether the archive is a file, whose content the kernel copies. */
  readonly fromFile?: boolean;
}

/** Every way. */
export const WAYS: readonly Way[] = [
  {
    name: "into an empty upper directory",
    mounted: false,
    filled: false,
    parent: undefined,
  },
  {
    name: "into a filled upper directory",
    mounted: false,
    filled: true,
    parent: "base",
  },
  { name: "into a mounted tree", mounted: true, filled: false, parent: "" },
  {
    name: "into a filled mounted tree",
    mounted: true,
    filled: true,
    parent: "other",
  },
  {
    name: "from a file into an empty upper directory",
    mounted: false,
    filled: false,
    parent: undefined,
    fromFile: true,
  },
  {
    name: "from a file into a filled mounted tree",
    mounted: true,
    filled: true,
    parent: "other",
    fromFile: true,
  },
];

/**
 * Makes layers "base" and "other", and "top" on "base", ready for an archive.
 *
 * @param write Fills the base.
 */
export async function prepareTop(
  driver: Driver,
  way: Way,
  write: (root: string) => void = () => {},
): Promise<void> {
  await driver.create("base");
  await inLayer(driver, "base", write);
  await driver.create("other");
  await driver.create("top", "base");
  if (!way.filled) return;
  await inLayer(driver, "top", (root) => {
    Deno.writeTextFileSync(`${root}/earlier`, "earlier");
  });
}

/** Applies an archive to "top". */
export function applyTop(
  driver: Driver,
  way: Way,
  bytes: Uint8Array,
): Promise<number> {
  return way.fromFile
    ? applyAsFile(driver, "top", way.parent, bytes)
    : driver.applyDiff("top", way.parent, streamOf(bytes));
}

/** Applies an archive that lies in a file. */
export async function applyAsFile(
  driver: Driver,
  id: string,
  parent: string | undefined,
  bytes: Uint8Array,
  options: ApplyOptions = {},
): Promise<number> {
  const path = await Deno.makeTempFile({ prefix: "overlay2_archive_" });
  try {
    await Deno.writeFile(path, bytes);
    const source = fileSource(path, "the archive");
    return await applyFrom(driver, id, parent, source, options);
  } finally {
    await Deno.remove(path);
  }
}
