/**
 * Archives to work with, the same at every run.
 *
 * @module
 */

import { plainEntry } from "../src/tar/entry.ts";
import { HeaderEncoder, padding, TAR_END } from "../src/tar/writer.ts";

const DIRS = 400;
const FILES_PER_DIR = 50;
const BIG_FILES = 8;
const BIG_SIZE = 64 << 20;
const CHUNK = 1 << 20;

/** How many files {@linkcode writeSmall} packs. */
export const SMALL_FILES: number = DIRS * FILES_PER_DIR;

function entry(
  name: string,
  type: string,
  size: number,
): ReturnType<typeof plainEntry> {
  const made = plainEntry(name, type);
  made.mode = type === "5" ? 0o755 : 0o644;
  made.mtime = { seconds: 1_600_000_000, nanoseconds: 0 };
  made.size = size;
  return made;
}

/** Writes an archive of 20,000 files of 1 to 4 KiB in 400 directories. */
export async function writeSmall(path: string): Promise<void> {
  using file = await Deno.create(path);
  const encoder = new HeaderEncoder();
  const content = new Uint8Array(4096).fill(0x78);
  for (let dir = 0; dir < DIRS; dir++) {
    const parts = [encoder.encode(entry(`d${dir}/`, "5", 0)).slice()];
    for (let i = 0; i < FILES_PER_DIR; i++) {
      const size = 1024 + (dir * 7919 + i * 104729) % 3072;
      parts.push(encoder.encode(entry(`d${dir}/f${i}`, "0", size)).slice());
      parts.push(content.slice(0, size), new Uint8Array(padding(size)));
    }
    file.writeSync(await new Blob(parts as BlobPart[]).bytes());
  }
  file.writeSync(TAR_END);
}

/** Writes an archive of 8 files of 64 MiB. */
export async function writeBig(path: string): Promise<void> {
  using file = await Deno.create(path);
  const encoder = new HeaderEncoder();
  const chunk = new Uint8Array(CHUNK).fill(0x79);
  for (let i = 0; i < BIG_FILES; i++) {
    file.writeSync(encoder.encode(entry(`b${i}`, "0", BIG_SIZE)));
    for (let at = 0; at < BIG_SIZE; at += CHUNK) file.writeSync(chunk);
  }
  file.writeSync(TAR_END);
}
