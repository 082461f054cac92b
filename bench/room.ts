/**
 * A disk with a home of each driver on it, and what rows share there.
 *
 * @module
 */

import { type Driver, init } from "../mod.ts";
import { settled } from "../src/driver/init.ts";
import { makeDisk } from "./disk.ts";
import { writeBig, writeRoot, writeSmall } from "./inputs.ts";
import { Limit } from "./limit.ts";
import { type Jobs, Peer } from "./peer.ts";
import { run, shell } from "./program.ts";
import type { Contender } from "./row.ts";
import type { Sizes } from "./sizes.ts";
import { microseconds } from "./timing.ts";
import type { Tools } from "./tools.ts";

/** Archives that rows work with. */
export type ArchiveName =
  | "small"
  | "many"
  | "big"
  | "root"
  | "root.gz"
  | "root.zst";

/** What a run is made of. */
export interface Setting {
  readonly tools: Tools;
  readonly sizes: Sizes;
  /** Directory of a root file system; left out, this machine's own. */
  readonly rootfs: string | undefined;
}

/** Options of our driver here: Docker syncs no content, and stops at 128 lowers. */
export const OPTIONS: readonly string[] = [
  "overlay2.sync=none",
  "overlay2.max_depth=500",
];

/** A disk and what is on it. */
export class Room implements AsyncDisposable {
  readonly setting: Setting;
  /** Directory of the disk. */
  readonly path: string;
  readonly driver: Driver;
  readonly peer: Peer | undefined;
  readonly limit: Limit | undefined;
  readonly #stack: AsyncDisposableStack;
  #pinned: Peer | undefined;
  readonly #made = new Map<string, Promise<unknown>>();

  private constructor(
    setting: Setting,
    path: string,
    driver: Driver,
    stack: AsyncDisposableStack,
  ) {
    const { peer, limit } = setting.tools;
    this.setting = setting;
    this.path = path;
    this.driver = driver;
    this.#stack = stack;
    this.peer = peer === undefined
      ? undefined
      : stack.use(new Peer(peer, `${path}/docker`));
    this.limit = limit === undefined ? undefined : stack.use(new Limit(limit));
  }

  /** Makes a disk. */
  static async open(setting: Setting): Promise<Room> {
    await using stack = new AsyncDisposableStack();
    const { path } = stack.use(await makeDisk(setting.sizes.disk));
    const driver = stack.use(
      await init(`${path}/ours`, { storageOpts: [...OPTIONS] }),
    );
    return new Room(setting, path, driver, stack.move());
  }

  /** How much work there is. */
  get sizes(): Sizes {
    return this.setting.sizes;
  }

  /** Makes something that rows share, once; each key is of one type. */
  once<T>(key: string, make: () => Promise<T>): Promise<T> {
    const made = this.#made.get(key) ?? make();
    this.#made.set(key, made);
    return made as Promise<T>;
  }

  /** Path of an archive, which is written the first time it is asked for. */
  async archive(name: ArchiveName): Promise<string> {
    const path = `${this.path}/${name}.tar`;
    await this.once(path, () => this.#write(name, path));
    return path;
  }

  async #write(name: ArchiveName, path: string): Promise<void> {
    const { smallDirs, manyDirs, bigFiles, bigSize, rootPart } = this.sizes;
    switch (name) {
      case "small":
        return await writeSmall(path, smallDirs);
      case "many":
        return await writeSmall(path, manyDirs);
      case "big":
        return await writeBig(path, bigFiles, bigSize);
      case "root":
        return await writeRoot(path, this.setting.rootfs, rootPart);
      case "root.gz":
        return await shell(
          'gzip -c "$1" >"$2"',
          await this.archive("root"),
          path,
        );
      case "root.zst":
        return await shell(
          'zstd -qc "$1" >"$2"',
          await this.archive("root"),
          path,
        );
    }
  }

  /** Directory of our layer's own files. */
  ours(id: string): string {
    return `${this.driver.home}/${id}/diff`;
  }

  /** Directory of a layer's own files in Docker's home. */
  docker(id: string): string {
    return `${this.path}/docker/${id}/diff`;
  }

  /** Makes a layer in both homes, with the files of an archive if one is named. */
  async make(id: string, parent: string, archive?: ArchiveName): Promise<void> {
    await this.driver.create(id, parent);
    await this.peer?.run([["create", id, parent]]);
    if (archive === undefined) return;
    const file = await this.archive(archive);
    const dirs = [this.ours(id), ...this.peer ? [this.docker(id)] : []];
    for (const dir of dirs) await run("tar", ["-C", dir, "-xpf", file]);
  }

  /** Takes something over, to be let go of with the room. */
  use<T extends AsyncDisposable>(resource: T): T {
    return this.#stack.use(resource);
  }

  /** Waits until our driver has deleted what it removed. */
  settle(): Promise<void> {
    return settled(this.driver);
  }

  /** Removes a layer of ours and all its files. */
  async remove(id: string): Promise<void> {
    await this.driver.remove(id);
    await this.settle();
  }

  /** Our driver, repeating a work. */
  repeating(times: number, work: (driver: Driver) => unknown): Contender {
    return {
      measure: async () =>
        await microseconds(async () => {
          for (let i = 0; i < times; i++) await work(this.driver);
        }) / times,
      undo: () => this.settle(),
    };
  }

  /** Docker's driver once more, kept to one processor. */
  get pinnedPeer(): Peer | undefined {
    const { peer } = this;
    if (peer === undefined) return undefined;
    return this.#pinned ??= this.use(new Peer(peer.binary, peer.home, true));
  }

  /** Docker's driver, repeating jobs by itself. */
  peerJobs(jobs: Jobs, times = 1, peer = this.peer): Contender | undefined {
    if (peer === undefined) return undefined;
    const words = jobs.flatMap((job) => [";", ...job]).slice(1);
    const repeat = ["repeat", String(times), ...words];
    return {
      measure: async () => await microseconds(() => peer.run([repeat])) / times,
    };
  }

  /** The bare system calls. */
  limitOf(
    times: number,
    ...words: readonly (string | number)[]
  ): Contender | undefined {
    const { limit } = this;
    return limit && { measure: async () => await limit.run(...words) / times };
  }

  /** Lets go of everything. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
