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
import { type FileStatus, sameFile } from "../linux/stat.ts";
import { LINKS } from "../store/layout.ts";
import { paced } from "../pace.ts";
import { refuseAborted } from "../giving_up.ts";
import type { Expected } from "./facts.ts";
import { type Fault, keyOf } from "./fault.ts";
import { readHome } from "./read_home.ts";
import { judge } from "./rules.ts";
import type { View } from "./view.ts";

/** How long to wait before each further look, in milliseconds. */
const WAITS_MS = [50, 100, 200, 400, 800];
/** What is younger may be the work of a dockerd that has to wait for its disk. */
const YOUNG_MS = 500;
/** How long others may keep a home locked before it is read all the same. */
const PATIENCE_MS = 3000;
const LOCK_WAIT_MS = 2;

/** What a look at a home showed. */
export interface Look {
  readonly view: View;
  readonly faults: readonly Fault[];
}

/**
 * Looks at a home, and again while what is wrong may be somebody's work.
 *
 * @param home Open home directory.
 * @param expected Who files should belong to.
 * @param signal Ends the work.
 * @param locked Whether the caller keeps others out, dockerd included.
 */
export async function look(
  home: Dir,
  expected: Expected,
  signal: AbortSignal | undefined,
  locked = false,
): Promise<Look> {
  let before = await lookOnce(home, expected, signal, locked);
  for (const wait of locked ? WAITS_MS.slice(0, 1) : WAITS_MS) {
    if (before.faults.length === 0) return before;
    await pause(wait);
    refuseAborted(signal);
    const now = await lookOnce(home, expected, signal, locked);
    const kept = remaining(before, now);
    if (kept.every((fault) => isSettled(fault, before.view, now.view))) {
      return { view: now.view, faults: kept };
    }
    before = { view: now.view, faults: kept };
  }
  return before;
}

/** Faults that both looks showed. */
function remaining(before: Look, now: Look): Fault[] {
  const known = new Set(before.faults.map(keyOf));
  return now.faults.filter((fault) => known.has(keyOf(fault)));
}

/** Whether nobody worked, or may still be at work, on what a fault is about. */
function isSettled(fault: Fault, before: View, now: View): boolean {
  const then = directoryOf(fault, before);
  const dir = directoryOf(fault, now);
  if (dir === undefined || then === undefined) return true;
  const age = Date.now() - dir.mtime * 1000 - dir.mtimeNs / 1e6;
  const isYoung = age >= 0 && age < YOUNG_MS && isFleeting(fault);
  return !isYoung && sameFile(then, dir) && then.mtime === dir.mtime &&
    then.mtimeNs === dir.mtimeNs;
}

/** The directory that changes with what a fault is about. */
function directoryOf(
  { id, path }: Fault,
  { facts }: View,
): FileStatus | undefined {
  const top = id ?? path.split("/")[0]!;
  return top === LINKS ? facts.links : facts.dirs.get(top)?.self;
}

/** Whether something half-done looks like that. */
function isFleeting({ name, unlessBusy }: Fault): boolean {
  return unlessBusy !== undefined || name.endsWith("-missing") ||
    name === "short-link-dangling";
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
