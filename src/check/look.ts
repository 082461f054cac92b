/**
 * Looks at a home until what is seen can be trusted.
 *
 * dockerd takes no locks: what it is in the middle of may look like damage for a
 * moment, and counts only if it stays.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { tryLock, tryLockShared } from "../linux/lock.ts";
import { LINKS } from "../store/layout.ts";
import { paced } from "../pace.ts";
import { refuseAborted } from "../giving_up.ts";
import type { Expected } from "./facts.ts";
import { type Fault, keyOf } from "./fault.ts";
import { readHome } from "./read_home.ts";
import { judge } from "./rules.ts";
import type { View } from "./view.ts";

/** Longer than a step of dockerd takes. */
const SETTLE_MS = 50;
/** How long others may keep a home locked before it is read all the same. */
const PATIENCE_MS = 3000;
const LOCK_WAIT_MS = 2;

/** What a look at a home showed. */
export interface Look {
  readonly view: View;
  readonly faults: readonly Fault[];
}

/**
 * Looks at a home, twice if anything is wrong.
 *
 * @param home Open home directory.
 * @param expected Who files should belong to.
 * @param signal Ends the work.
 * @param locked Whether the caller keeps others out.
 */
export async function look(
  home: Dir,
  expected: Expected,
  signal: AbortSignal | undefined,
  locked = false,
): Promise<Look> {
  const once = () => lookOnce(home, expected, signal, locked);
  const first = await once();
  if (first.faults.length === 0) return first;
  await pause(SETTLE_MS);
  refuseAborted(signal);
  const second = await once();
  const before = new Set(first.faults.map(keyOf));
  return {
    view: second.view,
    faults: second.faults.filter((fault) => before.has(keyOf(fault))),
  };
}

async function lookOnce(
  home: Dir,
  expected: Expected,
  signal: AbortSignal | undefined,
  locked: boolean,
): Promise<Look> {
  using _lock = locked ? undefined : await lockHome(home, false, signal);
  const facts = await paced(readHome(home));
  const { view, faults } = judge(facts, home.path, expected);
  return {
    view,
    faults: faults.filter(({ unlessBusy }) =>
      unlessBusy === undefined || !isBusy(home, unlessBusy)
    ),
  };
}

/** Whether a process of ours is at work in a directory. */
function isBusy(home: Dir, name: string): boolean {
  if (home.tryStat(name)?.type !== "dir") return false;
  using dir = home.tryOpenDir(name);
  return dir !== undefined && !tryLockShared(dir.fd, dir.path);
}

/**
 * Waits until no process of ours makes or removes layers.
 *
 * @param home Open home directory.
 * @param alone Whether others who only look are kept out, too.
 * @param signal Ends the waiting.
 * @returns Holds the lock; nothing, if the home has nothing to lock, or somebody
 * who only wants to look has waited long enough.
 */
export async function lockHome(
  home: Dir,
  alone: boolean,
  signal: AbortSignal | undefined,
): Promise<Dir | undefined> {
  if (home.tryStat(LINKS)?.type !== "dir") return undefined;
  const links = home.openDir(LINKS);
  const lock = alone ? tryLock : tryLockShared;
  const start = performance.now();
  try {
    while (!lock(links.fd, links.path)) {
      refuseAborted(signal);
      if (!alone && performance.now() - start > PATIENCE_MS) break;
      await pause(LOCK_WAIT_MS);
    }
    return links;
  } catch (error) {
    links[Symbol.dispose]();
    throw error;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
