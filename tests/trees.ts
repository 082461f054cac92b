/**
 * Directory trees and changes as plain text, to be compared.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { O_NOFOLLOW, O_RDONLY } from "../src/linux/constants.ts";
import { Dir } from "../src/linux/dir.ts";
import { closeFd, openAt, readFd } from "../src/linux/file.ts";
import { type FileStatus, isWhiteout } from "../src/linux/stat.ts";
import { getXattrAt, listXattrsAt } from "../src/linux/xattr.ts";
import type { Change } from "../src/types.ts";
import { compareNames, decodeName, printableName } from "../src/text.ts";
import { assertEquals } from "./assert.ts";

/** What of a tree counts. */
export interface DescribeOptions {
  /** Whether times of directories count. @default {true} */
  readonly dirTimes?: boolean;
  /** Whether fractions of seconds count. @default {true} */
  readonly fractions?: boolean;
  /** Whether times count at all. @default {true} */
  readonly times?: boolean;
  /** Prefix of the names of extended attributes that count. @default {""} */
  readonly xattrs?: string;
  /** Whether sockets count. @default {true} */
  readonly sockets?: boolean;
}

/**
 * One line for each file below `path`: path, type, mode, owner, time, content,
 * attributes and the first name of the same file.
 */
export function describeTree(
  path: string,
  options: DescribeOptions = {},
): string[] {
  const lines: string[] = [];
  const first = new Map<string, string>();
  using root = Dir.open(path);
  describeDir(root, "", lines, first, options);
  return lines;
}

function describeDir(
  dir: Dir,
  prefix: string,
  lines: string[],
  first: Map<string, string>,
  options: DescribeOptions,
): void {
  const names = dir.names().map(({ name }) => name).sort(compareNames);
  for (const name of names) {
    const status = dir.tryStat(name);
    // A mount lists whiteouts of a directory that merges with nothing.
    if (status === undefined) continue;
    if (status.type === "socket" && options.sockets === false) continue;
    const path = `${prefix}/${name}`;
    const key = `${status.dev}:${status.ino}`;
    const linked = status.type !== "dir" && !isWhiteout(status) &&
      first.get(key);
    if (!linked) first.set(key, path);
    lines.push([
      printableName(path),
      describeStatus(status),
      ...describeTime(status, options),
      ...describeContent(dir, name, status),
      ...describeXattrs(dir, name, options.xattrs ?? ""),
      ...(linked ? [`= ${printableName(linked)}`] : []),
    ].join(" "));
    if (status.type !== "dir") continue;
    using inner = dir.openDir(name);
    describeDir(inner, path, lines, first, options);
  }
}

function describeStatus({ type, mode, uid, gid }: FileStatus): string {
  return `${type} ${mode.toString(8).padStart(4, "0")} ${uid}:${gid}`;
}

function describeTime(
  { type, mtime, mtimeNs }: FileStatus,
  { times = true, dirTimes = true, fractions = true }: DescribeOptions,
): string[] {
  if (!times || (type === "dir" && !dirTimes)) return [];
  return [fractions ? `@${mtime}.${mtimeNs}` : `@${mtime}`];
}

function describeContent(
  dir: Dir,
  name: string,
  status: FileStatus,
): string[] {
  switch (status.type) {
    case "file":
      return [`${status.size}`, digest(readFile(dir, name))];
    case "symlink":
      return [`-> ${printableName(dir.readlink(name))}`];
    case "char":
    case "block":
      return [`${status.rdevMajor}:${status.rdevMinor}`];
    default:
      return [];
  }
}

function digest(bytes: Uint8Array): string {
  if (bytes.length <= 32) return JSON.stringify(decodeName(bytes));
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

/** Content of a file by descriptor, so that its name may be any bytes. */
export function readFile(dir: Dir, name: string): Uint8Array<ArrayBuffer> {
  const fd = openAt(dir, name, O_RDONLY | O_NOFOLLOW);
  try {
    const bytes = new Uint8Array(dir.stat(name).size);
    let at = 0;
    while (at < bytes.length) {
      const count = readFd(fd, bytes.subarray(at), name);
      if (count === 0) break;
      at += count;
    }
    return bytes.slice(0, at);
  } finally {
    closeFd(fd);
  }
}

function describeXattrs(dir: Dir, name: string, prefix: string): string[] {
  return listXattrsAt(dir, name)
    .filter((attribute) => attribute.startsWith(prefix))
    .sort(compareNames)
    .map((attribute) => {
      const value = getXattrAt(dir, name, attribute) ?? new Uint8Array();
      return `${attribute}=${[...value].map((byte) => byte.toString(16))}`;
    });
}

/** Attributes that a container sees and an archive carries. */
const CARRIED = "security.";

/** Fails unless two trees hold the same files, to the second. */
export function assertSameTree(
  actual: string,
  expected: string,
  message?: string,
  options: DescribeOptions = {},
): void {
  const all = {
    fractions: false,
    xattrs: CARRIED,
    sockets: false,
    ...options,
  };
  assertEquals(
    describeTree(actual, all),
    describeTree(expected, all),
    message,
  );
}

/** Names below a directory, sorted by bytes, directories with a slash. */
export function namesIn(path: string): string[] {
  using dir = Dir.open(path);
  return namesBelow(dir, "");
}

function namesBelow(dir: Dir, prefix: string): string[] {
  const found: string[] = [];
  const names = dir.names().map(({ name }) => name).sort(compareNames);
  for (const name of names) {
    const path = `${prefix}${name}`;
    const status = dir.tryStat(name);
    if (status === undefined) continue;
    if (status.type !== "dir") {
      found.push(path);
      continue;
    }
    found.push(`${path}/`);
    using inner = dir.openDir(name);
    found.push(...namesBelow(inner, `${path}/`));
  }
  return found;
}

/** Changes as `A /path`, in their order. */
export function changeLines(changes: readonly Change[]): string[] {
  return changes.map(({ kind, path }) => `${kind} ${path}`);
}
