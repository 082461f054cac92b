/**
 * A home: layers made, found and removed as files. Mounts nothing.
 *
 * A layer is built beside its place and renamed in; a layer that goes is renamed
 * away first and deleted afterwards. So a name in the home is a whole layer.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { AT_FDCWD } from "../linux/constants.ts";
import { Dir } from "../linux/dir.ts";
import { hasCode, SyscallError } from "../linux/errno.ts";
import { tryLock } from "../linux/lock.ts";
import { removeTree } from "../linux/remove.ts";
import { isStillAt, tryStatAt } from "../linux/stat.ts";
import {
  alreadyExists,
  buildLayer,
  type BuildSettings,
  persist,
} from "./build.ts";
import { Children } from "./children.ts";
import { type Wait, writeAtomic } from "./files.ts";
import {
  corrupt,
  type Layer,
  openLayer,
  readLayer,
  readRecord,
} from "./layer.ts";
import { openHome, prepareHome } from "./home.ts";
import { type Doomed, findLeftovers } from "./leftovers.ts";
import { shortNamesOf } from "./link.ts";
import {
  checkId,
  COMMITTED,
  DIFF,
  isLayerName,
  LINK,
  LINKS,
  quote,
  unfinishedName,
} from "./layout.ts";
import { lockDir, withHomeLocked } from "./turns.ts";

/** How a {@linkcode Store} makes layers. */
export interface StoreSettings extends BuildSettings {
  /** Most lowers that a layer may have. */
  readonly maxDepth: number;
  /** Whether two changes of a directory never carry the same time. */
  readonly fineTimes: boolean;
}

/** The layers below a home directory. */
export class Store {
  /** Absolute path of the home. */
  readonly home: string;
  readonly #settings: StoreSettings;
  readonly #children: Children;

  /**
   * Opens a home; {@linkcode Store.prepare} makes its directories.
   *
   * @param home Absolute path.
   * @param settings How layers are made.
   */
  constructor(home: string, settings: StoreSettings) {
    this.home = home;
    this.#settings = settings;
    this.#children = new Children(settings.fineTimes);
  }

  /** Makes the home; see {@linkcode prepareHome}. */
  prepare(): void {
    prepareHome(this.home, this.#settings.root.gid);
  }

  /** Runs `task` with the open home. */
  withHome<T>(task: (home: Dir) => T): T {
    using home = openHome(this.home);
    return task(home);
  }

  /** Reads a layer's record; see {@linkcode readLayer}. */
  read(id: string): Layer {
    checkId(id);
    return this.withHome((home) => readLayer(home, id));
  }

  /** Whether there is a layer `id`. */
  exists(id: string): boolean {
    checkId(id);
    const status = tryStatAt({ fd: AT_FDCWD, path: "" }, `${this.home}/${id}`);
    if (status !== undefined) return status.type === "dir";
    // Only a home that is one can say no.
    return this.withHome((home) => home.tryStat(id)?.type === "dir");
  }

  /**
   * Makes a layer.
   *
   * @param id Id that is free.
   * @param parent Layer to stand on; none makes a base layer.
   * @param prepare Called with the new, still empty layer directory.
   * @param signal Ends the waiting for other processes.
   * @param wait What is waited for: `"order"` for a layer that a power cut may
   * take away as a whole.
   * @throws {DriverError} `EEXIST`, `ENOENT` (no such parent), `EMLINK`,
   * `EUCLEAN`, `ECANCELED`.
   */
  async create(
    id: string,
    parent: string | undefined,
    prepare: (dir: Dir) => void = () => {},
    signal?: AbortSignal,
    wait: Wait = "disk",
  ): Promise<void> {
    checkId(id);
    if (parent !== undefined) checkId(parent);
    using home = openHome(this.home);
    // A parent that is being filled or removed must come to its end first.
    using lock = parent === undefined
      ? undefined
      : await this.#lockParent(home, id, parent, signal);
    await withHomeLocked(home, (links) => {
      refuseTaken(home, id);
      const below = lock && readRecord(lock, parent!);
      const lowers = below && this.#lowersOn(below, id);
      const current = this.#children.isCurrent(home);
      const born = lock !== undefined && !below?.committed;
      if (born) this.#commit(lock);
      let link: string;
      try {
        link = buildLayer(this.#settings, home, links, id, {
          lowers,
          prepare,
          wait,
        });
      } catch (error) {
        if (born) lock.unlink(COMMITTED);
        throw error;
      }
      if (current) this.#children.noteMade(home, link, id, parent);
    }, signal);
  }

  async #lockParent(
    home: Dir,
    id: string,
    parent: string,
    signal: AbortSignal | undefined,
  ): Promise<Dir | undefined> {
    try {
      const lock = this.lockAtOnce(parent);
      if (lock !== undefined) return lock;
      refuseTaken(home, id);
      return await this.lock(parent, signal);
    } catch (error) {
      refuseTaken(home, id);
      throw explainParent(error, id, parent);
    }
  }

  /** Lowers of a layer on another, nearest first. */
  #lowersOn(parent: Layer, id: string): readonly string[] {
    const lowers = [parent.link, ...parent.lowers];
    const { maxDepth } = this.#settings;
    if (lowers.length <= maxDepth) return lowers;
    throw new DriverError(
      "EMLINK",
      `Cannot create layer ${quote(id)} on ${
        quote(parent.id)
      }: max depth exceeded (${maxDepth} layers)`,
    );
  }

  /** Marks a layer as a parent, from now on mounted read-only. */
  #commit(parent: Dir): void {
    writeAtomic(parent, COMMITTED, "", 0o600);
    try {
      persist(this.#settings, parent);
    } catch (error) {
      parent.unlink(COMMITTED);
      throw error;
    }
  }

  /**
   * Opens a layer's directory with its lock, so that no other process mounts,
   * fills or removes it.
   *
   * @param id Id of the layer.
   * @param signal Ends the waiting.
   * @returns The directory; closing it gives the lock back.
   * @throws {DriverError} `EINVAL`, `ENOENT`, `EUCLEAN`, `ECANCELED`.
   */
  async lock(id: string, signal?: AbortSignal): Promise<Dir> {
    for (;;) {
      const dir = this.#open(id);
      try {
        await lockDir(dir, signal);
        if (isStillAt(dir.fd, dir.path)) return dir;
      } catch (error) {
        dir[Symbol.dispose]();
        throw error;
      }
      dir[Symbol.dispose]();
    }
  }

  /** Like {@linkcode Store.lock}; `undefined` if that has to be waited for. */
  lockAtOnce(id: string): Dir | undefined {
    const dir = this.#open(id);
    let ours = false;
    try {
      ours = tryLock(dir.fd, dir.path) && isStillAt(dir.fd, dir.path);
    } finally {
      if (!ours) dir[Symbol.dispose]();
    }
    return ours ? dir : undefined;
  }

  /** Opens a layer's directory by its path; step by step to say why not. */
  #open(id: string): Dir {
    checkId(id);
    try {
      const dir = Dir.tryOpenItself(`${this.home}/${id}`);
      if (dir !== undefined) return dir;
    } catch (error) {
      if (!hasCode(error, "ENOTDIR", "ELOOP")) throw error;
    }
    return this.withHome((home) => openLayer(home, id));
  }

  /**
   * Takes a layer out of the home; {@linkcode Store.purge} deletes it.
   *
   * @param id Id of the layer.
   * @param refuse Called with the layer's short link and the open home before
   * anything changes; throws if the layer must stay.
   * @param signal Ends the waiting for other processes.
   * @throws {DriverError} `ENOENT`; `EBUSY` if it has children; `ECANCELED`.
   */
  async condemn(
    id: string,
    refuse: (link: string, home: Dir) => void,
    signal?: AbortSignal,
  ): Promise<Doomed> {
    const lock = this.lockAtOnce(id) ?? await this.lock(id, signal);
    try {
      using home = openHome(this.home);
      return await withHomeLocked(home, (links) => {
        requireLayer(lock, id);
        this.#refuseParent(home, id);
        const short = shortNamesOf(home, links, lock, id);
        refuse(`${LINKS}/${short[0] ?? ""}`, home);
        const current = this.#children.isCurrent(home);
        const name = this.#takeOut(home, links, id, short);
        this.#children.noteGone(home, current, id, short);
        return { name, lock };
      }, signal);
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** Renames a layer away, or leaves it in if its short links cannot follow. */
  #takeOut(
    home: Dir,
    links: Dir,
    id: string,
    short: readonly string[],
  ): string {
    const name = unfinishedName();
    home.rename(id, home, name, false);
    try {
      persist(this.#settings, home);
      for (const link of short) links.unlink(link);
    } catch (error) {
      home.rename(name, home, id, false);
      throw error;
    }
    this.#persistIfPossible(links);
    return name;
  }

  /** A short link that comes back after a power cut leads nowhere and harms nobody. */
  #persistIfPossible(links: Dir): void {
    try {
      persist(this.#settings, links);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
    }
  }

  #refuseParent(home: Dir, id: string): void {
    const { child, unclear } = this.#children.find(home, id);
    const other = child ?? unclear;
    if (other === undefined) return;
    const how = child === undefined
      ? "may stand on it, for its record is unreadable"
      : "stands on it";
    throw new DriverError(
      "EBUSY",
      `Cannot remove layer ${quote(id)}: layer ${quote(other)} ${how}`,
    );
  }

  /** Whether some layer stands on `id`: its id, or `undefined`. */
  async childOf(
    id: string,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    using home = openHome(this.home);
    const find = () => this.#children.find(home, id).child;
    return await withHomeLocked(home, find, signal);
  }

  /** Deletes a layer that was taken out, as {@linkcode removeTree} does. */
  *purge(
    doomed: Doomed,
    onDirectory?: (entries: number) => void,
  ): Generator<void> {
    using _lock = doomed.lock;
    using home = openHome(this.home);
    yield* removeTree(home, doomed.name, onDirectory);
  }

  /** What processes that died left half-made or half-deleted; see {@linkcode findLeftovers}. */
  async leftovers(): Promise<Doomed[]> {
    using home = openHome(this.home);
    return await withHomeLocked(home, () => findLeftovers(home));
  }

  /** Ids of all layers, in no order. */
  list(): string[] {
    return this.withHome((home) =>
      home.names().map((entry) => entry.name).filter((name) =>
        isLayerName(name) && home.tryStat(name)?.type === "dir" &&
        home.tryStat(`${name}/${DIFF}`)?.type === "dir"
      )
    );
  }
}

function refuseTaken(home: Dir, id: string): void {
  if (home.tryStat(id) !== undefined) throw alreadyExists(id);
}

/** A directory that has nothing of a layer is not ours to delete. */
function requireLayer(dir: Dir, id: string): void {
  if (dir.tryStat(DIFF)?.type === "dir" || dir.tryStat(LINK)) return;
  throw corrupt(
    id,
    `it has neither a directory "${DIFF}" nor a file "${LINK}"`,
  );
}

/** Says that a missing layer is the parent of the one that was asked for. */
function explainParent(error: unknown, id: string, parent: string): unknown {
  if (!(error instanceof DriverError) || error.code !== "ENOENT") return error;
  return new DriverError(
    "ENOENT",
    `Cannot create layer ${quote(id)}: its parent ${
      quote(parent)
    } does not exist`,
  );
}
