/**
 * Overlayfs's own marks in an upper directory: whiteouts, opaque directories,
 * redirects and metacopies, in either namespace of attributes.
 *
 * Source: Documentation/filesystems/overlayfs.rst of the kernel.
 *
 * @module
 */

import { S_IFCHR } from "../linux/constants.ts";
import type { Dir } from "../linux/dir.ts";
import { getXattrFd, listXattrsFd, setXattrFd } from "../linux/xattr.ts";

/** Where overlayfs keeps its attributes: `user.` in mounts with `userxattr`. */
export type Namespace = "trusted.overlay." | "user.overlay.";

const NAMESPACES: readonly Namespace[] = ["trusted.overlay.", "user.overlay."];
const YES = new Uint8Array([0x79]);

/** Whether an attribute is overlayfs's own, in either namespace. */
export function isOverlayXattr(name: string): boolean {
  return NAMESPACES.some((namespace) => name.startsWith(namespace));
}

/** Marks of one directory. */
export interface DirMarks {
  /** Whether the lowers' directory of that name is hidden: value exactly `y`. */
  readonly opaque: boolean;
  /** Whether only the kernel reads the directory right: it is redirected, or its whiteouts are attributes. */
  readonly foreign: boolean;
}

const UNMARKED: DirMarks = { opaque: false, foreign: false };
const X = 0x78;

/**
 * Reads the marks of an open directory.
 *
 * @param dir Directory in a layer.
 * @param namespace Namespace of the home.
 */
export function dirMarks(dir: Dir, namespace: Namespace): DirMarks {
  const names = listXattrsFd(dir.fd, dir.path);
  if (names.length === 0) return UNMARKED;
  const opaque = names.includes(`${namespace}opaque`)
    ? getXattrFd(dir.fd, `${namespace}opaque`, dir.path)
    : undefined;
  return {
    opaque: isLetter(opaque, YES[0]!),
    foreign: isLetter(opaque, X) || names.includes(`${namespace}redirect`),
  };
}

function isLetter(value: Uint8Array | undefined, letter: number): boolean {
  return value?.length === 1 && value[0] === letter;
}

/**
 * Hides the lowers' directory of the same name.
 *
 * @param dir Directory in an upper.
 * @param namespace Namespace of the home.
 */
export function markOpaque(dir: Dir, namespace: Namespace): void {
  setXattrFd(dir.fd, `${namespace}opaque`, YES, dir.path);
}

/**
 * Hides the lowers' file `name`: a character device 0:0 without permissions.
 *
 * @param dir Directory in an upper.
 * @param name Name that the merged directory must not show.
 */
export function makeWhiteout(dir: Dir, name: string): void {
  dir.mknod(name, S_IFCHR, 0n);
}

/**
 * Whether a file holds only metadata, its content being in a lower.
 *
 * @param names Names of the file's attributes.
 * @param namespace Namespace of the home.
 */
export function isMetacopy(
  names: readonly string[],
  namespace: Namespace,
): boolean {
  return names.includes(`${namespace}metacopy`);
}
