/**
 * Keeps the archive that a layer was filled from, so that its diff is the same
 * bytes again.
 *
 * The record lies beside the files, and holds while they are what was unpacked:
 * whoever may change them drops it first. Loaded where it is needed only, since
 * compression takes a while to load.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { removeTree } from "../linux/remove.ts";
import { paced } from "../pace.ts";
import { EXACT, temporaryName } from "../store/layout.ts";
import { Recorder } from "../tar/recorder.ts";
import type { TarSink } from "../tar/sink.ts";
import type { ArchiveItem } from "../tree/archive.ts";
import { proveReplay, replay } from "../tree/exact.ts";
import { Aside } from "../tree/lost.ts";
import { NewRecord, OldRecord } from "../tree/record_file.ts";
import type { Unpacker } from "../tree/unpack.ts";

/** The record of an archive that is being unpacked. */
export class Recording implements Disposable {
  readonly #layer: Dir;
  #name = temporaryName(EXACT);
  #record: NewRecord;
  #recorder: Recorder | undefined;
  #aside: { dir: Dir; name: string; things: Aside } | undefined;
  #doubted = false;

  /**
   * Begins a record.
   *
   * @param layer The layer's directory, locked.
   */
  constructor(layer: Dir) {
    this.#layer = layer;
    this.#record = new NewRecord(layer, this.#name);
  }

  /**
   * Stands between a reader and its sink.
   *
   * @param sink Who takes the entries.
   * @param unpacker Who makes files of them.
   */
  recorder(sink: TarSink, unpacker: Unpacker): Recorder {
    this.#recorder = new Recorder(sink, unpacker, this.#record.writer);
    return this.#recorder;
  }

  /** Sets aside what the archive replaces. */
  readonly discard = (dir: Dir, name: string, path: string): void => {
    this.#aside ??= this.#makeAside();
    this.#aside.things.take(dir, name, path, this.#recorder!.files);
  };

  #makeAside() {
    const name = temporaryName(EXACT);
    this.#layer.mkdir(name, 0o700);
    const dir = this.#layer.openDir(name);
    return { dir, name, things: new Aside(dir) };
  }

  /**
   * Makes sure that nothing passed the record by.
   *
   * @param length Bytes of the archive that were read.
   */
  confirm(length: number): void {
    const { writer } = this.#record;
    if (writer.length === length) return;
    throw new Error(`${writer.length} of ${length} bytes were recorded`);
  }

  /** Says that the files may not be those that the archive brought. */
  doubt(): void {
    this.#doubted = true;
  }

  /**
   * Ends the record, when all is unpacked.
   *
   * @param name Directory in the layer's that holds the files.
   * @param warn Is told if the archive cannot be kept.
   * @returns Puts the record in its place; called once the files are in theirs.
   */
  async finish(
    name: string,
    warn: (message: string) => void,
  ): Promise<() => void> {
    this.#record.writer.finish();
    const fault = this.#doubted ? await this.#settle(name) : undefined;
    if (fault === undefined) {
      return () => this.#layer.rename(this.#name, this.#layer, EXACT);
    }
    this.#layer.unlink(this.#name);
    warn(`${NOT_KEPT}: ${fault.message}`);
    return () => {};
  }

  /** Makes sure of a doubted record; tells what stands against it. */
  async #settle(name: string): Promise<DriverError | undefined> {
    try {
      await this.#restore();
      await this.#prove(name);
      return undefined;
    } catch (error) {
      if (error instanceof DriverError && error.code === "EIO") return error;
      throw error;
    }
  }

  /** Puts what was set aside into the record. */
  async #restore(): Promise<void> {
    if (this.#aside === undefined) return;
    const { name, things } = this.#aside;
    const earlier = this.#name;
    using old = OldRecord.open(this.#layer, earlier);
    this.#record[Symbol.dispose]();
    this.#name = temporaryName(EXACT);
    this.#record = new NewRecord(this.#layer, this.#name);
    try {
      await paced(things.restore(old.parts(), this.#record.writer));
    } finally {
      this.#layer.unlink(earlier);
      await paced(removeTree(this.#layer, name));
    }
  }

  /** Reads all that the record refers to. */
  async #prove(name: string): Promise<void> {
    using root = this.#layer.openDir(name);
    using record = OldRecord.open(this.#layer, this.#name);
    await paced(proveReplay(root, record.parts()));
  }

  /** Closes what is open. */
  [Symbol.dispose](): void {
    this.#record[Symbol.dispose]();
    this.#aside?.dir[Symbol.dispose]();
  }
}

const NOT_KEPT =
  "The archive itself is not kept, as it replaces what it brought; diff gives one of the same files";

/** An archive that was kept. */
export interface Kept extends Disposable {
  /** Its pieces. */
  readonly items: Generator<ArchiveItem>;
}

/**
 * The archive that a layer was filled from, if it was kept.
 *
 * @param layer The layer's directory.
 * @param root Its files, opened before the record is: if they are those of an
 * earlier filling, they went away, and whoever reads them finds out.
 * @throws {DriverError} `EUCLEAN` if the record is no file.
 */
export function keptArchive(layer: Dir, root: Dir): Kept | undefined {
  const record = OldRecord.tryOpen(layer, EXACT);
  return record && {
    items: replay(root, record.parts()),
    [Symbol.dispose]: () => record[Symbol.dispose](),
  };
}
