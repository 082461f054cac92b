/**
 * The file systems of the virtual machine, and helpers on them.
 *
 * @module
 */

import { type Driver, type DriverOptions, init } from "../../mod.ts";

/** A mounted file system. */
export interface Place {
  readonly name: string;
  readonly dir: string;
  /** What status() says of it. */
  readonly backing: string;
}

/** ext4 with project quotas. */
export const EXT4_QUOTA: Place = {
  name: "ext4 with project quotas",
  dir: "/mnt/ext4-quota",
  backing: "extfs",
};

/** ext4 as it comes. */
export const EXT4: Place = { name: "ext4", dir: "/mnt/ext4", backing: "extfs" };

/** xfs with project quotas. */
export const XFS: Place = {
  name: "xfs with project quotas",
  dir: "/mnt/xfs",
  backing: "xfs",
};

/** A file system without project quotas of any kind. */
export const TMPFS: Place = {
  name: "tmpfs",
  dir: "/mnt/tmpfs",
  backing: "tmpfs",
};

let homes = 0;

/** A home directory with its driver. */
export interface Home extends AsyncDisposable {
  readonly path: string;
  readonly driver: Driver;
}

/**
 * Makes a home, which is unmounted and deleted with the test.
 *
 * @param place Where.
 * @param options Options of the driver.
 * @param subdirectory Part of the path between place and home.
 */
export async function newHome(
  place: Place,
  options: DriverOptions = {},
  subdirectory = "",
): Promise<Home> {
  const root = `${place.dir}/${homes++}`;
  const path = `${root}${subdirectory}/home`;
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  const driver = await init(path, options);
  return {
    path,
    driver,
    async [Symbol.asyncDispose]() {
      await driver.cleanup();
      await Deno.remove(root, { recursive: true });
    },
  };
}

/** Reads a whole stream. */
export async function collect(
  stream: ReadableStream<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream as BodyInit).arrayBuffer());
}

/**
 * Lists an archive: each block of 512 bytes as text, without padding. Of
 * whiteouts only the name counts: unpacking one makes a new device.
 *
 * @param archive The archive's bytes.
 * @returns Lines that an assertion can show.
 */
export function listBlocks(archive: Uint8Array): string[] {
  const decoder = new TextDecoder();
  return Array.from(
    { length: Math.ceil(archive.length / 512) },
    (_, i) =>
      decoder.decode(archive.subarray(i * 512, (i + 1) * 512))
        .replace(/\0+/g, " ").trim()
        .replace(/^(\S*\.wh\.\S+) .*/, "$1"),
  );
}

/** Makes a stream of some bytes. */
export function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return ReadableStream.from([bytes]);
}

/** Lists a tree as lines of path, type, mode and content, sorted. */
export function listTree(root: string, path = ""): string[] {
  return [...Deno.readDirSync(root + path)].flatMap(({ name }) => {
    const inner = `${path}/${name}`;
    const { isDirectory, isFile, isSymlink, mode } = Deno.lstatSync(
      root + inner,
    );
    const line = `${inner} ${mode?.toString(8)}`;
    if (isDirectory) return [line, ...listTree(root, inner)];
    if (isFile) return [`${line} = ${Deno.readTextFileSync(root + inner)}`];
    return [isSymlink ? `${line} -> ${Deno.readLinkSync(root + inner)}` : line];
  }).sort();
}

/** The mount options of a mountpoint, as the kernel tells them. */
export function mountOptions(target: string): string | undefined {
  return Deno.readTextFileSync("/proc/self/mountinfo").split("\n")
    .map((line) => line.split(" "))
    .findLast((words) => words[4] === target)
    ?.at(-1);
}

/** The `code` of what `run` throws; `"none"` if it does not. */
export async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return "none";
  } catch (error) {
    return errorCode(error);
  }
}

function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return `thrown ${error}`;
  if ("code" in error && typeof error.code === "string") return error.code;
  // Deno gives the errors of quotas no code.
  return error.message.includes("os error 122") ? "EDQUOT" : error.message;
}
