/**
 * Sizes of containerd's snapshots, by their labels.
 *
 * @module
 */

import { statfsSync } from "node:fs";
import { MNT_DETACH, mountOverlay, unmount } from "../../src/linux/mount.ts";
import { openSnapshots } from "../../src/server/containerd/home.ts";
import type { MountSpec } from "../../src/server/containerd/messages.ts";
import type { Snapshotter } from "../../src/server/containerd/snapshotter.ts";
import { encodeName } from "../../src/text.ts";
import { assert, assertEquals } from "../assert.ts";
import { test } from "./harness.ts";
import { codeOf, EXT4_QUOTA, newHome, type Place, XFS } from "./places.ts";

const MIB = 1024 * 1024;
const SIZE = "containerd.io/snapshot/overlay2.size";

/** Bytes that the directory which mounts write to may hold. */
function capacity(mounts: readonly MountSpec[]): number {
  const { bsize, blocks } = statfsSync(upperOf(mounts));
  return bsize * blocks;
}

function upperOf([mount]: readonly MountSpec[]): string {
  const upper = mount?.options.find((option) => option.startsWith("upperdir="));
  assert(upper !== undefined);
  return upper.slice("upperdir=".length);
}

async function withSnapshots(
  place: Place,
  storageOpts: readonly string[],
  task: (snapshotter: Snapshotter, home: string) => Promise<void>,
): Promise<void> {
  await using home = await newHome(place);
  using open = await openSnapshots({
    home: home.path,
    storageOpts,
    onWarning: () => {},
  });
  const { snapshotter } = open;
  await snapshotter.prepare({ key: "k", parent: "", labels: {} });
  await snapshotter.commit({ key: "k", name: "base", labels: {} });
  await task(snapshotter, home.path);
  await snapshotter.settle();
}

/** Writes four times a quarter of a mebibyte, for each one. */
function write(path: string, mebibytes: number): void {
  using file = Deno.openSync(path, { write: true, create: true });
  const chunk = new Uint8Array(MIB / 4);
  for (let i = 0; i < mebibytes * 4; i++) file.writeSync(chunk);
  file.syncSync();
}

function testPlace(place: Place): void {
  const on = `on ${place.name}`;

  test(`a label ends a snapshot's growth ${on}`, async () => {
    await withSnapshots(place, [], async (snapshotter, home) => {
      const labels = { [SIZE]: "4M" };
      const request = { key: "small", parent: "base", labels };
      const mounts = await snapshotter.prepare(request);
      const target = `${home}-mount`;
      Deno.mkdirSync(target);
      const options = mounts[0]!.options.join(",");
      mountOverlay(target, encodeName(`${options}\0`));
      try {
        write(`${target}/fits`, 3);
        const code = await codeOf(() => write(`${target}/too-much`, 2));
        assert(["EDQUOT", "ENOSPC"].includes(code), code);
      } finally {
        unmount(target, MNT_DETACH);
      }
      assertEquals(capacity(mounts), 4 * MIB);
    });
  });

  test(`overlay2.size limits snapshots, but not those that images are unpacked into ${on}`, async () => {
    await withSnapshots(place, ["overlay2.size=8M"], async (snapshotter) => {
      const prepare = async (key: string, labels = {}) =>
        capacity(await snapshotter.prepare({ key, parent: "base", labels }));
      assertEquals(await prepare("default/5/c1"), 8 * MIB);
      assertEquals(await prepare("default/6/c2", { [SIZE]: "16M" }), 16 * MIB);
      assert(await prepare("default/7/extract-1-a sha256:0") > 100 * MIB);
    });
  });
}

/** Registers the tests. */
export function testSnapshots(): void {
  testPlace(EXT4_QUOTA);
  testPlace(XFS);
}
