/**
 * Deletes a tree by descriptor, never following a link.
 *
 * @module
 */

import type { Dir } from "./dir.ts";
import { type Dirent, DT_DIR, DT_UNKNOWN } from "./dirent.ts";
import { hasCode } from "./errno.ts";
import { failure } from "./libc.ts";
import { MNT_DETACH, unmount } from "./mount.ts";
import { procPath } from "./dir.ts";

const BUSY_TRIES = 50;
const EBUSY = 16;

/**
 * Deletes `name` in `dir` and all below it; a missing name is done already.
 *
 * Yields after each few files, so that the caller can give other work a turn.
 * What is mounted below is unmounted.
 *
 * @param dir Directory that holds the name.
 * @param name Name of a file of any type.
 * @param onDirectory Told how many entries a directory has, before they go.
 */
export function* removeTree(
  dir: Dir,
  name: string,
  onDirectory: (entries: number) => void = () => {},
): Generator<void> {
  for (let tries = 1;; tries++) {
    try {
      const status = dir.tryStat(name);
      if (status === undefined) return;
      if (status.type !== "dir") return dir.unlink(name);
      yield* removeDirectory(dir, name, onDirectory);
      return;
    } catch (error) {
      if (!mayRetry(error, dir, name) || tries === BUSY_TRIES) throw error;
    }
    yield;
  }
}

/** Whether another attempt may succeed: something appeared, vanished or was mounted meanwhile. */
function mayRetry(error: unknown, dir: Dir, name: string): boolean {
  if (hasCode(error, "ENOTEMPTY", "ENOENT")) return true;
  return hasCode(error, "EBUSY") && unmounted(dir, name);
}

/** Files deleted between two places to rest. */
const FILES = 4;

/** Directories held open at once; what lies deeper is moved up first. */
const DEEPEST = 64;

/** A directory that is being emptied. */
interface Emptying {
  readonly parent: Dir;
  readonly name: string;
  readonly dir: Dir;
  readonly entries: Pick<Dirent, "name" | "type">[];
}

function* removeDirectory(
  parent: Dir,
  name: string,
  onDirectory: (entries: number) => void,
): Generator<void> {
  const begin = (parent: Dir, name: string) => {
    const emptying = beginEmptying(parent, name);
    onDirectory(emptying.entries.length);
    return emptying;
  };
  const stack = [begin(parent, name)];
  try {
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const entry = top.entries.pop();
      if (entry === undefined) {
        top.dir[Symbol.dispose]();
        stack.pop();
        top.parent.rmdir(top.name);
      } else if (mayBeDir(entry) || !unlinked(top.dir, entry.name)) {
        yield* emptyEntry(stack, top, entry, begin);
      } else if (top.entries.length % FILES === 0) yield;
    }
  } finally {
    for (const { dir } of stack) dir[Symbol.dispose]();
  }
}

function beginEmptying(parent: Dir, name: string): Emptying {
  const dir = openUnmounted(parent, name);
  try {
    return { parent, name, dir, entries: inTurn(dir.names()) };
  } catch (error) {
    dir[Symbol.dispose]();
    throw error;
  }
}

/**
 * Sorts entries so that the last one comes first on the disk: neighbours share
 * blocks, and ext4 tells names in an order of its own.
 */
function inTurn(entries: Dirent[]): Dirent[] {
  return entries.sort((one, other) => other.ino - one.ino);
}

function* emptyEntry(
  stack: Emptying[],
  top: Emptying,
  { name, type }: Pick<Dirent, "name" | "type">,
  begin: (parent: Dir, name: string) => Emptying,
): Generator<void> {
  if (type === DT_DIR && top.dir.tryRmdir(name)) return yield;
  const status = top.dir.tryStat(name);
  if (status?.type !== "dir") {
    if (!unlinked(top.dir, name)) yield* removeTree(top.dir, name);
  } else if (stack.length < DEEPEST || !movedUp(stack[0]!, top, name)) {
    stack.push(begin(top.dir, name));
  }
  yield;
}

/** Whether an entry is a directory, or nobody says that it is none. */
function mayBeDir({ type }: Pick<Dirent, "type">): boolean {
  return type === DT_DIR || type === DT_UNKNOWN;
}

/** Moves a directory to the top of what is being deleted, so that no depth is too deep. */
function movedUp(first: Emptying, from: Emptying, name: string): boolean {
  const newName = `${first.entries.length}-${crypto.randomUUID()}`;
  try {
    from.dir.rename(name, first.dir, newName, false);
  } catch (error) {
    // A directory of a lower layer cannot be moved through a mount.
    if (hasCode(error, "EXDEV", "EBUSY")) return false;
    throw error;
  }
  first.entries.push({ name: newName, type: DT_DIR });
  return true;
}

/**
 * Opens a directory after taking away what is mounted on it: that is not ours to
 * delete.
 *
 * @throws {SyscallError} `EBUSY` if it cannot be unmounted.
 */
function openUnmounted(dir: Dir, name: string): Dir {
  for (;;) {
    const inner = openWithin(dir, name);
    if (inner !== undefined) return inner;
    if (!unmounted(dir, name)) throw failure(EBUSY, "umount2", dir, name);
  }
}

/** Opens a directory; `undefined` if something is mounted on it. */
function openWithin(dir: Dir, name: string): Dir | undefined {
  const inner = dir.openDir(name);
  let crossing = true;
  try {
    crossing = isCrossing(dir, inner);
  } finally {
    if (crossing) inner[Symbol.dispose]();
  }
  return crossing ? undefined : inner;
}

/** Whether one directory lies in another mount than the one that holds it. */
function isCrossing(outer: Dir, inner: Dir): boolean {
  const { mountRoot, dev } = inner.self();
  return mountRoot ?? dev !== outer.self().dev;
}

/** Unmounts `name` lazily; tells whether anything was mounted there. */
function unmounted(dir: Dir, name: string): boolean {
  try {
    unmount(procPath(dir, name), MNT_DETACH);
    return true;
  } catch (error) {
    if (hasCode(error, "EINVAL")) return false;
    throw error;
  }
}

function unlinked(dir: Dir, name: string): boolean {
  try {
    dir.unlink(name);
    return true;
  } catch (error) {
    if (hasCode(error, "EISDIR", "ENOENT")) return false;
    throw error;
  }
}

/** Runs {@linkcode removeTree} to its end at once. */
export function removeTreeNow(dir: Dir, name: string): void {
  for (const _ of removeTree(dir, name));
}
