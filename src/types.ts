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
   * Most members that the archive may have. Directories that it does not hold,
   * but that have to be made for what it holds, count as well.
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

/** How bad a {@linkcode Finding} is. */
export type Severity =
  /** A layer cannot be mounted or read rightly, or data is missing. */
  | "error"
  /** It is wrong, but everything works. */
  | "warning"
  /** It is unusual and harmless. */
  | "note";

/** Something in a home that is not as it should be. */
export interface Finding {
  /** What kind of thing, such as `"link-missing"`; such names do not change. */
  readonly name: string;
  /** How bad it is. */
  readonly severity: Severity;
  /** Id of the layer that it is about, if it is about one. */
  readonly id?: string;
  /** Path of the file in question, relative to the home; `""` is the home itself. */
  readonly path: string;
  /** What is wrong and what that means, in one sentence. */
  readonly message: string;
  /** What a repair does or did; left out if it takes more than that to mend. */
  readonly repair?: string;
  /** Whether it was mended. */
  readonly repaired: boolean;
}

/** How far a check has come. */
export interface CheckProgress {
  /** Layers whose files were looked through. */
  readonly layers: number;
  /** How many there are. */
  readonly of: number;
}

/** Options of {@linkcode Driver.check}. */
export interface CheckOptions {
  /**
   * Whether to mend what can be mended without losing data.
   *
   * @default {false}
   */
  readonly repair?: boolean;
  /**
   * Whether to compare files with what an apply recorded, where it did.
   *
   * @default {false}
   */
  readonly deep?: boolean;
  /** Gives the work up when it aborts, between two repairs. */
  readonly signal?: AbortSignal;
  /** Called after each layer. */
  readonly onProgress?: (progress: CheckProgress) => void;
}
