/**
 * Layers that the tests of mounts and homes stand on.
 *
 * @module
 */

import { makeCorpus } from "./corpus.ts";
import { Pair, type PairOptions } from "./pair.ts";
import { must } from "./side.ts";
import { WorkDir } from "./work_dir.ts";

/** A pair with archives for layers, by name: base, other, small. */
export class Ground implements AsyncDisposable {
  readonly #archives: Readonly<Record<string, string>>;
  readonly #dir: WorkDir;
  /** The homes. */
  readonly pair: Pair;

  private constructor(
    pair: Pair,
    dir: WorkDir,
    archives: Readonly<Record<string, string>>,
  ) {
    this.pair = pair;
    this.#dir = dir;
    this.#archives = archives;
  }

  /** Opens a pair and makes the archives. */
  static async open(options: PairOptions = {}): Promise<Ground> {
    const dir = await WorkDir.make();
    const archives: Record<string, string> = {};
    for (const { name, layers } of await makeCorpus(dir.path, ["fixtures"])) {
      archives[name.split(" ")[0]!] = layers![0]!;
    }
    return new Ground(await Pair.open(options), dir, archives);
  }

  /** Path of an archive. */
  archive(name: "base" | "other" | "small"): string {
    return this.#archives[name]!;
  }

  /** Makes a layer in both homes and fills it. */
  async layer(
    id: string,
    parent: string | undefined,
    archive: "base" | "other" | "small",
  ): Promise<void> {
    for (const { own } of this.pair.homes) {
      must(await own.create(id, parent));
      must(await own.applyDiff(id, parent, this.archive(archive)));
    }
  }

  /** Makes a writable layer in both homes and changes it through its mount. */
  async changed(id: string, parent: string, mutation: string): Promise<void> {
    for (const { own } of this.pair.homes) {
      must(await own.createReadWrite(id, parent));
      const path = must(await own.get(id));
      try {
        await this.pair.looks.mutate(mutation, path);
      } finally {
        must(await own.put(id));
      }
    }
  }

  /** Deletes homes and archives. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.pair[Symbol.asyncDispose]();
    await this.#dir[Symbol.asyncDispose]();
  }
}
