/**
 * Random changes to a tree, the same for the same seed.
 *
 * @module
 */

import {
  O_CREAT,
  O_NOFOLLOW,
  O_TRUNC,
  O_WRONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFSOCK,
} from "../../src/linux/constants.ts";
import { type Dir, makeDev } from "../../src/linux/dir.ts";
import { hasCode } from "../../src/linux/errno.ts";
import { closeFd, openAt, writeFd } from "../../src/linux/file.ts";
import { removeTreeNow } from "../../src/linux/remove.ts";
import { setXattrAt } from "../../src/linux/xattr.ts";
import { encodeName, printableName } from "../../src/text.ts";

/** Numbers that follow from a seed. */
export class Random {
  #state: number;

  /** Begins a sequence. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 to `below` − 1. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  }

  /** One of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

const NAMES = ["a", "b", "c", "d", "a-b", "é", "\udcff", ".wh", "B"];
const MODES = [0o644, 0o600, 0o755, 0o4755, 0o2711, 0o1777, 0o444];
const IDS = [0, 1, 1000, 70000];
const TEXTS = ["", "x", "hello", "changed", "y".repeat(5000)];
const TARGETS = ["a", "../b", "/c", "nowhere", "d/é", "."];
/** Values of `security.capability`, of version 2, which archives carry as it is. */
const CAPABILITIES = [
  [1, 0, 0, 2, 1, 0, 0, 0, ...new Array(12).fill(0)],
  [1, 0, 0, 2, 0, 4, 0, 0, ...new Array(12).fill(0)],
];
const TIMES = [
  { seconds: 1_000_000_000, nanoseconds: 0 },
  { seconds: 1_000_000_000, nanoseconds: 5 },
  { seconds: 1_000_000_001, nanoseconds: 999_999_999 },
];
/** What a random step may run into. */
const HARMLESS = [
  "EEXIST",
  "ENOENT",
  "ENOTDIR",
  "EISDIR",
  "ENOTEMPTY",
  "EXDEV",
  "EINVAL",
  "EPERM",
  "ELOOP",
  "EOPNOTSUPP",
  "ENXIO",
];

interface Place {
  readonly dir: Dir;
  readonly name: string;
  readonly path: string;
}

/** Changes a tree step by step. */
export class Changer {
  readonly #random: Random;
  readonly #root: Dir;
  readonly #operations: readonly (readonly [string, Operation])[];
  readonly #open: Dir[] = [];
  /** What was done, one line for each step. */
  readonly log: string[] = [];

  /**
   * Makes one.
   *
   * @param root Root of the tree; stays open.
   * @param random Where the choices come from.
   * @param without Names of operations that are left out.
   */
  constructor(root: Dir, random: Random, without: readonly string[] = []) {
    this.#root = root;
    this.#random = random;
    this.#operations = OPERATIONS.filter(([name]) => !without.includes(name));
  }

  /** Makes a number of steps; those that the kernel refuses do nothing. */
  run(steps: number): void {
    for (let i = 0; i < steps; i++) this.step();
  }

  /** Makes one step. */
  step(): void {
    const [name, operation] = this.#random.pick(this.#operations);
    const place = this.#place();
    let result = "";
    try {
      operation(place, this.#random, () => this.#place());
    } catch (error) {
      if (!hasCode(error, ...HARMLESS)) throw error;
      result = ` (${(error as Error & { code: string }).code})`;
    } finally {
      for (const dir of this.#open.splice(0)) dir[Symbol.dispose]();
    }
    this.log.push(`${name} ${printableName(place.path)}${result}`);
  }

  /** Some name, existing or not, in some directory. */
  #place(): Place {
    let dir = this.#root.reopen();
    this.#open.push(dir);
    let path = "";
    for (let depth = 0; depth < 4; depth++) {
      const names = dir.names().map((entry) => entry.name).sort();
      const fresh = names.length === 0 || this.#random.below(4) === 0;
      const name = this.#random.pick(fresh ? NAMES : names);
      path += `/${name}`;
      const isDir = dir.tryStat(name)?.type === "dir";
      if (!isDir || this.#random.below(3) === 0) return { dir, name, path };
      dir = dir.openDir(name);
      this.#open.push(dir);
    }
    return { dir, name: this.#random.pick(NAMES), path: `${path}/…` };
  }
}

type Operation = (place: Place, random: Random, other: () => Place) => void;

function write({ dir, name }: Place, text: string, flags = O_TRUNC): void {
  const open = O_WRONLY | O_CREAT | O_NOFOLLOW | flags;
  const fd = openAt(dir, name, open, 0o644);
  try {
    if (dir.stat(name).type === "file") writeFd(fd, encodeName(text), name);
  } finally {
    closeFd(fd);
  }
}

/** Opens regular files only: a fifo would wait for a reader. */
function isFileOrFree({ dir, name }: Place): boolean {
  const type = dir.tryStat(name)?.type;
  return type === undefined || type === "file";
}

const OPERATIONS: readonly (readonly [string, Operation])[] = [
  ["mkdir", ({ dir, name }, random) => dir.mkdir(name, random.pick(MODES))],
  ["mkdir and fill", (place, random) => {
    place.dir.mkdir(place.name, 0o755);
    using inner = place.dir.openDir(place.name);
    for (let i = random.below(4); i > 0; i--) {
      write({ ...place, dir: inner, name: random.pick(NAMES) }, "filled");
    }
  }],
  ["write", (place, random) => {
    if (isFileOrFree(place)) write(place, random.pick(TEXTS));
  }],
  ["write again", (place, random) => {
    if (isFileOrFree(place)) write(place, random.pick(TEXTS), 0);
  }],
  ["open for writing", (place) => {
    if (isFileOrFree(place)) write(place, "", 0);
  }],
  ["chmod", ({ dir, name }, random) => dir.chmod(name, random.pick(MODES))],
  ["chmod to the same", ({ dir, name }) => {
    dir.chmod(name, dir.stat(name).mode);
  }],
  ["chown", ({ dir, name }, random) => {
    dir.chown(name, random.pick(IDS), random.pick(IDS));
  }],
  ["touch", ({ dir, name }, random) => {
    dir.utimes(name, TIMES[0]!, random.pick(TIMES));
  }],
  ["touch within the second", ({ dir, name }, random) => {
    const seconds = dir.stat(name).mtime;
    const nanoseconds = random.pick([0, 1, 2]);
    dir.utimes(name, TIMES[0]!, { seconds, nanoseconds });
  }],
  ["delete", ({ dir, name }) => removeTreeNow(dir, name)],
  ["unlink", ({ dir, name }) => dir.unlink(name)],
  ["delete and make a directory", ({ dir, name }, random) => {
    removeTreeNow(dir, name);
    dir.mkdir(name, random.pick(MODES));
  }],
  ["delete and write", (place, random) => {
    removeTreeNow(place.dir, place.name);
    write(place, random.pick(TEXTS));
  }],
  ["rename", ({ dir, name }, _random, other) => {
    const to = other();
    dir.rename(name, to.dir, to.name);
  }],
  ["rename beside", ({ dir, name }, random) => {
    dir.rename(name, dir, random.pick(NAMES));
  }],
  ["hard link", ({ dir, name }, _random, other) => {
    const from = other();
    dir.link(from.dir, from.name, name);
  }],
  ["symlink", ({ dir, name }, random) => {
    dir.symlink(random.pick(TARGETS), name);
  }],
  ["fifo", ({ dir, name }) => dir.mknod(name, S_IFIFO | 0o640, 0n)],
  ["device", ({ dir, name }, random) => {
    const format = random.pick([S_IFCHR, S_IFBLK]);
    const rdev = makeDev(random.pick([1, 7, 259]), random.pick([0, 3, 1000]));
    dir.mknod(name, format | 0o600, rdev);
  }],
  ["socket", ({ dir, name }) => dir.mknod(name, S_IFSOCK | 0o600, 0n)],
  ["capability", ({ dir, name }, random) => {
    if (dir.stat(name).type !== "file") return;
    const value = new Uint8Array(random.pick(CAPABILITIES));
    setXattrAt(dir, name, "security.capability", value);
  }],
  ["user attribute", ({ dir, name }) => {
    setXattrAt(dir, name, "user.note", encodeName("x"));
  }],
];
