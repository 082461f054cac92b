/**
 * Layers made.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { alreadyExists, buildLayer, persist } from "./build.ts";
import { childrenOf } from "./children.ts";
import { type Wait, writeAtomic } from "./files.ts";
import { openHome } from "./home.ts";
import { type Layer, readRecord } from "./layer.ts";
import { checkId, COMMITTED, quote } from "./layout.ts";
import { lockLayer, lockLayerAtOnce, withHomeLocked } from "./lock.ts";
import type { Store } from "./store.ts";

/**
 * Makes a layer.
 *
 * @param store The home.
 * @param id Id that is free.
 * @param parent Layer to stand on; none makes a base layer.
 * @param prepare Called with the new, still empty layer directory.
 * @param signal Ends the waiting for other processes.
 * @param wait What is waited for: `"order"` for a layer that a power cut may
 * take away as a whole.
 * @throws {DriverError} `EEXIST`, `ENOENT` (no such parent), `EMLINK`,
 * `EUCLEAN`, `ECANCELED`.
 */
export async function createIn(
  store: Store,
  id: string,
  parent: string | undefined,
  prepare: (dir: Dir) => void = () => {},
  signal?: AbortSignal,
  wait: Wait = "disk",
): Promise<void> {
  checkId(id);
  if (parent !== undefined) checkId(parent);
  using home = openHome(store.home);
  // A parent that is being filled or removed must come to its end first.
  using lock = parent === undefined
    ? undefined
    : await lockParent(store, home, id, parent, signal);
  await withHomeLocked(home, (links) => {
    refuseTaken(home, id);
    const below = lock && readRecord(lock, parent!);
    const lowers = below && lowersOn(store, below, id);
    const current = childrenOf(store).isCurrent(home);
    const born = lock !== undefined && !below?.committed;
    if (born) commit(store, lock);
    let link: string;
    try {
      link = buildLayer(store.settings, home, links, id, {
        lowers,
        prepare,
        wait,
      });
    } catch (error) {
      if (born) lock.unlink(COMMITTED);
      throw error;
    }
    if (current) childrenOf(store).noteMade(home, link, id, parent);
  }, signal);
}

async function lockParent(
  store: Store,
  home: Dir,
  id: string,
  parent: string,
  signal: AbortSignal | undefined,
): Promise<Dir | undefined> {
  try {
    const lock = lockLayerAtOnce(store, parent);
    if (lock !== undefined) return lock;
    refuseTaken(home, id);
    return await lockLayer(store, parent, signal);
  } catch (error) {
    refuseTaken(home, id);
    throw explainParent(error, id, parent);
  }
}

function refuseTaken(home: Dir, id: string): void {
  if (home.tryStat(id) !== undefined) throw alreadyExists(id);
}

/** Lowers of a layer on another, nearest first. */
function lowersOn(store: Store, parent: Layer, id: string): readonly string[] {
  const lowers = [parent.link, ...parent.lowers];
  const { maxDepth } = store.settings;
  if (lowers.length <= maxDepth) return lowers;
  throw new DriverError(
    "EMLINK",
    `Cannot create layer ${quote(id)} on ${
      quote(parent.id)
    }: max depth exceeded (${maxDepth} layers)`,
  );
}

/** Marks a layer as a parent, from now on mounted read-only. */
function commit(store: Store, parent: Dir): void {
  writeAtomic(parent, COMMITTED, "", 0o600);
  try {
    persist(store.settings, parent);
  } catch (error) {
    parent.unlink(COMMITTED);
    throw error;
  }
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
