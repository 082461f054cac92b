/**
 * Labels of snapshots: those that say how a layer is made, and field masks; pure.
 *
 * @module
 */

import { quote, SnapshotError } from "./fault.ts";
import type { Labels } from "./messages.ts";

/** Limits the bytes of a snapshot, such as `"10G"`. */
export const SIZE_LABEL = "containerd.io/snapshot/overlay2.size";
/** Limits the files of a snapshot. */
export const INODES_LABEL = "containerd.io/snapshot/overlay2.inodes";

/** Ask for mounts whose owners the kernel maps, which are not made here. */
const ID_MAP_LABELS = [
  "containerd.io/snapshot/uidmapping",
  "containerd.io/snapshot/gidmapping",
];

/**
 * Limits of a layer that its labels ask for, as options of the driver.
 *
 * @throws {SnapshotError} `UNIMPLEMENTED` if they ask for owners to be mapped.
 */
export function storageOptOf(labels: Labels): Record<string, string> {
  const map = ID_MAP_LABELS.find((label) => Object.hasOwn(labels, label));
  if (map !== undefined) {
    throw new SnapshotError(
      "UNIMPLEMENTED",
      `Cannot make a snapshot with label ${map}: owners are not mapped here`,
    );
  }
  const size = labels[SIZE_LABEL];
  const inodes = labels[INODES_LABEL];
  return { ...size && { size }, ...inodes && { inodes } };
}

/** Prefix of a path that names one label. */
const ONE = "labels.";

/**
 * Changes labels as an update asks.
 *
 * @param labels The labels so far.
 * @param given The labels of the request.
 * @param paths Its field mask: `"labels"`, `"labels.NAME"`; none means
 * `"labels"`. A label of the mask that is not given goes away.
 * @throws {SnapshotError} `INVALID_ARGUMENT` for any other field.
 */
export function updatedLabels(
  labels: Labels,
  given: Labels,
  paths: readonly string[],
): Labels {
  if (paths.length === 0) return given;
  let updated = labels;
  for (const path of paths) {
    if (path === "labels") updated = given;
    else if (path.startsWith(ONE)) {
      const name = path.slice(ONE.length);
      const value = Object.hasOwn(given, name) ? given[name]! : "";
      updated = { ...updated, [name]: value };
    } else {
      throw new SnapshotError(
        "INVALID_ARGUMENT",
        `Cannot update field ${quote(path)}: only labels can be changed`,
      );
    }
  }
  return updated;
}
