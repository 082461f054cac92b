/**
 * Which file system a path is on: statfs(2).
 *
 * @module
 */

import { checked, cString, libc } from "./libc.ts";

const buffer = new Uint8Array(256);
const view = new DataView(buffer.buffer);

/**
 * Reads the magic number of the file system at `path`.
 *
 * @param path Any existing path.
 * @returns The number as unsigned 32 bits, such as `0xef53` for ext4.
 */
export function fsMagic(path: string): number {
  const name = cString(path);
  checked(libc.statfs(name, buffer), "statfs", path);
  return view.getUint32(0, true);
}
