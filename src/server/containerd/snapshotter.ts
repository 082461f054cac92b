/**
 * containerd's snapshots, each kept as a layer of the home.
 *
 * A layer is made before its record, and removed before its record goes. So a
 * call that is interrupted leaves either a layer without a record or a record
 * without a layer, and {@linkcode reconcile} knows what became of it.
 *
 * @module
 */

import { contextOf, type Driver } from "../../driver/driver.ts";
import {
  finishLayer,
  layerUsage,
  letMountAgain,
  makePassing,
  removeIfThere,
  stackOf,
  stackOn,
  takeOwner,
} from "../../driver/snapshots.ts";
import { quote, SnapshotError } from "./fault.ts";
import { parseFilters } from "./filter.ts";
import { storageOptOf, updatedLabels } from "./labels.ts";
import type {
  CommitRequest,
  Info,
  KeyRequest,
  MountSpec,
  UpdateRequest,
  Usage,
} from "./messages.ts";
import { mountsOf } from "./mounts.ts";
import { highestNumber, layerId, removeOrphans } from "./reconcile.ts";
import type { Records, Snapshot } from "./records.ts";

/**
 * How containerd's unpacker begins the last part of its keys. No key comes twice:
 * whoever unpacks again, after a power cut or anything else, asks for another.
 */
const UNPACK_REGEXP = /^(.*\/)?extract-/;

/** The snapshots of one home. */
export class Snapshotter {
  readonly #driver: Driver;
  readonly #records: Records;
  /** Layers that are being made, so that nobody takes them for left behind. */
  readonly #making = new Set<string>();
  #next: number;

  /**
   * Takes over a home that was reconciled.
   *
   * @param driver The driver of the home.
   * @param records Its records.
   */
  constructor(driver: Driver, records: Records) {
    this.#driver = driver;
    this.#records = records;
    this.#next = highestNumber(driver, records) + 1;
  }

  /**
   * Makes a snapshot to be written to.
   *
   * @throws {SnapshotError} `ALREADY_EXISTS`; `NOT_FOUND` (no such parent);
   * `INVALID_ARGUMENT` if the parent is not committed.
   */
  prepare(request: KeyRequest): Promise<MountSpec[]> {
    return this.#make("active", request);
  }

  /** Makes a snapshot to be looked at; see {@linkcode Snapshotter.prepare}. */
  view(request: KeyRequest): Promise<MountSpec[]> {
    return this.#make("view", request);
  }

  async #make(
    kind: "active" | "view",
    { key, parent, labels }: KeyRequest,
  ): Promise<MountSpec[]> {
    const storageOpt = storageOptOf(labels);
    const lowers = this.#lowersOn(parent);
    this.#records.requireFree(key, "make");
    const number = this.#next++;
    const id = layerId(this.#records.tag, number);
    const asked = Object.keys(storageOpt).length > 0;
    const passing = kind === "active" && UNPACK_REGEXP.test(key) && !asked;
    this.#making.add(id);
    try {
      const below = lowers[0] ?? "";
      if (passing) await makePassing(this.#driver, id, below);
      else if (kind === "view") await this.#driver.create(id, below);
      else await this.#driver.createReadWrite(id, below, { storageOpt });
      return await this.#orRemoved(id, () => {
        if (below !== "") takeOwner(this.#driver, id, below);
        const mounts = mountsOf(kind, stackOn(this.#driver, id, lowers));
        this.#records.add({ number, key, parent, kind, labels, passing });
        return mounts;
      });
    } finally {
      this.#making.delete(id);
    }
  }

  /** Layers that a snapshot on `parent` stands on, nearest first. */
  #lowersOn(parent: string): string[] {
    if (parent === "") return [];
    const { number } = this.#records.requireParent(parent);
    return this.#records.stackFrom(number)
      .map((each) => layerId(this.#records.tag, each));
  }

  /** Does what makes a snapshot of a new layer; if it fails, the layer goes. */
  async #orRemoved<T>(id: string, task: () => T): Promise<T> {
    try {
      return task();
    } catch (error) {
      await removeIfThere(this.#driver, id);
      throw error;
    }
  }

  #idOf({ number }: Snapshot): string {
    return layerId(this.#records.tag, number);
  }

  /**
   * Tells again what to mount.
   *
   * @throws {SnapshotError} `NOT_FOUND`; `FAILED_PRECONDITION` if it is committed.
   */
  async mounts({ key }: KeyRequest): Promise<MountSpec[]> {
    const snapshot = this.#records.get(key, "mount");
    if (snapshot.kind === "committed") {
      throw new SnapshotError(
        "FAILED_PRECONDITION",
        `Cannot mount snapshot ${quote(key)}: it is committed`,
      );
    }
    const id = this.#idOf(snapshot);
    if (snapshot.kind === "active") await letMountAgain(this.#driver, id);
    return mountsOf(snapshot.kind, stackOf(this.#driver, id));
  }

  /**
   * Finishes an active snapshot under a name of its own, its files being on the
   * disk. No directory is renamed.
   *
   * @throws {SnapshotError} `NOT_FOUND`; `ALREADY_EXISTS`; `FAILED_PRECONDITION`
   * if it is not active.
   */
  commit({ key, name, labels }: CommitRequest): Promise<void> {
    const id = this.#idOf(this.#records.requireActive(key, name));
    return this.#inTurn(id, async () => {
      const usage = await finishLayer(this.#driver, id);
      this.#records.commit(key, name, labels, usage);
    });
  }

  /** Runs what is done to one layer one after the other. */
  #inTurn<T>(id: string, task: () => Promise<T>): Promise<T> {
    return contextOf(this.#driver).turns.run(`snapshot/${id}`, task);
  }

  /**
   * Removes a snapshot; many files go later.
   *
   * @throws {SnapshotError} `NOT_FOUND`; `FAILED_PRECONDITION` if others stand on
   * it or it is in use by the driver.
   */
  remove({ key }: KeyRequest): Promise<void> {
    const id = this.#idOf(this.#records.get(key, "remove"));
    return this.#inTurn(id, async () => {
      const { number } = this.#records.get(key, "remove");
      const child = this.#records.childOf(number);
      if (child !== undefined) {
        throw new SnapshotError(
          "FAILED_PRECONDITION",
          `Cannot remove snapshot ${quote(key)}: snapshot ${
            quote(child)
          } stands on it`,
        );
      }
      await removeIfThere(this.#driver, id);
      this.#records.delete(number);
    });
  }

  /** Tells what is known of a snapshot; `NOT_FOUND`. */
  stat({ key }: KeyRequest): Info {
    return this.#records.get(key, "describe");
  }

  /**
   * Changes labels of a snapshot.
   *
   * @throws {SnapshotError} `NOT_FOUND`; `INVALID_ARGUMENT` for other fields.
   */
  update({ name, labels, paths }: UpdateRequest): Info {
    return this.#records.relabel(
      name,
      (now) => updatedLabels(now, labels, paths),
    );
  }

  /**
   * Lists snapshots, by the bytes of their names.
   *
   * @throws {SnapshotError} `INVALID_ARGUMENT` for a filter that is none.
   */
  list(filters: readonly string[]): Info[] {
    const wanted = parseFilters(filters);
    return this.#records.all().filter(wanted);
  }

  /** Tells what a snapshot takes on the disk, without its parents; `NOT_FOUND`. */
  async usage({ key }: KeyRequest): Promise<Usage> {
    const snapshot = this.#records.get(key, "measure");
    if (snapshot.kind !== "active") return snapshot.usage;
    return await layerUsage(this.#driver, this.#idOf(snapshot));
  }

  /** Deletes what interrupted calls left, and waits for what is being deleted. */
  async cleanup(): Promise<void> {
    await removeOrphans(this.#driver, this.#records, this.#making);
    await this.settle();
  }

  /** Waits for what calls left for later. */
  async settle(): Promise<void> {
    await contextOf(this.#driver).background.idle();
  }
}
