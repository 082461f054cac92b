/**
 * What a tree holds, file by file, as lines of text: written when a layer is
 * filled, compared when somebody asks whether it is still whole.
 *
 * Each line is a JSON object: a heading, one entry for each file in the order of
 * an archive, the root first, and an end with the number of entries.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { DriverError } from "../errors.ts";
import { O_NOFOLLOW, O_RDONLY } from "../linux/constants.ts";
import type { Dir } from "../linux/dir.ts";
import { closeFd, openAt, readFd } from "../linux/file.ts";
import type { FileStatus, FileType } from "../linux/stat.ts";
import { walk } from "./walk.ts";

/** One file as a manifest describes it. */
export interface ManifestEntry {
  /** Path from the root of the tree, without a leading slash; `""` is the root. */
  readonly path: string;
  /** What it is. */
  readonly type: FileType;
  /** Permission, suid, sgid and sticky bits. */
  readonly mode: number;
  /** Owner. */
  readonly uid: number;
  /** Group. */
  readonly gid: number;
  /** Size of a regular file in bytes. */
  readonly size?: number;
  /** SHA-256 of a regular file's content, in hexadecimal digits. */
  readonly sha256?: string;
  /** Text of a symbolic link. */
  readonly target?: string;
  /** Major and minor number of a device. */
  readonly device?: string;
}

const HEADING = JSON.stringify({ overlay2: "manifest", version: 1 });

/** Bytes hashed between two rests. */
const CHUNK = 128 * 1024;
const buffer = new Uint8Array(CHUNK);

/**
 * Describes a tree; `undefined` is a place to rest.
 *
 * @param root Root of the tree; stays open.
 * @throws {SyscallError} if anything cannot be read.
 */
export function* recordTree(root: Dir): Generator<string | undefined> {
  let entries = 0;
  yield HEADING;
  for (const described of describeTree(root)) {
    if (described !== undefined) entries++;
    yield described && JSON.stringify(described);
  }
  yield JSON.stringify({ entries });
}

/**
 * Describes each file of a tree, the root first; `undefined` is a place to rest.
 *
 * @param root Root of the tree; stays open.
 */
export function* describeTree(
  root: Dir,
): Generator<ManifestEntry | undefined> {
  yield basics("", root.self());
  for (const { path, name, parent, status } of walk(root)) {
    const entry = basics(path, status);
    switch (status.type) {
      case "file":
        yield { ...entry, ...yield* contentOf(parent, name) };
        break;
      case "symlink":
        yield { ...entry, target: parent.readlink(name) };
        break;
      case "char":
      case "block":
        yield { ...entry, device: `${status.rdevMajor}:${status.rdevMinor}` };
        break;
      default:
        yield entry;
    }
  }
}

function basics(path: string, status: FileStatus): ManifestEntry {
  const { type, mode, uid, gid } = status;
  return { path, type, mode, uid, gid };
}

function* contentOf(
  parent: Dir,
  name: string,
): Generator<undefined, { size: number; sha256: string }> {
  const path = `${parent.path}/${name}`;
  const fd = openAt(parent, name, O_RDONLY | O_NOFOLLOW);
  try {
    const hash = createHash("sha256");
    for (let size = 0;;) {
      const length = readFd(fd, buffer, path);
      if (length === 0) return { size, sha256: hash.digest("hex") };
      hash.update(buffer.subarray(0, length));
      size += length;
      yield undefined;
    }
  } finally {
    closeFd(fd);
  }
}

/**
 * Reads a manifest.
 *
 * @param lines What {@linkcode recordTree} made.
 * @returns Its entries by path.
 * @throws {DriverError} `EUCLEAN` if it is malformed or cut short.
 */
export function parseManifest(
  lines: Iterable<string>,
): Map<string, ManifestEntry> {
  const found = new Map<string, ManifestEntry>();
  let heading: string | undefined;
  let end: unknown;
  for (const line of lines) {
    if (heading === undefined) heading = line;
    else if (end !== undefined) throw malformed("it goes on after its end");
    else {
      const value = parseLine(line);
      if (isEntry(value)) found.set(value.path, value);
      else end = value.entries ?? "nothing";
    }
  }
  if (heading !== HEADING) throw malformed("it does not begin as one");
  if (end === undefined) throw malformed("it is cut short");
  if (end !== found.size) throw malformed("entries are missing");
  return found;
}

function parseLine(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // Told below, as any other line that is none.
  }
  throw malformed("a line is not an object of JSON");
}

function isEntry(
  value: Record<string, unknown>,
): value is Record<string, unknown> & ManifestEntry {
  return typeof value.path === "string" && typeof value.type === "string" &&
    typeof value.mode === "number" && typeof value.uid === "number" &&
    typeof value.gid === "number";
}

function malformed(fault: string): DriverError {
  return new DriverError("EUCLEAN", `Cannot read the manifest: ${fault}`);
}
