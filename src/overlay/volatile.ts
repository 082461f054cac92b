/**
 * The mark that overlayfs sets in a work directory while it is mounted with
 * `volatile`, and that keeps it from being mounted again.
 *
 * Source: "Volatile mount" in Documentation/filesystems/overlayfs.rst.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { mountsBelow } from "../linux/mountinfo.ts";
import { removeTreeNow } from "../linux/remove.ts";

const INCOMPAT = "work/incompat";
const VOLATILE = "volatile";

/**
 * Tells whether a work directory carries the mark.
 *
 * @param dir Directory that holds it.
 * @param workdir Name of the directory given as `workdir`.
 */
export function isVolatile(dir: Dir, workdir: string): boolean {
  try {
    return dir.tryStat(`${workdir}/${INCOMPAT}/${VOLATILE}`) !== undefined;
  } catch (error) {
    if (hasCode(error, "ENOTDIR", "ELOOP")) return false;
    throw error;
  }
}

/**
 * Takes the mark away; what lies in the upper directory should be on the disk
 * before, or be nobody's loss.
 *
 * @param work The directory given as `workdir`.
 */
export function unmarkVolatile(work: Dir): void {
  using outer = work.openDir("work");
  using inner = outer.openDir("incompat");
  removeTreeNow(inner, VOLATILE);
}

/**
 * Tells whether an overlay that this process sees writes to a directory.
 *
 * @param upper Absolute path, as given as `upperdir`, without commas or spaces.
 */
export function isUpperMounted(upper: string): boolean {
  return mountsBelow("").some(({ type, options }) =>
    type === "overlay" && options.split(",").includes(`upperdir=${upper}`)
  );
}
