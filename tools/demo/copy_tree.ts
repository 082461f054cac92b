/**
 * Copies a directory tree with modes, owners and times, as `cp -a` does.
 *
 * @module
 */

import { lchownSync } from "node:fs";

/** What was copied. */
export interface Copied {
  /** Number of files, directories and links. */
  entries: number;
  /** Bytes of regular files. */
  bytes: number;
}

/**
 * Copies a file of any type; sockets and devices are left out, and so are
 * files that vanish meanwhile and names that are not UTF-8.
 *
 * @param from Path of the file.
 * @param to Where the copy goes; its directory exists.
 * @param copied Is counted up.
 */
export function copyTree(from: string, to: string, copied: Copied): void {
  const info = Deno.lstatSync(from);
  if (info.isSymlink) Deno.symlinkSync(Deno.readLinkSync(from), to);
  else if (info.isFile) Deno.copyFileSync(from, to);
  else if (info.isDirectory) copyDirectory(from, to, copied);
  else return;
  copied.entries += 1;
  copied.bytes += info.isFile ? info.size : 0;
  lchownSync(to, info.uid ?? 0, info.gid ?? 0);
  if (info.isSymlink) return;
  Deno.chmodSync(to, info.mode! & 0o7777);
  Deno.utimeSync(to, info.mtime ?? 0, info.mtime ?? 0);
}

function copyDirectory(from: string, to: string, copied: Copied): void {
  Deno.mkdirSync(to);
  for (const { name } of Deno.readDirSync(from)) {
    try {
      copyTree(`${from}/${name}`, `${to}/${name}`, copied);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
