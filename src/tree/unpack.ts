/**
 * Archive entries to files below a directory, which nothing gets out of.
 *
 * Every name is looked up by openat2(2) with the directory as root.
 *
 * @module
 */

import type { Extent } from "../linux/copy.ts";
import type { Dir } from "../linux/dir.ts";
import { hasCode } from "../linux/errno.ts";
import { isWhiteout } from "../linux/stat.ts";
import type { TarEntry } from "../tar/entry.ts";
import type { TarSink } from "../tar/sink.ts";
import { Copies } from "./copies.ts";
import { type CreateSettings, Creator, type Place } from "./create.ts";
import { type HostOwner, Metadata } from "./metadata.ts";
import { OPAQUE_MARKER, WHITEOUT_PREFIX } from "./pack.ts";
import type { Parents } from "./parents.ts";
import {
  badEntry,
  baseName,
  explainRefusal,
  localPath,
  parentPath,
} from "./paths.ts";
import { Deleting, type Hiding, Marking } from "./whiteouts.ts";

/** How an archive is unpacked. */
export interface UnpackSettings extends CreateSettings {
  /** Whether whiteouts become marks of an upper directory, or delete from a mounted tree. */
  readonly whiteouts: "mark" | "delete";
  /** Whether the directory is empty. */
  readonly fresh: boolean;
}

const ROOT_OPAQUE =
  "The archive hides all that lies below its root; overlayfs does not do so for the root";

/** Entries between two looks at the clock: on a slow disk each takes a while. */
const ENTRIES_PER_REST = 16;

/** Prefix of paths that AUFS kept for itself. */
const AUFS_PREFIX = ".wh..wh.";

/** Unpacks one archive below a directory. */
export class Unpacker implements TarSink, Disposable {
  readonly #root: Dir;
  readonly #settings: UnpackSettings;
  readonly #creator: Creator;
  readonly #parents: Parents;
  readonly #metadata: Metadata;
  readonly #hiding: Hiding;
  /** Paths that the archive brought, if there may be others. */
  readonly #seen: Set<string> | undefined;
  #work: Generator<void> | undefined;
  #sinceRest = 0;
  /** Entries so far. */
  entries = 0;
  /** Sum of the sizes in all headers. */
  headerBytes = 0;
  /** Content on its way; to be waited for before disposal. */
  readonly copies = new Copies();

  /**
   * Makes one for an archive.
   *
   * @param root Directory to unpack into; stays open.
   * @param settings How to unpack.
   */
  constructor(root: Dir, settings: UnpackSettings) {
    const { namespace, owners, fresh, warn } = settings;
    const marks = settings.whiteouts === "mark";
    this.#root = root;
    this.#settings = settings;
    this.#metadata = new Metadata(root, fresh, owners, warn);
    this.#creator = new Creator(
      root,
      this.#metadata,
      this.copies,
      settings,
    );
    this.#parents = this.#creator.parents;
    const seen = fresh && marks ? undefined : new Set<string>();
    this.#seen = seen;
    const unpacked = seen && ((path: string) => seen.has(path));
    this.#hiding = marks || unpacked === undefined
      ? new Marking(namespace, unpacked)
      : new Deleting(unpacked);
  }

  /** Bytes of the unpacked files on disk; `undefined` if they must be counted there. */
  get diskBytes(): number | undefined {
    const { replaced, diskBytes } = this.#creator;
    return this.#seen || replaced ? undefined : diskBytes;
  }

  /** Directories that were made although the archive only implies them. */
  get implied(): number {
    return this.#creator.implied;
  }

  /** Whether something was made in the place of something else. */
  get replaced(): boolean {
    return this.#creator.replaced;
  }

  /** Path of the file that takes the content of the current entry, if one does. */
  get filling(): string | undefined {
    return this.#creator.filling;
  }

  /** See {@linkcode TarSink.entry}. */
  entry(entry: TarEntry): void {
    this.entries++;
    this.#sinceRest++;
    this.headerBytes += entry.size;
    if (entry.type === "g") return;
    try {
      this.#take(entry);
    } catch (error) {
      throw explainRefusal(error, entry.name);
    }
  }

  #take(entry: TarEntry): void {
    const path = localPath(entry.name);
    if (path === "") return this.#checkRoot(entry);
    if (this.#isAufs(path)) return;
    this.#metadata.check(entry);
    const whiteout = baseName(path).startsWith(WHITEOUT_PREFIX);
    if (whiteout && this.#liesInFile(parentPath(path))) return;
    const dir = this.#parents.get(parentPath(path));
    const place = { dir, name: baseName(path), path };
    const owner = this.#metadata.hostOwner(entry);
    if (whiteout) {
      this.#remember(parentPath(path));
      const work = this.#whiteout(place, owner, entry);
      if (this.#seen) this.#work = this.#clearing(work, entry.name);
      return;
    }
    this.#remember(path);
    if (entry.type === "1" && this.copies.running) {
      // What the link says of the file must be the last word.
      this.#work = this.#later(place, entry, owner);
    } else this.#creator.create(place, entry, owner);
  }

  /**
   * Whether what a whiteout hides is hidden already: umoci names the file that
   * took a directory's place, and what the directory held as well.
   */
  #liesInFile(path: string): boolean {
    if (path === "") return false;
    try {
      const status = this.#root.statInRoot(path);
      return status.type !== "dir" && !isWhiteout(status);
    } catch (error) {
      if (hasCode(error, "ENOTDIR")) return true;
      if (hasCode(error, "ENOENT", "ELOOP")) return false;
      throw error;
    }
  }

  *#later(place: Place, entry: TarEntry, owner: HostOwner): Generator<void> {
    yield;
    try {
      this.#creator.create(place, entry, owner);
    } catch (error) {
      throw explainRefusal(error, entry.name);
    }
  }

  /** The layer's own root keeps its owner and mode; see Docker's go-archive 0.3. */
  #checkRoot(entry: TarEntry): void {
    if (entry.type !== "5") {
      throw badEntry(entry.name, "the layer's root must be a directory");
    }
  }

  #isAufs(path: string): boolean {
    return this.#settings.whiteouts === "delete" &&
      path.startsWith(AUFS_PREFIX) && path !== OPAQUE_MARKER;
  }

  /** Notes a path, and the directories it implies, as this archive's own. */
  #remember(path: string): void {
    if (this.#seen === undefined) return;
    for (let at = path; at !== "" && !this.#seen.has(at); at = parentPath(at)) {
      this.#seen.add(at);
    }
  }

  #whiteout(
    { dir, name, path }: Place,
    owner: HostOwner,
    entry: TarEntry,
  ): Iterable<void> {
    if (name === OPAQUE_MARKER) return this.#hideContent(dir, parentPath(path));
    const hidden = name.slice(WHITEOUT_PREFIX.length);
    if (hidden === "" || hidden === "." || hidden === "..") {
      throw badEntry(entry.name, "the whiteout names no file");
    }
    const prefix = path.slice(0, path.length - name.length);
    return this.#hiding.hide(dir, hidden, prefix + hidden, owner);
  }

  /** Forgets open directories after work that may have deleted some. */
  *#clearing(work: Iterable<void>, name: string): Generator<void> {
    try {
      yield* work;
    } catch (error) {
      throw explainRefusal(error, name);
    }
    this.#parents.clear();
  }

  /** See {@linkcode TarSink.busy}. */
  get busy(): boolean {
    return this.#work !== undefined || this.#sinceRest >= ENTRIES_PER_REST;
  }

  /**
   * Makes ready for more entries, after the reader stopped for a rest.
   *
   * @returns Work that must be done before, if there is any, and after all
   * {@linkcode Unpacker.copies}.
   */
  takeWork(): Generator<void> | undefined {
    const work = this.#work;
    this.#work = undefined;
    this.#sinceRest = 0;
    return work;
  }

  #hideContent(dir: Dir, path: string): Iterable<void> {
    if (this.#settings.whiteouts === "mark") {
      if (path === "") this.#settings.warn(ROOT_OPAQUE);
      return this.#hiding.hideContent(dir, path);
    }
    // In a mounted tree a marker speaks of a directory, not of a link to one.
    if (this.#isLink(path)) return [];
    return this.#hiding.hideContent(this.#parents.get(path), path);
  }

  #isLink(path: string): boolean {
    if (path === "") return false;
    const above = this.#parents.get(parentPath(path));
    return above.stat(baseName(path)).type === "symlink";
  }

  /** See {@linkcode TarSink.data}. */
  data(bytes: Uint8Array): void {
    this.#creator.data(bytes);
  }

  /** See {@linkcode TarSink.hole}. */
  hole(length: number): void {
    this.#creator.hole(length);
  }

  /**
   * Takes the rest of the current content from where it lies, instead of
   * {@linkcode Unpacker.data}; goes on while the bytes are on their way.
   *
   * @param from Where it lies.
   * @param length Its length in bytes.
   */
  copy(from: Extent, length: number): Promise<void> {
    return this.#creator.copy(from, length);
  }

  /** See {@linkcode TarSink.end}. */
  end(): void {
    this.#creator.end();
  }

  /** Sets the times of all directories, which unpacking into them had changed; yields after each. */
  finish(): Generator<void> {
    return this.#creator.finish();
  }

  /** Closes what is open; what is unpacked stays. */
  [Symbol.dispose](): void {
    this.#creator[Symbol.dispose]();
  }
}
