/**
 * One layer as its files say it is.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { sameFile } from "../linux/stat.ts";
import { NO_FILE, readSmall } from "./files.ts";
import {
  checkId,
  COMMITTED,
  DIFF,
  idOfTarget,
  isShortName,
  LINK,
  LINKS,
  LOWER,
  MERGED,
  parseLower,
  quote,
  WORK,
} from "./layout.ts";

/** A layer on record. Paths are relative to the home. */
export interface Layer {
  /** Its id. */
  readonly id: string;
  /** Directory of its own content. */
  readonly diff: string;
  /** Directory that overlayfs works in. */
  readonly work: string;
  /** Where it is mounted. */
  readonly merged: string;
  /** Short link to it, as its children list it. */
  readonly link: string;
  /** Short links to the layers below, nearest first; empty for a base layer. */
  readonly lowers: readonly string[];
  /** Whether it was ever a parent, so that it is mounted read-only. */
  readonly committed: boolean;
}

/** Makes the error of a layer whose files are unusable. */
export function corrupt(id: string, fault: string): DriverError {
  return new DriverError(
    "EUCLEAN",
    `Cannot read layer ${quote(id)}: ${fault}`,
  );
}

function missing(id: string): DriverError {
  return new DriverError(
    "ENOENT",
    `Cannot read layer ${quote(id)}: it does not exist`,
  );
}

/** Makes the error of a layer that stands on one that is gone. */
export function lowerIsGone(layer: Layer, lower: string): DriverError {
  return corrupt(layer.id, `its lower layer ${quote(lower)} is gone`);
}

/** Whether a layer is there with a directory of its own content. */
export function hasContent(home: Dir, id: string): boolean {
  try {
    return home.tryStat(`${id}/${DIFF}`)?.type === "dir";
  } catch (error) {
    if (hasCode(error, "ENOTDIR", "ELOOP")) return false;
    throw error;
  }
}

/**
 * Opens a layer's directory.
 *
 * @throws {DriverError} `EINVAL` for an impossible id, `ENOENT` if there is no
 * such layer, `EUCLEAN` if it is not a directory.
 */
export function openLayer(home: Dir, id: string): Dir {
  checkId(id);
  try {
    const dir = home.tryOpenDir(id);
    if (dir !== undefined) return dir;
  } catch (error) {
    if (!hasCode(error, "ENOTDIR", "ELOOP")) throw error;
    throw corrupt(id, "it is not a directory");
  }
  throw missing(id);
}

/**
 * Reads a layer's record.
 *
 * @param home Open home directory.
 * @param id Id of the layer.
 * @throws {DriverError} `EINVAL`, `ENOENT`, and `EUCLEAN` if its files are malformed.
 */
export function readLayer(home: Dir, id: string): Layer {
  return readLayerWith(home, id, (layer) => layer);
}

/**
 * Reads a layer's record and what follows from it, all of one moment: a layer
 * that is removed meanwhile, file by file, is missing rather than corrupt.
 *
 * @param home Open home directory.
 * @param id Id of the layer.
 * @param follow Reads more; called again if the layer was made anew meanwhile.
 * @returns What `follow` returns.
 * @throws {DriverError} `EINVAL`, `ENOENT`, and `EUCLEAN` if its files are malformed.
 */
export function readLayerWith<T>(
  home: Dir,
  id: string,
  follow: (layer: Layer) => T,
): T {
  for (;;) {
    using dir = openLayer(home, id);
    try {
      const result = follow(readRecord(dir, id));
      if (isStillThere(home, id, dir)) return result;
    } catch (error) {
      if (isStillThere(home, id, dir)) throw error;
    }
  }
}

/** Removal takes a layer's name away before any of its files. */
function isStillThere(home: Dir, id: string, dir: Dir): boolean {
  const now = home.tryStat(id);
  return now !== undefined && sameFile(now, dir.self());
}

/**
 * Reads the record of a layer that is locked, so that it stays as it is.
 *
 * @param dir The layer's directory.
 * @param id Id of the layer.
 * @throws {DriverError} `EUCLEAN` if its files are malformed.
 */
export function readRecord(dir: Dir, id: string): Layer {
  const committed = dir.tryStat(COMMITTED) !== undefined;
  if (dir.tryStat(DIFF)?.type !== "dir") {
    throw corrupt(id, `it has no directory "${DIFF}"`);
  }
  return {
    id,
    link: readLink(dir, id),
    diff: `${id}/${DIFF}`,
    work: `${id}/${WORK}`,
    merged: `${id}/${MERGED}`,
    lowers: readLowers(dir, id),
    committed,
  };
}

/** Makes the error of a layer that did not stay as it was while it was read. */
export function wentAway(layer: Layer): DriverError {
  return new DriverError(
    "EIO",
    `Cannot read layer ${quote(layer.id)}: it was removed or filled meanwhile`,
  );
}

/**
 * Opens a layer's own directory.
 *
 * @param home Open home directory.
 * @param layer Layer on record.
 * @throws {DriverError} `ENOENT` if it was removed since its record was read,
 * `EIO` if another one took its place.
 */
export function openDiff(home: Dir, layer: Layer): Dir {
  try {
    using dir = openLayer(home, layer.id);
    if (readLink(dir, layer.id) === layer.link) return dir.openDir(DIFF);
  } catch (error) {
    if (readLayer(home, layer.id).link === layer.link) throw error;
  }
  throw wentAway(layer);
}

/** Reads a file of a layer's record; nothing else in its place is followed. */
function readPart(dir: Dir, id: string, name: string): string | undefined {
  try {
    return readSmall(dir, name);
  } catch (error) {
    if (!hasCode(error, ...NO_FILE)) throw error;
    throw corrupt(id, `its "${name}" is not a file`);
  }
}

function readLowers(dir: Dir, id: string): readonly string[] {
  const text = readPart(dir, id, LOWER);
  if (text === undefined) return [];
  const lowers = parseLower(text);
  if (lowers !== undefined) return lowers;
  throw corrupt(
    id,
    text === ""
      ? `its file "${LOWER}" is empty`
      : `its file "${LOWER}" does not list short links`,
  );
}

/** Reads which short link leads to a layer. */
export function readLink(dir: Dir, id: string): string {
  return `${LINKS}/${readShortName(dir, id)}`;
}

/** Reads the short name of a layer. */
export function readShortName(dir: Dir, id: string): string {
  const text = readPart(dir, id, LINK);
  if (text === undefined) throw corrupt(id, `it has no file "${LINK}"`);
  if (!isShortName(text)) {
    throw corrupt(
      id,
      text === ""
        ? `its file "${LINK}" is empty`
        : `its file "${LINK}" does not hold a short name`,
    );
  }
  return text;
}

/**
 * Ids of the layers below, nearest first.
 *
 * @param home Open home directory.
 * @param layer Layer on record.
 * @throws {DriverError} `EUCLEAN` if a short link is missing or leads elsewhere.
 */
export function lowerIds(home: Dir, layer: Layer): string[] {
  return layer.lowers.map((lower) => lowerId(home, layer, lower));
}

function lowerId(home: Dir, layer: Layer, lower: string): string {
  let target: string;
  try {
    target = home.readlink(lower);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "EINVAL", "ENOTDIR")) throw error;
    throw corrupt(layer.id, `its lower ${quote(lower)} is not a short link`);
  }
  const id = idOfTarget(target);
  if (id !== undefined) return id;
  throw corrupt(
    layer.id,
    `its lower ${quote(lower)} leads to ${quote(target)}, not to a layer`,
  );
}

/** Id of the layer directly below; `undefined` for a base layer. */
export function parentId(home: Dir, layer: Layer): string | undefined {
  const nearest = layer.lowers[0];
  return nearest === undefined ? undefined : lowerId(home, layer, nearest);
}
