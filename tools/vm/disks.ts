/**
 * The disks of the virtual machine: raw images, made and described here, mounted
 * by `init.sh` below `/mnt`.
 *
 * @module
 */

import { run } from "./needs.ts";

/** A disk, with one file system on all of it. */
export interface Disk {
  /** Name of its image, and of the directory below `/mnt`. */
  readonly name: string;
  /** File system, as `mkfs` and `mount` know it. */
  readonly type: "ext4" | "xfs";
  /** Arguments of `mkfs`, beside those that keep it quiet. */
  readonly mkfs?: readonly string[];
  /** Options of `mount`. */
  readonly mount?: string;
}

const SIZE = 512 * 1024 * 1024;

/**
 * Makes the images of disks.
 *
 * @param dir Directory for them.
 * @param disks What to make.
 * @returns Their paths, in the same order.
 */
export async function makeDisks(
  dir: string,
  disks: readonly Disk[],
): Promise<string[]> {
  const paths: string[] = [];
  for (const { name, type, mkfs = [] } of disks) {
    const path = `${dir}/${name}`;
    await Deno.writeFile(path, new Uint8Array());
    await Deno.truncate(path, SIZE);
    const quiet = type === "ext4" ? "-qF" : "-qf";
    await run(`mkfs.${type}`, [quiet, ...mkfs, path]);
    paths.push(path);
  }
  return paths;
}

/**
 * Describes disks for `init.sh`: a line of name, type, options and device each.
 *
 * @param disks In the order in which the machine has them.
 */
export function mountTable(disks: readonly Disk[]): string {
  return disks.map(({ name, type, mount = "defaults" }, i) =>
    `${name} ${type} ${mount} /dev/vd${String.fromCharCode(97 + i)}\n`
  ).join("");
}
