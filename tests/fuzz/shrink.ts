/**
 * A smaller archive that fails as well.
 *
 * @module
 */

/**
 * Leaves out as much as possible.
 *
 * @param all What fails.
 * @param fails Tells whether a part of it fails.
 * @returns A part that still fails, and would not if any one were left out.
 */
export async function shrink<T>(
  all: readonly T[],
  fails: (part: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let small = all;
  for (let size = Math.ceil(all.length / 2); size >= 1;) {
    const before = small.length;
    for (let at = 0; at < small.length;) {
      const less = small.toSpliced(at, size);
      if (await fails(less)) small = less;
      else at += size;
    }
    if (size > 1) size = Math.floor(size / 2);
    else if (small.length === before) break;
  }
  return small;
}
