/**
 * The driver: one short method for each job.
 *
 * @module
 */

import type {
  ApplyOptions,
  Change,
  CheckOptions,
  CreateOptions,
  Finding,
  Mount,
  WaitOptions,
} from "../types.ts";
import type { Context } from "./context.ts";
import {
  acquire,
  applyStream,
  checkLayers,
  createLayer,
  layerPaths,
  releaseMounted,
  releaseUse,
  removeLayer,
} from "./jobs.ts";

/** How the rest of this program reaches the parts of a driver. */
export let contextOf: (driver: Driver) => Context;
/** How a driver is made of its parts. */
export let newDriver: (context: Context) => Driver;

/**
 * Docker's overlay2 storage driver on one home directory.
 *
 * A layer is a directory of files that stands on a chain of other layers.
 * Three jobs make an image and run it:
 *
 * 1. *Import a layer*: {@linkcode Driver.create} makes an empty layer on its
 *    parent, {@linkcode Driver.applyDiff} fills it from an archive.
 * 2. *Work in a layer*: {@linkcode Driver.createReadWrite} makes one on top,
 *    {@linkcode Driver.get} mounts it, {@linkcode Driver.put} unmounts it.
 * 3. *Keep what changed*: {@linkcode Driver.changes} lists it,
 *    {@linkcode Driver.diff} archives it for somebody else's `applyDiff`.
 *
 * A layer that was ever a parent is mounted read-only from then on. Calls on
 * one layer wait for each other, in this process and between processes.
 *
 * {@linkcode init} makes drivers. Disposing one unmounts what it mounted.
 *
 * @example A copy-on-write workspace
 * ```ts
 * import { init } from "@overlay2/driver";
 *
 * const temp = await Deno.makeTempDir();
 * const driver = await init(`${temp}/overlay2`);
 * await driver.create("base");
 * const base = await driver.get("base");
 * await Deno.writeTextFile(`${base.path}/greeting`, "hello");
 *
 * await driver.createReadWrite("work", "base");
 * const work = await driver.get("work");
 * await Deno.writeTextFile(`${work.path}/greeting`, "bye");
 * await driver.put("work");
 *
 * console.log(await driver.changes("work")); // [{ path: "/greeting", kind: "C" }]
 * await driver.remove("work");
 * await Deno.remove(temp, { recursive: true });
 * ```
 */
export class Driver implements AsyncDisposable {
  readonly #context: Context;

  static {
    contextOf = (driver) => driver.#context;
    newDriver = (context) => new Driver(context);
  }

  private constructor(context: Context) {
    this.#context = context;
  }

  /** Absolute path of the home directory. */
  get home(): string {
    return this.#context.home;
  }

  /**
   * Makes a read-only layer, to be filled by {@linkcode Driver.applyDiff}.
   *
   * @param id Name of the new layer: a file name, unique in the home.
   * @param parent Layer to stand on; none or `""` makes a base layer.
   * @param options Options of this layer; a read-only one takes no size.
   * @throws {DriverError} `EINVAL` for an impossible id or option, `EEXIST` if
   * there is such a layer, `ENOENT` if there is no such parent, `EMLINK` past
   * the depth limit, `EUCLEAN` if the parent's files are corrupt, `ECANCELED`
   * after an abort.
   * @throws {SyscallError} what the kernel answers, such as `ENOSPC`.
   *
   * @example Two layers
   * ```ts
   * import { init } from "@overlay2/driver";
   *
   * const temp = await Deno.makeTempDir();
   * const driver = await init(`${temp}/overlay2`);
   * await driver.create("base");
   * await driver.create("child", "base");
   * await Deno.remove(temp, { recursive: true });
   * ```
   */
  create(
    id: string,
    parent?: string,
    options: CreateOptions = {},
  ): Promise<void> {
    return createLayer(this.#context, id, parent, options, false);
  }

  /**
   * Makes a layer to be written to through {@linkcode Driver.get}.
   *
   * On disk it is like one of {@linkcode Driver.create}; it may have a size.
   *
   * @param id Name of the new layer.
   * @param parent Layer to stand on; none or `""` makes a base layer.
   * @param options `storageOpt.size`, such as `"10G"`, limits bytes,
   * `storageOpt.inodes` files, by a project quota of xfs or ext4.
   * @throws {DriverError} as {@linkcode Driver.create}, and `ENOTSUP` if a size
   * is asked for where the file system has no project quota.
   *
   * @example
   * ```ts
   * import { init } from "@overlay2/driver";
   *
   * const temp = await Deno.makeTempDir();
   * const driver = await init(`${temp}/overlay2`);
   * await driver.create("base");
   * await driver.createReadWrite("work", "base");
   * await Deno.remove(temp, { recursive: true });
   * ```
   */
  createReadWrite(
    id: string,
    parent?: string,
    options: CreateOptions = {},
  ): Promise<void> {
    return createLayer(this.#context, id, parent, options, true);
  }

  /**
   * Mounts a layer over its parents and tells where its files are.
   *
   * Calls nest: each `get` needs its own {@linkcode Driver.put}, or the disposal
   * of its answer, and only the last one unmounts. A layer that an earlier
   * process left mounted counts as used once. A layer without a parent needs no
   * mount: its own directory is returned. Writing to it ends `overlay2.exact`.
   *
   * @param id Id of the layer.
   * @param mountLabel SELinux label of all files; only the first `get` counts.
   * @param options How to give the waiting for others up.
   * @returns The path, and a way to give it back.
   * @throws {DriverError} `EINVAL`, `ENOENT`; `EUCLEAN` if its files are corrupt
   * or a lower is gone; `EMLINK` if an old kernel cannot take so many lowers;
   * `ECANCELED` after an abort.
   * @throws {SyscallError} what the kernel answers, such as `EPERM` without root.
   *
   * @example
   * ```ts
   * import { init } from "@overlay2/driver";
   *
   * const temp = await Deno.makeTempDir();
   * const driver = await init(`${temp}/overlay2`);
   * await driver.create("base");
   * await driver.createReadWrite("work", "base");
   * {
   *   await using mount = await driver.get("work");
   *   await Deno.writeTextFile(`${mount.path}/file`, "text");
   * }
   * await Deno.remove(temp, { recursive: true });
   * ```
   */
  async get(
    id: string,
    mountLabel?: string,
    { signal }: WaitOptions = {},
  ): Promise<Mount> {
    const path = await acquire(this.#context, id, mountLabel, signal);
    let held = true;
    return {
      path,
      [Symbol.asyncDispose]: async () => {
        if (!held) return;
        held = false;
        await releaseUse(this.#context, id);
      },
    };
  }

  /**
   * Gives one {@linkcode Driver.get} back; the last one unmounts.
   *
   * The unmount is lazy: a process that still works there keeps its files. One
   * call too many is harmless.
   *
   * @param id Id of the layer.
   * @param options How to give the waiting for others up.
   * @throws {DriverError} `EINVAL`, `ENOENT`, `EUCLEAN`; `ECANCELED` after an
   * abort.
   */
  put(id: string, { signal }: WaitOptions = {}): Promise<void> {
    return releaseUse(this.#context, id, signal);
  }

  /**
   * Tells whether there is a layer.
   *
   * @param id Id of the layer.
   * @throws {DriverError} `EINVAL` for an impossible id.
   */
  // deno-lint-ignore require-await -- errors must reject, not throw
  async exists(id: string): Promise<boolean> {
    return this.#context.store.exists(id);
  }

  /**
   * Deletes a layer and all its files.
   *
   * The layer is gone when this answers. Deleting many files goes on afterwards;
   * {@linkcode Driver.cleanup} and disposal wait for it, and what a process that
   * dies leaves is deleted by the next {@linkcode init}.
   *
   * @param id Id of the layer.
   * @param options How to give the waiting for others up.
   * @throws {DriverError} `EINVAL`, `ENOENT`; `EBUSY` if it is mounted or other
   * layers stand on it; `ECANCELED` after an abort: nothing has changed then.
   */
  remove(id: string, { signal }: WaitOptions = {}): Promise<void> {
    return removeLayer(this.#context, id, signal);
  }

  /**
   * Tells where a layer lies on disk.
   *
   * @param id Id of the layer.
   * @returns Absolute paths `UpperDir`, `WorkDir`, `MergedDir` and, for a layer
   * with parents, `LowerDir`: its lowers, nearest first, joined by colons. Not
   * all of them need to exist.
   * @throws {DriverError} `EINVAL`, `ENOENT`, `EUCLEAN`.
   */
  getMetadata(id: string): Promise<Record<string, string>> {
    return layerPaths(this.#context, id);
  }

  /**
   * Tells what the file system and the kernel can do, in Docker's words.
   *
   * @returns Pairs of name and value, in a fixed order.
   */
  status(): [name: string, value: string][] {
    const { support } = this.#context;
    return [
      ["Backing Filesystem", support.backingFilesystem],
      ["Supports d_type", String(support.dType)],
      ["Using metacopy", String(support.metacopy)],
      ["Native Overlay Diff", String(support.nativeDiffObstacle === undefined)],
      ["userxattr", String(support.userxattr)],
    ];
  }

  /**
   * Archives what a layer changes: an uncompressed tar with whiteouts, byte for
   * byte what Docker writes, or the archive that was applied (`overlay2.exact`).
   *
   * Sockets, and files whose owners are outside the id map, are left out and
   * reported to `onWarning`.
   *
   * @param id Id of the layer.
   * @param parent Layer to compare with: left out, the parent on record; `""`,
   * none, so that everything is archived.
   * @returns The bytes, made at the reader's pace. It fails with `ENOENT`,
   * `EINVAL` or `EUCLEAN` as other calls do, and with `EIO` if a file becomes
   * shorter or is not what was applied: an archive that ends is whole.
   *
   * @example
   * ```ts
   * import { init } from "@overlay2/driver";
   *
   * const temp = await Deno.makeTempDir();
   * const driver = await init(`${temp}/overlay2`);
   * await driver.create("base");
   * await driver.create("copy");
   * const size = await driver.applyDiff("copy", "", driver.diff("base"));
   * console.log(size); // 0
   * await Deno.remove(temp, { recursive: true });
   * ```
   */
  diff(id: string, parent?: string): ReadableStream<Uint8Array> {
    const context = this.#context;
    return context.jobs.diff.stream((it) => it.diffStream(context, id, parent));
  }

  /**
   * Adds up what a layer adds and changes.
   *
   * @param id Id of the layer.
   * @param parent Layer to compare with; see {@linkcode Driver.diff}.
   * @returns Bytes, each file once whatever its names.
   * @throws {DriverError} `EINVAL`, `ENOENT`, `EUCLEAN`.
   */
  diffSize(id: string, parent?: string): Promise<number> {
    const context = this.#context;
    return context.jobs.changes.use((it) => it.layerSize(context, id, parent));
  }

  /**
   * Lists what a layer changes, at a cost that grows with the layer and not with
   * what it stands on.
   *
   * A file counts as changed if its type, mode, owner, device number, size, time
   * or capability differ; a directory, if its mode or owner differ or anything
   * below it changed.
   *
   * @param id Id of the layer.
   * @param parent Layer to compare with; see {@linkcode Driver.diff}.
   * @returns Changes, sorted by the bytes of their paths.
   * @throws {DriverError} `EINVAL`, `ENOENT`, `EUCLEAN`.
   */
  changes(id: string, parent?: string): Promise<Change[]> {
    const context = this.#context;
    const { changes } = context.jobs;
    return changes.use((it) => it.layerChanges(context, id, parent));
  }

  /**
   * Unpacks an archive into a layer.
   *
   * A layer that was empty is empty again if anything goes wrong.
   *
   * @param id Id of the layer; it must not be mounted, nor have children.
   * @param parent Layer that the archive is relative to; see
   * {@linkcode Driver.diff}.
   * @param diff An uncompressed tar in any of the usual dialects; always read to
   * its end or cancelled.
   * @param options How to give up, whom to tell of progress, and how much to take
   * at most.
   * @returns Size of the layer in bytes, as Docker counts it.
   * @throws {DriverError} `EBADMSG` for an archive that is cut short, malformed,
   * reaches out of the layer or has what no layer can hold; `EFBIG` for one that
   * is larger than `options` allow; `EBUSY`; `ECANCELED` after an abort;
   * `EINVAL`, `ENOENT`, `EUCLEAN`.
   * @throws {SyscallError} what the kernel answers, such as `ENOSPC`, `EOPNOTSUPP`
   * for an attribute that the file system does not know, `EFBIG` for a file that
   * is too large for it.
   */
  async applyDiff(
    id: string,
    parent: string | undefined,
    diff: ReadableStream<Uint8Array>,
    options: ApplyOptions = {},
  ): Promise<number> {
    return await applyStream(this.#context, id, parent, diff, options);
  }

  /**
   * Unmounts everything below the home, whoever mounted it, and deletes what
   * interrupted work left behind. The home itself is never unmounted.
   */
  async cleanup(): Promise<void> {
    const context = this.#context;
    await context.jobs.cleanup.use((it) => it.cleanUp(context));
  }

  /**
   * Looks for whatever is not as it should be: in the names and lists that hold
   * layers together, in what interrupted work left, in overlayfs's own marks.
   *
   * Nothing is written unless a repair is asked for; dockerd must not run then.
   * `docs/check.md` lists all findings.
   *
   * @param ids Layers to look at; left out, the whole home.
   * @param options Whether to mend what can be mended without losing data, and
   * to compare files with what an apply recorded.
   * @returns What was found, sorted by path; nothing if all is well.
   * @throws {DriverError} `EINVAL`; `ENOENT` for an unknown layer; `ECANCELED`.
   */
  check(ids?: readonly string[], options?: CheckOptions): Promise<Finding[]> {
    return checkLayers(this.#context, ids, options ?? {});
  }

  /** Name of the driver. */
  toString(): "overlay2" {
    return "overlay2";
  }

  /** Unmounts what this object mounted, and waits for what it still deletes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await releaseMounted(this.#context);
    await this.#context.background.idle();
  }
}
