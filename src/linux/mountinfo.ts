/**
 * The mount table: /proc/self/mountinfo, see proc_pid_mountinfo(5).
 *
 * Reading it costs in proportion to all mounts of the machine. To learn whether
 * one directory is a mountpoint, ask `FileStatus.mountRoot` instead.
 *
 * @module
 */

import { decodeName, encodeName } from "../text.ts";

/** One mounted file system. */
export interface MountRecord {
  /** Absolute path of the mountpoint. */
  readonly mountpoint: string;
  /** Type, such as `"overlay"`. */
  readonly type: string;
}

/** Undoes the octal escapes (`\040`) of the table. */
function unescapeField(field: string): string {
  if (!field.includes("\\")) return field;
  const bytes = encodeName(field);
  const out: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 0x5c) {
      const digits = String.fromCharCode(...bytes.subarray(i + 1, i + 4));
      out.push(parseInt(digits, 8));
      i += 3;
    } else out.push(bytes[i]!);
  }
  return decodeName(new Uint8Array(out));
}

/**
 * Parses the table.
 *
 * @param text Content of `/proc/self/mountinfo`.
 * @returns Its mounts, in the order of the table.
 */
export function parseMountinfo(text: string): MountRecord[] {
  const records: MountRecord[] = [];
  for (const line of text.split("\n")) {
    const fields = line.split(" ");
    const separator = fields.indexOf("-", 6);
    const mountpoint = fields[4];
    const type = fields[separator + 1];
    if (separator < 0 || mountpoint === undefined || type === undefined) {
      continue;
    }
    records.push({ mountpoint: unescapeField(mountpoint), type });
  }
  return records;
}

/**
 * Mountpoints below a directory, deepest first; the directory itself is left out.
 *
 * @param dir Absolute path without symbolic links.
 */
export function mountsBelow(dir: string): MountRecord[] {
  const prefix = `${dir}/`;
  const table = decodeName(Deno.readFileSync("/proc/self/mountinfo"));
  return parseMountinfo(table)
    .filter((record) => record.mountpoint.startsWith(prefix))
    .sort((a, b) => b.mountpoint.length - a.mountpoint.length);
}
