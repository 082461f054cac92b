/**
 * Compares the files of a layer with what an apply recorded.
 *
 * @module
 */

import { DriverError, messageOf } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { type FileStatus, sameFile } from "../linux/stat.ts";
import { DIFF, EXACT, MANIFEST, quote } from "../store/layout.ts";
import { readLines } from "../store/lines.ts";
import { proveReplay } from "../tree/exact.ts";
import { type ManifestEntry, parseManifest } from "../tree/manifest.ts";
import { OldRecord } from "../tree/record_file.ts";
import {
  compareManifest,
  type Deviation,
  type ManifestDifference,
} from "../tree/verify.ts";
import type { Severity } from "../types.ts";
import type { DirFacts } from "./facts.ts";
import type { Fault } from "./fault.ts";

/** What a difference means, told after the name of the file. */
const MEANINGS: Readonly<Record<Deviation, string>> = {
  missing: "is missing",
  added: "was not there when the layer was filled",
  type: "is of another type",
  empty: "is empty",
  short: "is shorter",
  long: "is longer",
  changed: "has other content",
  target: "leads elsewhere",
  device: "is another device",
  mode: "has another mode",
  owner: "belongs to another",
};

/**
 * Faults of a layer's content; yields after each file, and within large ones.
 *
 * @param home Open home directory.
 * @param layer The layer.
 */
export function* contentFaults(
  home: Dir,
  layer: DirFacts,
): Generator<void, Fault[]> {
  const { name: id } = layer;
  const found = yield* unlessReplaced(
    home,
    `${id}/${MANIFEST}`,
    manifestFaults(home, layer),
  );
  const others = yield* unlessReplaced(
    home,
    `${id}/${EXACT}`,
    archiveFaults(home, layer),
  );
  return [...found, ...others];
}

/**
 * Faults that count if the record is still the one that they were found by:
 * whoever removes a layer, or fills it, takes its records away first.
 */
function* unlessReplaced(
  home: Dir,
  record: string,
  search: Generator<void, Fault[]>,
): Generator<void, Fault[]> {
  const before = tryStat(home, record);
  const found = yield* search;
  const now = found.length > 0 ? tryStat(home, record) : undefined;
  const isSame = before !== undefined && now !== undefined &&
    sameFile(before, now) && before.mtime === now.mtime &&
    before.mtimeNs === now.mtimeNs;
  return isSame ? found : [];
}

function tryStat(home: Dir, path: string): FileStatus | undefined {
  try {
    return home.tryStat(path);
  } catch (error) {
    if (hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}

function* manifestFaults(
  home: Dir,
  layer: DirFacts,
): Generator<void, Fault[]> {
  const { name: id, names, diff } = layer;
  if (!names?.includes(MANIFEST) || diff?.type !== "dir") return [];
  try {
    using dir = home.openDir(id);
    using root = dir.openDir(DIFF);
    const differences = yield* compareManifest(root, readManifest(dir));
    return differences.map((each) => faultOf(layer, each));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    return [cannotCompare(id, error)];
  }
}

/** Whether the archive that a layer was filled from can still be written. */
function* archiveFaults(
  home: Dir,
  { name: id, names, diff }: DirFacts,
): Generator<void, Fault[]> {
  if (!names?.includes(EXACT) || diff?.type !== "dir") return [];
  try {
    using dir = home.openDir(id);
    using root = dir.openDir(DIFF);
    using record = OldRecord.open(dir, EXACT);
    yield* proveReplay(root, record.parts());
    return [];
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    if (!(error instanceof Error && "code" in error)) throw error;
    return [cannotWrite(id, error)];
  }
}

function cannotWrite(id: string, error: Error & { code: unknown }): Fault {
  const malformed = error.code === "EUCLEAN";
  return {
    name: malformed ? "exact-malformed" : "exact-differs",
    severity: "error",
    id,
    path: malformed ? `${id}/${EXACT}` : `${id}/${DIFF}`,
    message: `The archive that layer ${quote(id)} was filled from cannot be ` +
      `given again: ${messageOf(error)}; remove the layer and what stands on ` +
      `it, and pull it again, or delete "${EXACT}", and its diff is another ` +
      "archive of the files as they are",
  };
}

function readManifest(layer: Dir): Map<string, ManifestEntry> {
  if (layer.stat(MANIFEST).type === "file") {
    return parseManifest(readLines(layer, MANIFEST));
  }
  throw new DriverError("EUCLEAN", "Cannot read the manifest: it is no file");
}

function cannotCompare(id: string, error: unknown): Fault {
  if (!(error instanceof Error && "code" in error)) throw error;
  const malformed = error instanceof DriverError;
  return {
    name: malformed ? "manifest-malformed" : "content-unreadable",
    severity: malformed ? "warning" : "error",
    id,
    path: malformed ? `${id}/${MANIFEST}` : `${id}/${DIFF}`,
    message: malformed
      ? `The content of layer ${quote(id)} cannot be compared with what was ` +
        `recorded: ${messageOf(error)}`
      : `The content of layer ${quote(id)} cannot all be read: ${
        messageOf(error)
      }`,
  };
}

function faultOf(
  { name: id, committed }: DirFacts,
  { path, what, expected, found }: ManifestDifference,
): Fault {
  const severity: Severity = committed === undefined ? "warning" : "error";
  const place = path === "" ? `${id}/${DIFF}` : `${id}/${DIFF}/${path}`;
  const values = expected === undefined ? "" : ` (${found}, not ${expected})`;
  return {
    name: `content-${what}`,
    severity,
    id,
    path: place,
    message: `${quote(place)} ${MEANINGS[what]}${values}: it is not what was ` +
      "recorded when the layer was filled" +
      (committed === undefined
        ? ", unless somebody changed it on purpose"
        : "; remove the layer and what stands on it, and pull it again"),
  };
}
