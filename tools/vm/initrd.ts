/**
 * The root file system of the virtual machine, which lives in memory.
 *
 * It is two cpio archives one after the other, as the kernel allows: a large
 * one with busybox, deno and kernel modules, which is kept from run to run, and
 * a small one with what belongs to the run.
 *
 * @module
 */

import type { Kernel } from "./kernel.ts";
import { findCommand, run } from "./needs.ts";

/** Folders and files of modules that the guest needs, without its own list. */
const MODULES = [
  "arch/x86/crypto",
  "crypto",
  "drivers/block/loop.ko",
  "drivers/block/virtio_blk.ko",
  "drivers/virtio",
  "fs/overlayfs",
  "fs/quota",
  "fs/xfs",
  "lib",
];

/** A file of the small archive. */
export interface GuestFile {
  /** Path in the guest, without the leading slash. */
  readonly path: string;
  readonly content: Uint8Array | string;
  readonly mode: number;
}

/**
 * Makes the initial RAM disk of one run.
 *
 * @param kernel The kernel that the modules come from.
 * @param cache Directory to keep the large archive in.
 * @param files What belongs to the run.
 * @param output Path of the file to write.
 */
export async function makeInitrd(
  kernel: Kernel,
  cache: string,
  files: readonly GuestFile[],
  output: string,
): Promise<void> {
  const base = await baseArchive(kernel, cache);
  await Deno.copyFile(base, output);
  const small = await withTempDir(cache, async (dir) => {
    for (const { path, content, mode } of files) {
      await makeParent(`${dir}/${path}`);
      const bytes = typeof content === "string"
        ? new TextEncoder().encode(content)
        : content;
      await Deno.writeFile(`${dir}/${path}`, bytes);
      await Deno.chmod(`${dir}/${path}`, mode);
    }
    return await archive(dir);
  });
  await Deno.writeFile(output, small, { append: true });
}

/** The large archive, made anew if one of its parts has changed. */
async function baseArchive(kernel: Kernel, cache: string): Promise<string> {
  const deno = Deno.execPath();
  const busybox = findCommand("busybox")!;
  const parts = [
    kernel.name,
    ...[deno, busybox].map((path) => {
      const { size, mtime } = Deno.statSync(path);
      return `${path}:${size}:${mtime?.getTime()}`;
    }),
    ...MODULES,
  ];
  const path = `${cache}/base-${await shortHash(parts.join("\n"))}.cpio`;
  if (exists(path)) return path;
  const bytes = await withTempDir(cache, async (dir) => {
    for (const name of ["bin", "dev", "proc", "sys", "tmp", "root"]) {
      await Deno.mkdir(`${dir}/${name}`);
    }
    await Deno.copyFile(busybox, `${dir}/bin/busybox`);
    await copyProgram(deno, "usr/bin/deno", dir);
    await copyModules(kernel, dir);
    return await archive(dir);
  });
  await Deno.writeFile(`${path}.part`, bytes);
  await Deno.rename(`${path}.part`, path);
  return path;
}

/** Copies a program, and the libraries that it is linked to. */
async function copyProgram(
  program: string,
  target: string,
  dir: string,
): Promise<void> {
  await makeParent(`${dir}/${target}`);
  await Deno.copyFile(program, `${dir}/${target}`);
  await Deno.chmod(`${dir}/${target}`, 0o755);
  const text = new TextDecoder().decode(await run("ldd", [program]));
  for (const [library] of text.matchAll(/\/\S+/g)) {
    await makeParent(`${dir}${library}`);
    await Deno.copyFile(library, `${dir}${library}`);
  }
}

async function copyModules(kernel: Kernel, dir: string): Promise<void> {
  const target = `${dir}/lib/modules/${kernel.version}`;
  for (const path of MODULES) {
    await makeParent(`${target}/kernel/${path}`);
    const from = `${kernel.modules}/kernel/${path}`;
    await run("cp", ["-r", from, `${target}/kernel/${path}`]);
  }
  for (const { name } of Deno.readDirSync(kernel.modules)) {
    if (!/^modules\.(order|builtin)/.test(name)) continue;
    await Deno.copyFile(`${kernel.modules}/${name}`, `${target}/${name}`);
  }
  await run("depmod", ["-b", dir, kernel.version]);
}

/** Packs a directory, with everything owned by root. */
async function archive(dir: string): Promise<Uint8Array<ArrayBuffer>> {
  const names = await run("find", [".", "-print0"], { cwd: dir });
  return await run(
    "cpio",
    ["--null", "--quiet", "-o", "-H", "newc", "-R", "0:0"],
    { cwd: dir, input: names },
  );
}

async function withTempDir<T>(
  parent: string,
  use: (dir: string) => Promise<T>,
): Promise<T> {
  const dir = await Deno.makeTempDir({ dir: parent, prefix: "root-" });
  try {
    await Deno.chmod(dir, 0o755);
    return await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function makeParent(path: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
}

async function shortHash(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(hash).toHex().slice(0, 16);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
