/**
 * Types of the module's public face that more than one folder speaks of.
 *
 * @module
 */

/** A range of ids that a user namespace maps. */
export interface IdRange {
  /** First id inside the container. */
  readonly containerId: number;
  /** First id on the host. */
  readonly hostId: number;
  /** How many consecutive ids the range maps. */
  readonly size: number;
}

/** Options of {@linkcode init}. */
export interface DriverOptions {
  /** Options as dockerd passes them, such as `"overlay2.size=10G"`. */
  readonly storageOpts?: readonly string[];
  /** Maps of user ids; none means that ids are stored as they are. */
  readonly uidMap?: readonly IdRange[];
  /** Maps of group ids; none means that ids are stored as they are. */
  readonly gidMap?: readonly IdRange[];
  /**
   * Is told of files and attributes that are left out, such as sockets in a diff.
   *
   * @default {console.warn}
   */
  readonly onWarning?: (message: string) => void;
}

/** Options of calls that may have to wait for others at work on the same layer. */
export interface WaitOptions {
  /** Gives the waiting up when it aborts; nothing has changed then. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode Driver.create} and {@linkcode Driver.createReadWrite}. */
export interface CreateOptions extends WaitOptions {
  /** Options of this layer, such as `{ size: "10G" }`, as in Docker. */
  readonly storageOpt?: Readonly<Record<string, string>>;
}

/** How far an apply has come. */
export interface ApplyProgress {
  /** Bytes of the archive read so far. */
  readonly bytes: number;
  /** Archive members unpacked so far. */
  readonly entries: number;
}

/** Options of {@linkcode Driver.applyDiff}. */
export interface ApplyOptions {
  /** Gives the work up when it aborts; what was unpacked is taken back. */
  readonly signal?: AbortSignal;
  /** Called every few milliseconds of work. */
  readonly onProgress?: (progress: ApplyProgress) => void;
  /**
   * Most bytes that the archive may have, not compressed. Holes of sparse files
   * count as if they were in it: what is unpacked never looks larger than this.
   *
   * @default {undefined} no limit
   */
  readonly maxBytes?: number;
  /**
   * Most members that the archive may have.
   *
   * @default {undefined} no limit
   */
  readonly maxEntries?: number;
}

/** A layer in use; `await using` gives it back. */
export interface Mount extends AsyncDisposable {
  /** Absolute path of the layer's files. */
  readonly path: string;
}

/** One difference between a layer and its parent. */
export interface Change {
  /** Absolute path within the layer, such as `"/etc/hosts"`. */
  readonly path: string;
  /** `"A"` added, `"C"` changed, `"D"` deleted. */
  readonly kind: "A" | "C" | "D";
}
