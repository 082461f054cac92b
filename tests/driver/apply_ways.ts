/**
 * The ways in which an archive gets into a layer.
 *
 * @module
 */

import type { Driver } from "../../mod.ts";
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
  return driver.applyDiff("top", way.parent, streamOf(bytes));
}
