/**
 * The mount table: /proc/self/mountinfo, see proc_pid_mountinfo(5).
 *
 * Reading it costs in proportion to all mounts of the machine. To learn whether
 * one directory is a mountpoint, ask `FileStatus.mountRoot` instead; to learn that
 * nothing is mounted on a whole mount, {@linkcode mayHoldMounts}.
 *
 * @module
 */

import { decodeName, encodeName } from "../text.ts";
import { AT_FDCWD, O_RDONLY, SYS } from "./constants.ts";
import { closeFd, openAt, readFd } from "./file.ts";
import { libc } from "./libc.ts";
import { mountNumber } from "./stat.ts";

/** One mounted file system. */
export interface MountRecord {
  /** Absolute path of the mountpoint. */
  readonly mountpoint: string;
  /** Type, such as `"overlay"`. */
  readonly type: string;
  /** Options of the file system, such as `"rw,lowerdir+=/a"`; values are still escaped. */
  readonly options: string;
}

/** Undoes the octal escapes (`\040`) of the table. */
export function unescapeField(field: string): string {
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

/** Escapes a path as the table does. */
function escapeField(path: string): string {
  return path.replace(
    /[ \t\n\\]/g,
    (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}

const FIRST_SIZE = 16 * 1024;

/** Reads a file whose size the kernel does not tell. */
function readText(path: string): string {
  const fd = openAt({ fd: AT_FDCWD, path: "" }, path, O_RDONLY);
  try {
    let bytes = new Uint8Array(FIRST_SIZE);
    for (let length = 0;;) {
      if (length === bytes.length) bytes = enlarged(bytes);
      const count = readFd(fd, bytes.subarray(length), path);
      if (count === 0) return decodeName(bytes, 0, length);
      length += count;
    }
  } finally {
    closeFd(fd);
  }
}

function enlarged(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
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
    const options = fields[separator + 3] ?? "";
    records.push({ mountpoint: unescapeField(mountpoint), type, options });
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
  const table = readText("/proc/self/mountinfo");
  if (!table.includes(escapeField(prefix))) return [];
  return parseMountinfo(table)
    .filter((record) => record.mountpoint.startsWith(prefix))
    .sort((a, b) => b.mountpoint.length - a.mountpoint.length);
}

/** `struct mnt_id_req`: its size, and the mount that is asked about. */
const request = new BigUint64Array([24n, 0n, 0n]);
const requestBytes = new Uint8Array(request.buffer);
const firstMount = new Uint8Array(8);

/**
 * Tells whether anything may be mounted somewhere on the mount that an open
 * directory is in, at a cost that does not depend on other mounts.
 *
 * @param fd Descriptor of the directory.
 * @returns `false` if the kernel says that there is nothing (since 6.8).
 */
export function mayHoldMounts(fd: number): boolean {
  const mount = mountNumber(fd);
  if (mount === undefined) return true;
  request[1] = mount;
  const { listmount } = SYS;
  return libc.listmount(listmount, requestBytes, firstMount, 1n, 0) !== 0;
}

/**
 * Mounts of other mount namespaces, as far as this process may look at them.
 *
 * @returns The mounts of each namespace that is not our own.
 */
export function mountsElsewhere(): MountRecord[] {
  const seen = new Set([namespaceOf("self")]);
  const found: MountRecord[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const namespace = namespaceOf(name);
    if (namespace === undefined || seen.has(namespace)) continue;
    seen.add(namespace);
    found.push(...readTable(name));
  }
  return found;
}

/** Which mount namespace a process is in; `undefined` if it is gone or hidden. */
function namespaceOf(process: string): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${process}/ns/mnt`);
  } catch {
    return undefined;
  }
}

function readTable(process: string): MountRecord[] {
  try {
    const bytes = Deno.readFileSync(`/proc/${process}/mountinfo`);
    return parseMountinfo(decodeName(bytes));
  } catch {
    return []; // It ended meanwhile.
  }
}
