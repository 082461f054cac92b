/**
 * Who is what in a home, derived from its facts; pure.
 *
 * @module
 */

import {
  COMMITTED,
  DIFF,
  idOfTarget,
  isLayerName,
  isShortName,
  isUnfinished,
  LINK,
  LINKS,
  LOWER,
  MERGED,
  TEMPORARY,
  WORK,
} from "../store/layout.ts";
import type { DirFacts, HomeFacts } from "./facts.ts";
import { ownerOf } from "./ownership.ts";

/** What a directory in a home is. */
export type Kind =
  /** A layer, whole or damaged. */
  | "layer"
  /** A layer that was being made: it has nothing yet. */
  | "half-made"
  /** Half made or half deleted under a name that says so. */
  | "leftover"
  /** What dockerd tried out at its start. */
  | "probe"
  /** Somebody else's. */
  | "foreign";

const RECORD: ReadonlySet<string> = new Set([
  COMMITTED,
  DIFF,
  LINK,
  LOWER,
  MERGED,
  WORK,
]);

/** Matches the trial directories of dockerd. */
const PROBE_REGEXP =
  /^(?:check-overlayfs-support|metacopy-check|opaque-bug-check)\d*$|^userxattr-check$/;
/** Names in the trial directories of dockerd. */
const IN_PROBE_REGEXP =
  /^(?:l[123]|lower[12]?|upper|work|merged|userxattr-check\d*|\d+)$/;
/** What the name of a layer ends in that dockerd is deleting. */
export const REMOVING = "-removing";
/** Matches names like those of unfinished layers and trials. */
const TEMPORARY_REGEXP = /^\.tmp-(?:layer|probe)-/;
/** What a new file system has of its own. */
const LOST_AND_FOUND = "lost+found";

function add<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

/** A home's layers and the names they have for each other. */
export class View {
  readonly facts: HomeFacts;
  /** Layers by id. */
  readonly layers = new Map<string, DirFacts>();
  /** Other directories and what they are. */
  readonly kinds = new Map<string, Kind>();
  /** Short names that lead to a layer or to where one was, by id. */
  readonly linksTo = new Map<string, string[]>();
  /** Layers that call themselves by a short name, by that name. */
  readonly claimants = new Map<string, string[]>();
  /** Layers that list a short name, by that name. */
  readonly listers = new Map<string, string[]>();
  /** Short names that each layer lists, nearest first. */
  readonly lists = new Map<string, readonly string[]>();
  /** Ids that short links lead to, of layers or not. */
  readonly #targets = new Map<string, string>();

  /** Derives all that from the facts. */
  constructor(facts: HomeFacts) {
    this.facts = facts;
    for (const [short, { target }] of facts.linkEntries) {
      const id = target === undefined ? undefined : idOfTarget(target);
      if (id === undefined) continue;
      this.#targets.set(short, id);
      add(this.linksTo, id, short);
    }
    const dirs = [...facts.dirs.values()];
    for (const dir of dirs) if (!isDoubtful(dir.name)) this.#readList(dir);
    for (const dir of dirs) {
      const kind = this.#kindOf(dir);
      this.kinds.set(dir.name, kind);
      if (kind === "layer") this.layers.set(dir.name, dir);
    }
    for (const dir of this.layers.values()) {
      if (isDoubtful(dir.name)) this.#readList(dir);
    }
    for (const dir of this.layers.values()) {
      const short = shortNameOf(dir);
      if (short !== undefined) add(this.claimants, short, dir.name);
    }
  }

  #readList(dir: DirFacts): void {
    const list = listOf(dir);
    if (list === undefined) return;
    this.lists.set(dir.name, list);
    for (const short of new Set(list)) add(this.listers, short, dir.name);
  }

  #kindOf(dir: DirFacts): Kind {
    const { name, names } = dir;
    if (name === LOST_AND_FOUND) return "foreign";
    if (isUnfinished(name)) return this.#isLinked(dir) ? "foreign" : "leftover";
    if (!isLayerName(name)) return "foreign";
    if (isDoubtful(name) && !this.#isLiving(dir)) return "leftover";
    if (names === undefined) return "layer";
    if (isProbe(dir)) return "probe";
    if (this.linksTo.has(name)) return "layer";
    const known = names.filter((each) =>
      RECORD.has(each) || each.startsWith(TEMPORARY)
    );
    if (known.length === 0 && names.length > 0) return "foreign";
    const listed = this.listers.has(shortNameOf(dir) ?? "");
    return isHalfMade(dir, listed) ? "half-made" : "layer";
  }

  /** Whether a directory's own short name leads to it. */
  #isLinked(dir: DirFacts): boolean {
    const own = shortNameOf(dir);
    return own !== undefined && !!this.linksTo.get(dir.name)?.includes(own);
  }

  /** Whether anything says that a directory is a layer of that very name. */
  #isLiving(dir: DirFacts): boolean {
    const own = shortNameOf(dir);
    const links = this.linksTo.get(dir.name) ?? [];
    return this.#isLinked(dir) ||
      links.some((short) => this.listers.has(short)) ||
      (own !== undefined && this.listers.has(own) &&
        !this.facts.linkEntries.has(own));
  }

  /** Layer that `l/short` leads to, if it leads to one. */
  targetOf(short: string): string | undefined {
    const id = this.#targets.get(short);
    return id !== undefined && this.layers.has(id) ? id : undefined;
  }

  /** Layer that a short name stands for; see {@linkcode ownerOf}. */
  ownerOf(short: string): string | undefined {
    return ownerOf(this, short).id;
  }

  /** Whether a layer calls itself by a short name that leads to it. */
  isNamed(id: string): boolean {
    const own = shortNameOf(this.layers.get(id));
    return own !== undefined && this.targetOf(own) === id;
  }

  /** A short name whose link leads to a layer: its own one if that does. */
  usableName(id: string): string | undefined {
    return this.isNamed(id)
      ? shortNameOf(this.layers.get(id))
      : this.bestLink(id);
  }

  /** Of the links that lead to a layer, the one that most layers list. */
  bestLink(id: string): string | undefined {
    const uses = (short: string) => this.listers.get(short)?.length ?? 0;
    return this.linksTo.get(id)?.filter((short) => this.ownerOf(short) === id)
      .sort((a, b) => uses(b) - uses(a) || (a < b ? -1 : 1))[0];
  }

  /** Whether a directory holds anything that a home has. */
  get isHome(): boolean {
    if (this.facts.links?.type === "dir") return true;
    for (const { link, diff } of this.layers.values()) {
      if (link?.status.type === "file" && diff?.type === "dir") return true;
    }
    return false;
  }
}

/** Short name that a layer has for itself; `undefined` if it is unusable. */
export function shortNameOf(dir: DirFacts | undefined): string | undefined {
  const text = dir?.link?.text;
  return text !== undefined && isName(text) ? text : undefined;
}

function isName(text: string): boolean {
  return isShortName(text) && !/\s/.test(text);
}

/** Short names that a layer lists, up to the first that is none; `undefined` if it has no list. */
function listOf(dir: DirFacts): string[] | undefined {
  const text = dir.lower?.text;
  if (text === undefined) return undefined;
  const shorts = text.split(":").map((entry) => {
    const trimmed = entry.trim();
    const short = trimmed.slice(LINKS.length + 1);
    return trimmed.startsWith(`${LINKS}/`) && isName(short) ? short : "";
  });
  const end = shorts.indexOf("");
  return end < 0 ? shorts : shorts.slice(0, end);
}

/** Whether something of that name is probably half deleted, and stands on nothing any more. */
function isDoubtful(name: string): boolean {
  return !isLayerName(name) || name.endsWith(REMOVING) ||
    TEMPORARY_REGEXP.test(name);
}

function isProbe({ name, names, diff, link }: DirFacts): boolean {
  return PROBE_REGEXP.test(name) && diff === undefined && link === undefined &&
    (names ?? []).every((each) => IN_PROBE_REGEXP.test(each));
}

/** Whether a layer got no further than its first steps, and holds nothing. */
function isHalfMade(dir: DirFacts, listed: boolean): boolean {
  if (dir.merged !== undefined && !dir.mergedIsEmpty) return false;
  if (dir.diff === undefined) return !listed;
  return dir.isEmpty && dir.link === undefined && dir.lower === undefined &&
    dir.work === undefined && dir.committed === undefined;
}
