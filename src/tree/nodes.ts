/**
 * Hard links, devices and fifos from archive entries.
 *
 * @module
 */

import { S_IFBLK, S_IFCHR, S_IFIFO } from "../linux/constants.ts";
import { type Dir, makeDev } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { type FileStatus, isWhiteout } from "../linux/stat.ts";
import type { TarEntry } from "../tar/entry.ts";
import { badEntry, baseName, parentPath } from "./paths.ts";

/** Largest numbers of a device in the kernel: 12 and 20 bits. */
const MAJOR_MAX = 0xfff;
const MINOR_MAX = 0xf_ffff;

/** Type bits of the mode, by the type byte of an entry. */
const FORMAT: Readonly<Record<string, number>> = {
  "3": S_IFCHR,
  "4": S_IFBLK,
  "6": S_IFIFO,
};

function inRange(value: number, most: number): boolean {
  return value >= 0 && value <= most;
}

/**
 * Makes a device or fifo.
 *
 * @throws {DriverError} `EBADMSG` if its device number is impossible.
 */
export function makeNode(dir: Dir, name: string, entry: TarEntry): void {
  const { devmajor, devminor } = entry;
  if (!inRange(devmajor, MAJOR_MAX) || !inRange(devminor, MINOR_MAX)) {
    throw badEntry(
      entry.name,
      `device number ${devmajor}:${devminor} out of range`,
    );
  }
  const rdev = entry.type === "6" ? 0n : makeDev(devmajor, devminor);
  try {
    dir.mknod(name, FORMAT[entry.type]! | (entry.mode & 0o7777), rdev);
  } catch (error) {
    // Overlayfs refuses its own mark for a file that is gone.
    if (entry.type !== "3" || rdev !== 0n || !hasCode(error, "EPERM")) {
      throw error;
    }
    throw badEntry(entry.name, "device 0:0 is a whiteout", { cause: error });
  }
}

const MISSING = "the file that it is a link to is not in the layer";

/** Whether only a mark says that a file is gone. */
function isHidden(dir: Dir, name: string): boolean {
  const status = dir.tryStat(name);
  return status !== undefined && isWhiteout(status);
}

/**
 * Makes a hard link to a file that was unpacked before.
 *
 * @param root Root of the tree.
 * @param source Clean path of the file.
 * @param dir Directory that gets the link.
 * @param name Name of the link.
 * @param entry What the archive says.
 * @returns What the file is.
 * @throws {DriverError} `EBADMSG` if there is no such file, or it is a directory.
 */
export function linkInto(
  root: Dir,
  source: string,
  dir: Dir,
  name: string,
  entry: TarEntry,
): FileStatus {
  try {
    using from = root.openInRoot(parentPath(source) || ".");
    const file = baseName(source);
    if (isHidden(from, file)) throw badEntry(entry.name, MISSING);
    dir.link(from, file, name);
    return dir.stat(name);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) {
      throw badEntry(entry.name, MISSING);
    }
    if (!hasCode(error, "EPERM")) throw error;
    throw badEntry(entry.name, "it is a link to a directory");
  }
}
