/**
 * Layers taken out of a home and deleted.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { SyscallError } from "../linux/errno.ts";
import { removeTree } from "../linux/remove.ts";
import { persist } from "./build.ts";
import { childrenOf } from "./children.ts";
import { openHome } from "./home.ts";
import { corrupt } from "./layer.ts";
import { DIFF, LINK, LINKS, quote, unfinishedName } from "./layout.ts";
import { type Doomed, findLeftovers } from "./leftovers.ts";
import { shortNamesOf } from "./link.ts";
import { lockLayer, lockLayerAtOnce, withHomeLocked } from "./lock.ts";
import type { Store } from "./store.ts";

/**
 * Takes a layer out of the home; {@linkcode purgeLayer} deletes it.
 *
 * @param store The home.
 * @param id Id of the layer.
 * @param refuse Called with the layer's short link and the open home before
 * anything changes; throws if the layer must stay.
 * @param signal Ends the waiting for other processes.
 * @throws {DriverError} `ENOENT`; `EBUSY` if it has children; `ECANCELED`.
 */
export async function condemnLayer(
  store: Store,
  id: string,
  refuse: (link: string, home: Dir) => void,
  signal?: AbortSignal,
): Promise<Doomed> {
  const lock = lockLayerAtOnce(store, id) ??
    await lockLayer(store, id, signal);
  try {
    using home = openHome(store.home);
    return await withHomeLocked(home, (links) => {
      requireLayer(lock, id);
      refuseParent(store, home, id);
      const short = shortNamesOf(home, links, lock, id);
      refuse(`${LINKS}/${short[0] ?? ""}`, home);
      const current = childrenOf(store).isCurrent(home);
      const name = takeOut(store, home, links, id, short);
      childrenOf(store).noteGone(home, current, id, short);
      return { name, lock };
    }, signal);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** Renames a layer away, or leaves it in if its short links cannot follow. */
function takeOut(
  store: Store,
  home: Dir,
  links: Dir,
  id: string,
  short: readonly string[],
): string {
  const name = unfinishedName();
  home.rename(id, home, name, false);
  try {
    persist(store.settings, home);
    for (const link of short) links.unlink(link);
  } catch (error) {
    home.rename(name, home, id, false);
    throw error;
  }
  persistIfPossible(store, links);
  return name;
}

/** A short link that comes back after a power cut leads nowhere and harms nobody. */
function persistIfPossible(store: Store, links: Dir): void {
  try {
    persist(store.settings, links);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
}

function refuseParent(store: Store, home: Dir, id: string): void {
  const { child, unclear } = childrenOf(store).find(home, id);
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

/** A directory that has nothing of a layer is not ours to delete. */
function requireLayer(dir: Dir, id: string): void {
  if (dir.tryStat(DIFF)?.type === "dir" || dir.tryStat(LINK)) return;
  throw corrupt(
    id,
    `it has neither a directory "${DIFF}" nor a file "${LINK}"`,
  );
}

/** Whether some layer stands on `id`: its id, or `undefined`. */
export async function childOf(
  store: Store,
  id: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  using home = openHome(store.home);
  const find = () => childrenOf(store).find(home, id).child;
  return await withHomeLocked(home, find, signal);
}

/** Deletes a layer that was taken out, as {@linkcode removeTree} does. */
export function* purgeLayer(
  store: Store,
  doomed: Doomed,
  onDirectory?: (entries: number) => void,
): Generator<void> {
  using _lock = doomed.lock;
  using home = openHome(store.home);
  yield* removeTree(home, doomed.name, onDirectory);
}

/** What processes that died left half-made or half-deleted; see {@linkcode findLeftovers}. */
export async function leftovers(store: Store): Promise<Doomed[]> {
  using home = openHome(store.home);
  return await withHomeLocked(home, () => findLeftovers(home));
}
