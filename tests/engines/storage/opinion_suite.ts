/**
 * `containers-storage` as a second opinion on changes and diffs: a store of its
 * own, by others, that compares trees (`vfs`) or reads uppers (`overlay`).
 *
 * @module
 */

import { assert, assertEquals } from "../../assert.ts";
import {
  bytesOf,
  fill,
  inLayer,
  streamOf,
  tempDriver,
} from "../../fixtures.ts";
import { execute } from "../../cli/program.ts";
import { archive, dir, file, link, symlink } from "../../tar_builder.ts";
import { changeLines, describeTree } from "../../trees.ts";

const KINDS = ["C", "A", "D"] as const;

/** A store of containers-storage, which goes away with the test. */
class Store implements AsyncDisposable {
  readonly #words: readonly string[];
  readonly #path: string;
  readonly #driver: string;

  constructor(path: string, driver: string) {
    this.#path = `${path}/${driver}`;
    this.#driver = driver;
    this.#words = [
      "containers-storage",
      ...["-g", `${this.#path}/g`, "-R", `${this.#path}/r`, "-s", driver],
    ];
  }

  /** Runs a command, which has to succeed. */
  async run(...args: string[]): Promise<string> {
    const outcome = await execute([...this.#words, ...args]);
    assertEquals([args, outcome.status, outcome.stderr], [args, 0, ""]);
    return outcome.stdout.trimEnd();
  }

  /** Makes a layer and fills it from an archive. */
  async fill(id: string, parent: string[], bytes: Uint8Array): Promise<void> {
    await this.run("create-layer", "-i", id, ...parent);
    Deno.writeFileSync(`${this.#path}.tar`, bytes);
    await this.run("applydiff", "-f", `${this.#path}.tar`, id);
  }

  /** Runs `task` on a layer's files. */
  async inLayer<T>(id: string, task: (root: string) => T): Promise<T> {
    const root = await this.run("mount", id);
    try {
      return task(root);
    } finally {
      await this.run("unmount", id);
    }
  }

  /** Changes of a layer as lines, sorted. */
  async changes(id: string): Promise<string[]> {
    const found: { Path: string; Kind: number }[] = JSON.parse(
      await this.run("changes", "-j", id),
    );
    return found.map(({ Path, Kind }) => `${KINDS[Kind]} ${Path}`).sort();
  }

  /** A layer's archive. */
  async diff(id: string): Promise<Uint8Array> {
    await this.run("diff", "-u", "-f", `${this.#path}.tar`, id);
    return Deno.readFileSync(`${this.#path}.tar`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await execute(["umount", "-l", `${this.#path}/g/${this.#driver}`]);
  }
}

const BASE = archive(
  dir("etc"),
  file("etc/hosts", "localhost"),
  file("etc/passwd", "root"),
  dir("lib"),
  file("lib/one", "1"),
  link("lib/two", "lib/one"),
  file("lib/three", "3"),
  symlink("lib/link", "one"),
  dir("old"),
  file("old/a", "a"),
  dir("old/deep"),
  file("old/deep/b", "b"),
  dir("modes"),
  file("to-dir", "file"),
);

/** What both do to a layer, in this order. */
function change(root: string): void {
  Deno.writeTextFileSync(`${root}/etc/hosts`, "localhost and others");
  Deno.removeSync(`${root}/etc/passwd`);
  Deno.mkdirSync(`${root}/new/dir`, { recursive: true });
  Deno.writeTextFileSync(`${root}/new/dir/é ü`, "new");
  Deno.chmodSync(`${root}/modes`, 0o700);
  Deno.chownSync(`${root}/lib/three`, 12, 34);
  Deno.removeSync(`${root}/lib/link`);
  Deno.symlinkSync("two", `${root}/lib/link`);
  Deno.removeSync(`${root}/old`, { recursive: true });
}

/** Trees without what the stores make differently: times, and links between files. */
function treeOf(root: string): string[] {
  return describeTree(root, { times: false });
}

for (const kind of ["vfs", "overlay"]) {
  Deno.test(`Changes and diffs are those of containers-storage, ${kind}`, async () => {
    await using temp = await tempDriver({ onDisk: true });
    const { driver } = temp;
    await using store = new Store(temp.temp.path, kind);
    await store.fill("base", [], BASE);
    await driver.create("base");
    await driver.applyDiff("base", "", streamOf(BASE));

    await store.run("create-layer", "-i", "top", "base");
    await store.inLayer("top", change);
    await fill(driver, "top", "base", change);

    const ours = await driver.changes("top");
    assertEquals(changeLines(ours).sort(), await store.changes("top"));
    const merged = await inLayer(driver, "top", treeOf);
    assertEquals(await store.inLayer("top", treeOf), merged);

    // Each unpacks what the other has packed.
    await store.fill("copy", ["base"], await bytesOf(driver.diff("top")));
    assertEquals(await store.inLayer("copy", treeOf), merged);
    await driver.create("copy", "base");
    await driver.applyDiff("copy", "base", streamOf(await store.diff("top")));
    assertEquals(await inLayer(driver, "copy", treeOf), merged);
    assert(merged.length > 10);
  });
}
