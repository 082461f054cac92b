/**
 * Keeps the archive that a layer was filled from, so that its diff is the same
 * bytes again.
 *
 * The record lies beside the files, and holds while they are what was unpacked:
 * whoever may change them drops it first.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Dir } from "../linux/dir.ts";
import { paced } from "../pace.ts";
import type { Layer } from "../store/layer.ts";
import { EXACT, temporaryName } from "../store/layout.ts";
import { Recorder } from "../tar/recorder.ts";
import type { TarSink } from "../tar/sink.ts";
import { proveReplay } from "../tree/exact.ts";
import { NewRecord, OldRecord } from "../tree/record_file.ts";
import type { Unpacker } from "../tree/unpack.ts";
import type { Context } from "./context.ts";

/** Forgets the archive that a layer was filled from; tells whether there was one. */
export function dropExact(layer: Dir): boolean {
  if (layer.tryStat(EXACT) === undefined) return false;
  layer.unlink(EXACT);
  return true;
}

/** The record of an archive that is being unpacked. */
export class Recording implements Disposable {
  readonly #layer: Dir;
  readonly #name = temporaryName(EXACT);
  readonly #record: NewRecord;
  #doubted = false;

  private constructor(layer: Dir) {
    this.#layer = layer;
    this.#record = new NewRecord(layer, this.#name);
  }

  /**
   * Begins a record, if one is wanted.
   *
   * @param context The driver's parts.
   * @param layer The layer's directory, locked.
   */
  static begin({ settings }: Context, layer: Dir): Recording | undefined {
    return settings.exact ? new Recording(layer) : undefined;
  }

  /**
   * Stands between a reader and its sink.
   *
   * @param sink Who takes the entries.
   * @param unpacker Who makes files of them.
   */
  recorder(sink: TarSink, unpacker: Unpacker): Recorder {
    return new Recorder(sink, unpacker, this.#record.writer);
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
    const fault = this.#doubted ? await this.#fault(name) : undefined;
    if (fault === undefined) {
      return () => this.#layer.rename(this.#name, this.#layer, EXACT);
    }
    this.#layer.unlink(this.#name);
    warn(`${NOT_KEPT}: ${fault.message}`);
    return () => {};
  }

  /** Why the archive cannot be written anew from the files, if so. */
  async #fault(name: string): Promise<DriverError | undefined> {
    using root = this.#layer.openDir(name);
    using record = OldRecord.tryOpen(this.#layer, this.#name);
    try {
      await paced(proveReplay(root, record?.parts() ?? []));
      return undefined;
    } catch (error) {
      if (error instanceof DriverError && error.code === "EIO") return error;
      throw error;
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#record[Symbol.dispose]();
  }
}

const NOT_KEPT =
  "The archive itself is not kept, as it replaces what it brought; diff gives one of the same files";

/**
 * Opens the record of the archive that a layer was filled from, if it was kept.
 *
 * The layer's files are to be opened before: if they are those of an earlier
 * filling, they went away, and whoever reads them finds out.
 *
 * @param context The driver's parts.
 * @param layer The layer.
 * @throws {DriverError} `EUCLEAN` if it is no file.
 */
export function keptArchive(
  { store }: Context,
  layer: Layer,
): OldRecord | undefined {
  return store.withHome((home) => {
    using dir = home.tryOpenDir(layer.id);
    return dir && OldRecord.tryOpen(dir, EXACT);
  });
}
