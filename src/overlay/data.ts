/**
 * From directories to mount options; pure.
 *
 * @module
 */

import { encodeName } from "../text.ts";

/** Most lowers of one overlay in the kernel (`OVL_MAX_STACK`). */
export const MOST_LOWERS = 500;

/** The directories and options of one overlay. */
export interface OverlayMount {
  /** Absolute path that all others are relative to. */
  readonly home: string;
  /** Lower directories, nearest first. */
  readonly lowers: readonly string[];
  /** Upper directory; none makes a read-only mount. */
  readonly upper?: string | undefined;
  /** Work directory, empty and beside the upper. */
  readonly work?: string | undefined;
  /** Directory to mount on. */
  readonly target: string;
  /** Whether to pass `index=off`. */
  readonly indexOff: boolean;
  /** Whether to pass `userxattr`. */
  readonly userxattr: boolean;
  /** Whether to pass `volatile`: nothing is forced to the disk while it is mounted. */
  readonly volatile?: boolean | undefined;
  /** SELinux label of all files, or none. */
  readonly label?: string | undefined;
}

/** Protects `:` and `\` in a lower, and `,` in any path, from the kernel's parser. */
function escapePath(path: string, special: RegExp): string {
  return path.replace(special, "\\$&");
}

const IN_LOWER = /[\\:,]/g;
const IN_UPPER = /[\\,]/g;

/** Quotes a label; the quotes keep the commas of its categories together. */
function quoteLabel(label: string): string {
  return `"${label.replace(/["\\]/g, "\\$&")}"`;
}

function options(mount: OverlayMount, prefix: string): string[] {
  const { lowers, upper, work, label } = mount;
  const out: string[] = [];
  if (mount.indexOff) out.push("index=off");
  if (mount.userxattr) out.push("userxattr");
  const below = lowers.map((lower) => escapePath(prefix + lower, IN_LOWER));
  out.push(`lowerdir=${below.join(":")}`);
  if (upper !== undefined && work !== undefined) {
    out.push(`upperdir=${escapePath(prefix + upper, IN_UPPER)}`);
    out.push(`workdir=${escapePath(prefix + work, IN_UPPER)}`);
  }
  if (mount.volatile) out.push("volatile");
  if (label) out.push(`context=${quoteLabel(label)}`);
  return out;
}

/**
 * Options for mount(2) with absolute paths, and their NUL.
 *
 * @param mount Directories and options.
 */
export function absoluteData(mount: OverlayMount): Uint8Array<ArrayBuffer> {
  return encodeName(options(mount, `${mount.home}/`).join(",") + "\0");
}

/**
 * Options for mount(2) in a thread whose current directory is the home.
 *
 * @param mount Directories and options.
 */
export function relativeData(mount: OverlayMount): Uint8Array<ArrayBuffer> {
  return encodeName(options(mount, "").join(",") + "\0");
}
