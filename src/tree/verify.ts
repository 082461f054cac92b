/**
 * Compares a tree with its manifest.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { describeTree, type ManifestEntry } from "./manifest.ts";

/** How a file can differ from what a manifest says. */
export type Deviation =
  | "missing"
  | "added"
  | "type"
  | "empty"
  | "short"
  | "long"
  | "changed"
  | "target"
  | "device"
  | "mode"
  | "owner";

/** One way in which a file differs from its manifest. */
export interface ManifestDifference {
  /** Path from the root of the tree, without a leading slash; `""` is the root. */
  readonly path: string;
  /** How it differs. */
  readonly what: Deviation;
  /** What the manifest says, as text for a message. */
  readonly expected?: string;
  /** What lies on the disk, as text for a message. */
  readonly found?: string;
}

/**
 * Finds what is not as the manifest says; yields after each file, and within
 * large ones.
 *
 * @param root Root of the tree; stays open.
 * @param manifest Entries by path; used up.
 * @returns Differences in the order of an archive; missing files come last.
 * @throws {SyscallError} if anything cannot be read.
 */
export function* compareManifest(
  root: Dir,
  manifest: Map<string, ManifestEntry>,
): Generator<void, ManifestDifference[]> {
  const found: ManifestDifference[] = [];
  for (const now of describeTree(root)) {
    if (now !== undefined) {
      found.push(...differences(manifest.get(now.path), now));
      manifest.delete(now.path);
    }
    yield;
  }
  for (const path of manifest.keys()) found.push({ path, what: "missing" });
  return found;
}

function differences(
  then: ManifestEntry | undefined,
  now: ManifestEntry,
): ManifestDifference[] {
  const { path } = now;
  if (then === undefined) return [{ path, what: "added" }];
  if (then.type !== now.type) {
    return [{ path, what: "type", expected: then.type, found: now.type }];
  }
  const pairs: [Deviation, unknown, unknown][] = [
    [sizeDeviation(then, now), then.size, now.size],
    ["changed", then.sha256, sameSize(then, now) ? now.sha256 : then.sha256],
    ["target", then.target, now.target],
    ["device", then.device, now.device],
    ["mode", octal(then), octal(now)],
    ["owner", `${then.uid}:${then.gid}`, `${now.uid}:${now.gid}`],
  ];
  return pairs.filter(([, expected, real]) => expected !== real)
    .map(([what, expected, real]) => ({
      path,
      what,
      expected: `${expected}`,
      found: `${real}`,
    }));
}

function sameSize(then: ManifestEntry, now: ManifestEntry): boolean {
  return then.size === now.size;
}

function sizeDeviation(then: ManifestEntry, now: ManifestEntry): Deviation {
  if (now.size === 0) return "empty";
  return (now.size ?? 0) < (then.size ?? 0) ? "short" : "long";
}

/** A symbolic link has no mode of its own. */
function octal({ type, mode }: ManifestEntry): string {
  return type === "symlink" ? "" : mode.toString(8).padStart(4, "0");
}
