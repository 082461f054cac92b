/**
 * Archives to work with, the same at every run, but for the root file system.
 *
 * @module
 */

import { plainEntry } from "../src/tar/entry.ts";
import { HeaderEncoder, padding, TAR_END } from "../src/tar/writer.ts";
import { run } from "./program.ts";
import { FILES_PER_DIR } from "./sizes.ts";

const CHUNK = 1 << 20;

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

/** Writes an archive of directories with 50 files of 1 to 4 KiB in each. */
export async function writeSmall(path: string, dirs: number): Promise<void> {
  using file = await Deno.create(path);
  const encoder = new HeaderEncoder();
  const content = new Uint8Array(4096).fill(0x78);
  for (let dir = 0; dir < dirs; dir++) {
    const parts = [encoder.encode(entry(`d${dir}/`, "5", 0)).slice()];
    for (let i = 0; i < FILES_PER_DIR; i++) {
      const size = 1024 + (dir * 7919 + i * 104729) % 3072;
      parts.push(encoder.encode(entry(`d${dir}/f${i}`, "0", size)).slice());
      parts.push(content.slice(0, size), new Uint8Array(padding(size)));
    }
    writeWhole(file, await new Blob(parts as BlobPart[]).bytes());
  }
  writeWhole(file, TAR_END);
}

/** Writes an archive of some files of one size, a multiple of 1 MiB. */
export async function writeBig(
  path: string,
  files: number,
  size: number,
): Promise<void> {
  using file = await Deno.create(path);
  const encoder = new HeaderEncoder();
  const chunk = new Uint8Array(CHUNK).fill(0x79);
  for (let i = 0; i < files; i++) {
    writeWhole(file, encoder.encode(entry(`b${i}`, "0", size)));
    for (let at = 0; at < size; at += CHUNK) writeWhole(file, chunk);
  }
  writeWhole(file, TAR_END);
}

/** Writes an archive of one file of zeros, which takes no room on the disk. */
export async function writeHollow(path: string, size: number): Promise<void> {
  using file = await Deno.create(path);
  writeWhole(file, new HeaderEncoder().encode(entry("zeros", "0", size)));
  await file.seek(size + padding(size), Deno.SeekMode.Current);
  writeWhole(file, TAR_END);
}

/** Writes an archive without entries. */
export async function writeEmpty(path: string): Promise<void> {
  await Deno.writeFile(path, TAR_END);
}

function writeWhole(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) {
    rest = rest.subarray(file.writeSync(rest));
  }
}

/** Parts of this machine that make up a root file system. */
const PARTS = ["/etc", "/usr/bin", "/usr/lib", "/usr/share"];

/**
 * Archives a root file system.
 *
 * @param path Archive to write.
 * @param root Directory of the root file system, such as debootstrap makes;
 * left out, some of this machine's own.
 * @param part Bytes of each part of this machine to take.
 */
export async function writeRoot(
  path: string,
  root: string | undefined,
  part: number,
): Promise<void> {
  const format = ["--format=gnu", "--numeric-owner"];
  if (root !== undefined) {
    return await run("tar", [...format, "-C", root, "-cf", path, "."]);
  }
  const names = ["usr"];
  for (const dir of PARTS) names.push(...await first(dir, part));
  const list = `${path}.list`;
  await Deno.writeTextFile(list, names.map((name) => name + "\0").join(""));
  await run("tar", [
    ...format,
    "--no-recursion",
    "--null",
    ...["-C", "/", "-cf", path, "-T", list],
  ]);
  await Deno.remove(list);
}

/** The first files below a directory, by name, that have some bytes together. */
async function first(dir: string, bytes: number): Promise<string[]> {
  const types = [
    "(",
    "-type",
    "d",
    "-o",
    "-type",
    "f",
    "-o",
    "-type",
    "l",
    ")",
  ];
  const { stdout } = await new Deno.Command("find", {
    args: [dir, "-xdev", ...types, "-printf", "%p/%y/%s\\0"],
    stderr: "null",
  }).output();
  const found = new TextDecoder().decode(stdout).split("\0").filter(Boolean)
    .map((line) => /^\/(.*)\/(.)\/(\d+)$/s.exec(line)!)
    .map(([, name, type, size]) => ({ name: name!, type, size: Number(size) }))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  const names: string[] = [];
  let sum = 0;
  for (const { name, type, size } of found) {
    if (type === "f") sum += size;
    if (sum > bytes) break;
    names.push(name);
  }
  return names;
}
