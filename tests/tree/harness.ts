/**
 * Trees packed and unpacked without a driver.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { TarReader } from "../../src/tar/reader.ts";
import { Archive, encoded } from "../../src/tree/archive.ts";
import { SAME_OWNERS } from "../../src/tree/owners.ts";
import type { PackSettings } from "../../src/tree/pack.ts";
import { packChanges, packLayer } from "../../src/tree/pack_tree.ts";
import { Unpacker, type UnpackSettings } from "../../src/tree/unpack.ts";
import type { Change } from "../../src/types.ts";
import { TempDir } from "../fixtures.ts";
import { join } from "../tar/fixture.ts";

/** What was warned of, for settings that collect it. */
export interface Warnings {
  /** Messages so far. */
  readonly warnings: string[];
}

/** Settings of an unpacker for a plain tree, as overlayfs's upper directory. */
export function unpackSettings(
  changed: Partial<UnpackSettings> = {},
): UnpackSettings & Warnings {
  const warnings: string[] = [];
  return {
    namespace: "trusted.overlay.",
    owners: SAME_OWNERS,
    whiteouts: "mark",
    fresh: true,
    skipDevices: false,
    warn: (message) => void warnings.push(message),
    warnings,
    ...changed,
  };
}

/** Unpacks an archive into a directory. */
export function unpack(
  path: string,
  bytes: Uint8Array,
  settings: UnpackSettings = unpackSettings(),
): Unpacker {
  using root = Dir.open(path);
  using unpacker = new Unpacker(root, settings);
  const reader = new TarReader(unpacker);
  for (let at = 0; at < bytes.length;) {
    at += reader.push(bytes.subarray(at));
    finished(unpacker.takeWork() ?? []);
  }
  reader.finish();
  finished(unpacker.finish());
  return unpacker;
}

/** Runs work to its end at once. */
function finished(work: Iterable<void>): void {
  for (const _ of work);
}

/** Settings of a packer. */
export function packSettings(
  changed: Partial<PackSettings> = {},
): PackSettings & Warnings {
  const warnings: string[] = [];
  return {
    namespace: "trusted.overlay.",
    owners: SAME_OWNERS,
    warn: (message) => void warnings.push(message),
    warnings,
    ...changed,
  };
}

/** Archives an upper directory. */
export function pack(
  path: string,
  settings: PackSettings = packSettings(),
): Uint8Array<ArrayBuffer> {
  using root = Dir.open(path);
  using archive = new Archive(encoded(packLayer(root, settings)));
  return drain(archive);
}

/** Archives the files that changes name. */
export function packOf(
  path: string,
  changes: readonly Change[],
  settings: PackSettings = packSettings(),
): Uint8Array<ArrayBuffer> {
  using root = Dir.open(path);
  using archive = new Archive(encoded(packChanges(root, changes, settings)));
  return drain(archive);
}

/** All bytes of an archive, in pieces of odd length. */
export function drain(archive: Archive): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const buffer = new Uint8Array(777);
    const length = archive.fill(buffer);
    if (length === 0) return join(...chunks);
    chunks.push(buffer.subarray(0, length));
  }
}

/** Two empty directories in memory. */
export class TwoTrees implements Disposable {
  readonly #temp: TempDir = new TempDir("overlay2_tree_");
  /** One of them. */
  readonly one: string;
  /** The other. */
  readonly other: string;

  /** Makes them. */
  constructor() {
    this.#temp.useMemory();
    this.one = `${this.#temp.path}/one`;
    this.other = `${this.#temp.path}/other`;
    Deno.mkdirSync(this.one);
    Deno.mkdirSync(this.other);
  }

  [Symbol.dispose](): void {
    this.#temp[Symbol.dispose]();
  }
}
