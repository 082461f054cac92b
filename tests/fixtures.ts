/**
 * Drivers in directories of their own, and streams of bytes.
 *
 * @module
 */

import { Dir } from "../src/linux/dir.ts";
import { MNT_DETACH, MountContext, unmount } from "../src/linux/mount.ts";
import { mountsBelow } from "../src/linux/mountinfo.ts";
import { removeTreeNow } from "../src/linux/remove.ts";
import { type Driver, type DriverOptions, init } from "../mod.ts";
import { assert, assertEquals, fail } from "./assert.ts";
import { describeTree } from "./trees.ts";

/** A directory that goes away with the test, whatever happened in it. */
export class TempDir implements Disposable {
  /** Absolute path, without symbolic links. */
  readonly path: string;
  #memory = false;

  /** Makes one. */
  constructor(prefix = "overlay2_driver_") {
    this.path = Deno.realPathSync(Deno.makeTempDirSync({ prefix }));
  }

  /** Mounts below the directory, deepest first. */
  get mounts(): string[] {
    return mountsBelow(this.path).map(({ mountpoint }) => mountpoint);
  }

  /** Mounts a file system in memory on it, where no test waits for a disk. */
  useMemory(): void {
    using context = new MountContext("tmpfs");
    context.mount(this.path);
    this.#memory = true;
  }

  [Symbol.dispose](): void {
    for (const mount of this.mounts) unmount(mount, MNT_DETACH);
    if (this.#memory) unmount(this.path, MNT_DETACH);
    const cut = this.path.lastIndexOf("/");
    using above = Dir.open(this.path.slice(0, cut));
    removeTreeNow(above, this.path.slice(cut + 1));
  }
}

/** A driver and what goes away with it. */
export interface TempDriver extends AsyncDisposable {
  /** The driver. */
  readonly driver: Driver;
  /** Its home. */
  readonly home: string;
  /** Directory that holds the home, for other things of the test. */
  readonly temp: TempDir;
  /** What the driver warned of. */
  readonly warnings: string[];
}

/** Where a {@linkcode tempDriver} lives, beside its own options. */
export interface TempDriverOptions extends DriverOptions {
  /** Path of the home below the test's directory; its parent is made. */
  readonly homeName?: string;
  /**
   * Whether the home lies where temporary files do, rather than in memory.
   *
   * @default {false}
   */
  readonly onDisk?: boolean;
}

/** Opens a driver on a new home. */
export async function tempDriver(
  { homeName = "home", onDisk = false, ...options }: TempDriverOptions = {},
): Promise<TempDriver> {
  const temp = new TempDir();
  try {
    const home = `${temp.path}/${homeName}`;
    const warnings: string[] = [];
    if (!onDisk) temp.useMemory();
    Deno.mkdirSync(home.slice(0, home.lastIndexOf("/")), { recursive: true });
    const driver = await init(home, {
      onWarning: (message) => void warnings.push(message),
      ...options,
    });
    return {
      driver,
      home,
      temp,
      warnings,
      async [Symbol.asyncDispose]() {
        await driver[Symbol.asyncDispose]();
        temp[Symbol.dispose]();
      },
    };
  } catch (error) {
    temp[Symbol.dispose]();
    throw error;
  }
}

/** Makes `id`, writes into it with `write`, and leaves it unmounted. */
export async function fill(
  driver: Driver,
  id: string,
  parent?: string,
  write: (root: string) => void | Promise<void> = () => {},
): Promise<void> {
  await driver.createReadWrite(id, parent);
  await inLayer(driver, id, write);
}

/** Runs `task` on a layer's files while it is mounted. */
export async function inLayer<T>(
  driver: Driver,
  id: string,
  task: (root: string) => T | Promise<T>,
): Promise<T> {
  await using mount = await driver.get(id);
  return await task(mount.path);
}

/** Runs `task` on the files of two layers while both are mounted. */
export function inLayers<T>(
  driver: Driver,
  one: string,
  other: string,
  task: (one: string, other: string) => T | Promise<T>,
): Promise<T> {
  return inLayer(
    driver,
    one,
    (first) => inLayer(driver, other, (second) => task(first, second)),
  );
}

/** A stream of `bytes`, in chunks of `size`. */
export function streamOf(
  bytes: Uint8Array,
  size = 64 * 1024,
): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

/** All bytes of a stream. */
export async function bytesOf(
  stream: ReadableStream<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Every way to ask for something by a layer's id, by name. */
export const CALLS: Readonly<
  Record<string, (driver: Driver, id: string) => Promise<unknown>>
> = {
  get: (driver, id) => driver.get(id),
  put: (driver, id) => driver.put(id),
  remove: (driver, id) => driver.remove(id),
  getMetadata: (driver, id) => driver.getMetadata(id),
  diff: (driver, id) => bytesOf(driver.diff(id)),
  diffSize: (driver, id) => driver.diffSize(id),
  changes: (driver, id) => driver.changes(id),
  applyDiff: (driver, id) =>
    driver.applyDiff(id, undefined, streamOf(new Uint8Array(1024))),
};

/** Fails unless `task` is refused with `code`; gives the error. */
export async function assertCode(
  task: () => unknown,
  code: string,
  about = "",
): Promise<Error & { code: string }> {
  try {
    await task();
  } catch (error) {
    assert(error instanceof Error && "code" in error, `${about}: ${error}`);
    assertEquals(error.code, code, `${about}: ${error.message}`);
    return error as Error & { code: string };
  }
  fail(`${about}: expected ${code}, but nothing was refused`);
}

/** Fails unless `task` is refused with `code` and leaves `home` as it was. */
export async function assertRefused(
  home: string,
  task: () => unknown,
  code: string,
  about = "",
): Promise<Error & { code: string }> {
  const before = describeHome(home);
  const error = await assertCode(task, code, about);
  assertEquals(describeHome(home), before, `${about}: the home changed`);
  return error;
}

/** Everything in a home that a refused call must leave alone. */
export function describeHome(home: string): string[] {
  const mounts = mountsBelow(home).map(({ mountpoint }) => mountpoint);
  return [...describeTree(home, { dirTimes: false }), ...mounts];
}

/** What this process has open, without sockets: those are the runtime's. */
export function openPaths(): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      const path = Deno.readLinkSync(`/proc/self/fd/${name}`);
      return path.startsWith("socket:") ? [] : [path];
    } catch {
      // The listing's own.
      return [];
    }
  });
}

/** How many descriptors this process has open. */
export function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

/** Lets everything run that waits for its turn. */
export function turn(milliseconds = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
