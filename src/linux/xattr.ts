/**
 * Extended attributes by descriptor.
 *
 * Files that must not be opened (links, devices) are reached as
 * `/proc/self/fd/N/name`, since the kernel has no `*xattrat` before 6.13.
 *
 * @module
 */

import { decodeName } from "../text.ts";
import { procPath } from "./dir.ts";
import {
  checked,
  cString,
  cString2,
  failure,
  lastErrno,
  libc,
  type Place,
} from "./libc.ts";

/** Largest value, and largest list of names, on Linux, in bytes. */
const XATTR_SIZE_MAX = 65536;
const scratch = new Uint8Array(XATTR_SIZE_MAX);
const ROOM = BigInt(XATTR_SIZE_MAX);
/** Offered first: the kernel sets as much aside for each call as it is offered. */
const USUAL = 1024n;
const ERANGE = 34;
/** A file system without attributes has none. */
const EOPNOTSUPP = 95;
const ENODATA = 61;

/** Makes a call that fills the buffer; -1 if there is no such attribute. */
function fill(
  call: (room: bigint) => number,
  syscall: string,
  place: Place | string,
  name?: string,
): number {
  const length = call(USUAL);
  if (length >= 0) return length;
  const errno = lastErrno();
  if (errno === ENODATA || errno === EOPNOTSUPP) return -1;
  if (errno !== ERANGE) throw failure(errno, syscall, place, name);
  return checked(call(ROOM), syscall, place, name);
}

interface Directory extends Place {
  readonly fd: number;
}

/**
 * Reads an attribute of an open file.
 *
 * @param fd Descriptor.
 * @param name Full name, such as `"trusted.overlay.opaque"`.
 * @param path Path for the error message.
 * @returns Its value; `undefined` if there is none.
 */
export function getXattrFd(
  fd: number,
  name: string,
  path: string,
): Uint8Array<ArrayBuffer> | undefined {
  const attribute = cString(name);
  const read = (room: bigint) => libc.fgetxattr(fd, attribute, scratch, room);
  return value(fill(read, "fgetxattr", path));
}

/** Reads an attribute of `file` in `dir`, which is not followed. */
export function getXattrAt(
  dir: Directory,
  file: string,
  name: string,
): Uint8Array<ArrayBuffer> | undefined {
  const path = cString(procPath(dir, file));
  const attribute = cString2(name);
  const read = (room: bigint) => libc.lgetxattr(path, attribute, scratch, room);
  return value(fill(read, "lgetxattr", dir, file));
}

function value(length: number): Uint8Array<ArrayBuffer> | undefined {
  return length < 0 ? undefined : scratch.slice(0, length);
}

/** Names of the attributes of an open file. */
export function listXattrsFd(fd: number, path: string): string[] {
  const list = (room: bigint) => libc.flistxattr(fd, scratch, room);
  return splitNames(fill(list, "flistxattr", path));
}

/** Names of the attributes of `file` in `dir`, which is not followed. */
export function listXattrsAt(dir: Directory, file: string): string[] {
  const path = cString(procPath(dir, file));
  const list = (room: bigint) => libc.llistxattr(path, scratch, room);
  return splitNames(fill(list, "llistxattr", dir, file));
}

const NONE: string[] = [];

function splitNames(length: number): string[] {
  if (length <= 0) return NONE;
  return decodeName(scratch, 0, length - 1).split("\0");
}

/** Sets an attribute of an open file. */
export function setXattrFd(
  fd: number,
  name: string,
  value: Uint8Array,
  path: string,
): void {
  const attribute = cString(name);
  const bytes = value as Uint8Array<ArrayBuffer>;
  const size = BigInt(value.length);
  checked(libc.fsetxattr(fd, attribute, bytes, size, 0), "fsetxattr", path);
}

/** Sets an attribute of `file` in `dir`, which is not followed. */
export function setXattrAt(
  dir: Directory,
  file: string,
  name: string,
  value: Uint8Array,
): void {
  const path = cString(procPath(dir, file));
  const attribute = cString2(name);
  const bytes = value as Uint8Array<ArrayBuffer>;
  const size = BigInt(value.length);
  checked(
    libc.lsetxattr(path, attribute, bytes, size, 0),
    "lsetxattr",
    dir,
    file,
  );
}

/** Removes an attribute of `file` in `dir`, which is not followed. */
export function removeXattrAt(
  dir: Directory,
  file: string,
  name: string,
): void {
  const path = cString(procPath(dir, file));
  const attribute = cString2(name);
  checked(libc.lremovexattr(path, attribute), "lremovexattr", dir, file);
}
