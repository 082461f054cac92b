/**
 * One look through a whole home for layers that stand on one: quicker than
 * making an index, which a process that asks once would not use again.
 *
 * Only bytes are compared. A layer that does not even mention the other one does
 * not stand on it; whichever does, or is not as every driver writes it, is read
 * as ever.
 *
 * @module
 */

import type { Dir } from "../linux/dir.ts";
import { DT_DIR, DT_LNK, DT_UNKNOWN } from "../linux/dirent.ts";
import { scan, type ScannedName } from "../linux/scan.ts";
import { encodeName } from "../text.ts";
import {
  BASE32,
  COMMITTED,
  isLayerName,
  LINKS,
  linkTarget,
  LOWER,
  SHORT_LENGTH,
  WORK,
} from "./layout.ts";
import { isLayer, lowersOf, targetOf } from "./stands.ts";

/** What was found of a layer. */
export interface Standing {
  /** A layer that stands on it. */
  readonly child: string | undefined;
  /** One that may, since its record is unreadable, where the layer was a parent. */
  readonly unclear: string | undefined;
}

const LOWER_FILE = encodeName(`/${LOWER}`);
const WORK_DIR = encodeName(`/${WORK}`);
const ENOENT = 2;

/**
 * Looks for layers that stand on `id`. Use it only while the home is locked.
 *
 * @param home Open home directory.
 * @param id The layer.
 * @throws {SyscallError} if a layer cannot be read for another reason than damage.
 */
export function findChild(home: Dir, id: string): Standing {
  const wasParent = home.tryStat(`${id}/${COMMITTED}`) !== undefined;
  using links = home.openDir(LINKS);
  const search = new Search(home, links, id, wasParent);
  scan(home, (name) => search.visit(name));
  return search.result();
}

class Search {
  readonly #home: Dir;
  readonly #links: Dir;
  readonly #id: string;
  readonly #wasParent: boolean;
  /** Names of the links to the layer, as lists of lowers have them. */
  readonly #names: readonly Pattern[];
  /** Layers that mention it further below: most stand on a child of it. */
  readonly #distant: string[] = [];
  #child: string | undefined;
  #unclear: string | undefined;

  constructor(home: Dir, links: Dir, id: string, wasParent: boolean) {
    this.#home = home;
    this.#links = links;
    this.#id = id;
    this.#wasParent = wasParent;
    this.#names = namesOf(links, id).map((name) => new Pattern(name));
  }

  result(): Standing {
    const child = this.#child ??
      this.#distant.find((name) => this.#isChild(name));
    return { child, unclear: child === undefined ? this.#unclear : undefined };
  }

  /** Looks at one name in the home; tells whether that is enough. */
  visit(name: ScannedName): boolean {
    if (name.type !== DT_DIR && name.type !== DT_UNKNOWN) return false;
    const length = name.read(LOWER_FILE);
    if (length === -ENOENT && !(this.#wasParent && name.has(WORK_DIR))) {
      return false; // A base layer, as far as it matters.
    }
    const whole = length < name.content.length;
    if (length < 0 || !whole) this.#readFully(name.text);
    else this.#readList(name, length);
    return this.#child !== undefined;
  }

  #readList(name: ScannedName, length: number): void {
    const at = this.#mentions(name.content, length);
    if (at >= 0) this.#noteMention(name.text, at);
    if (this.#wasParent && !isUsual(name.content, length)) {
      this.#readFully(name.text);
    }
  }

  /** Where a list has a link to the layer; below zero if nowhere. */
  #mentions(list: Uint8Array, length: number): number {
    for (const name of this.#names) {
      const at = name.find(list, length);
      if (at >= 0) return at;
    }
    return -1;
  }

  #noteMention(name: string, at: number): void {
    if (at > LINKS.length + 1) this.#distant.push(name);
    else if (this.#isChild(name)) this.#child = name;
  }

  #readFully(name: string): void {
    if (this.#isChild(name)) this.#child = name;
    else if (this.#wasParent && this.#isUnclear(name)) this.#unclear ??= name;
  }

  #isUnclear(name: string): boolean {
    return name !== this.#id && isLayerName(name) &&
      lowersOf(this.#home, name) === "unclear" && isLayer(this.#home, name);
  }

  /** Whether a layer's parent is the layer or, if that is gone, the next that is there. */
  #isChild(name: string): boolean {
    if (!isLayerName(name)) return false;
    const lowers = lowersOf(this.#home, name);
    if (lowers === "unclear") return false;
    for (const lower of lowers) {
      const target = targetOf(this.#links, lower.slice(LINKS.length + 1));
      if (target === undefined) continue;
      return target === this.#id && isLayer(this.#home, name);
    }
    return false;
  }
}

/** Names of all links that lead to a layer: more than one if the home is damaged. */
function namesOf(links: Dir, id: string): string[] {
  const target = encodeName(linkTarget(id));
  const found: string[] = [];
  scan(links, (name) => {
    if (name.type !== DT_LNK && name.type !== DT_UNKNOWN) return false;
    const length = name.readLink();
    if (length === target.length && begins(name.content, target)) {
      found.push(name.text);
    }
    return false;
  });
  return found;
}

function begins(bytes: Uint8Array, start: Uint8Array): boolean {
  for (let i = 0; i < start.length; i++) {
    if (bytes[i] !== start[i]) return false;
  }
  return true;
}

/** Bytes to look for in others, by Horspool's algorithm. */
class Pattern {
  readonly #bytes: Uint8Array;
  /** How far to go on where the last byte is this one. */
  readonly #shifts: Uint8Array;

  constructor(text: string) {
    const bytes = this.#bytes = encodeName(text);
    const last = bytes.length - 1;
    this.#shifts = new Uint8Array(256).fill(bytes.length);
    for (let i = 0; i < last; i++) this.#shifts[bytes[i]!] = last - i;
  }

  /** Where it first occurs; -1 if nowhere. */
  find(within: Uint8Array, length: number): number {
    const size = this.#bytes.length;
    for (let at = 0; at + size <= length;) {
      let i = size - 1;
      while (i >= 0 && within[at + i] === this.#bytes[i]) i--;
      if (i < 0) return at;
      at += this.#shifts[within[at + size - 1]!]!;
    }
    return -1;
  }
}

/** One entry of a list and what parts it from the next. */
const ENTRY = `${LINKS}/${"A".repeat(SHORT_LENGTH)}:`;
/** For each place in an entry, the class of bytes that belongs there. */
const WANTED = Uint8Array.from(ENTRY, classOf);
const CLASSES = Uint8Array.from(
  { length: 256 },
  (_, byte) => classOf(String.fromCharCode(byte)),
);

/** What may stand in the place of a character of {@linkcode ENTRY}, as a bit. */
function classOf(char: string): number {
  const special = `${LINKS}/:`.indexOf(char);
  if (special >= 0) return 1 << special;
  return BASE32.includes(char) ? 0x80 : 0;
}

/** Whether a list of lowers has nothing but short links as all drivers make them. */
function isUsual(list: Uint8Array, length: number): boolean {
  let at = 0;
  for (let i = 0; i < length; i++) {
    if ((CLASSES[list[i]!]! & WANTED[at]!) === 0) return false;
    at = at === ENTRY.length - 1 ? 0 : at + 1;
  }
  return at === ENTRY.length - 1;
}
