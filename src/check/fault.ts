/**
 * What a rule finds, and what would mend it: plain values.
 *
 * @module
 */

import type { FileStatus } from "../linux/stat.ts";
import type { Owner } from "../store/files.ts";
import type { Finding, Severity } from "../types.ts";

/** One step that mends one fault. Paths are relative to the home. */
export type Action =
  /** Make the directory of short links. */
  | { readonly do: "make-links" }
  /** Let `l/short` lead to a layer; what stands there must still be `instead`. */
  | {
    readonly do: "link";
    readonly short: string;
    readonly id: string;
    readonly instead: FileStatus | undefined;
  }
  /** Remove a short link that still has this text. */
  | { readonly do: "unlink"; readonly short: string; readonly target: string }
  /** Write a small file of a layer that still holds `instead`. */
  | {
    readonly do: "write";
    readonly id: string;
    readonly file: string;
    readonly text: string;
    readonly mode: number;
    readonly instead: FileStatus | undefined;
  }
  /** Give a layer a short name that nobody has. */
  | {
    readonly do: "name";
    readonly id: string;
    readonly instead: FileStatus | undefined;
  }
  /** Make a layer's work directory. */
  | { readonly do: "work"; readonly id: string; readonly owner: Owner }
  /** Set mode and owner of a file of this type. */
  | {
    readonly do: "attributes";
    readonly path: string;
    readonly type: FileStatus["type"];
    readonly mode: number;
    readonly owner: Owner;
  }
  /** Delete a temporary file or directory of a layer. */
  | { readonly do: "delete-stray"; readonly id: string; readonly name: string }
  /** Delete a directory of the home that nobody works on. */
  | {
    readonly do: "delete-dir";
    readonly name: string;
    readonly self: FileStatus;
    /** Refuse if its `diff` holds anything. */
    readonly emptyOnly: boolean;
  }
  /** Delete a file of the home. */
  | { readonly do: "delete-file"; readonly name: string }
  /** Remove an empty directory, or a link or file that stands in its place. */
  | { readonly do: "drop"; readonly id: string; readonly name: string }
  /** Unmount. */
  | { readonly do: "detach"; readonly path: string }
  /** Take away the kernel's mark of a volatile mount. */
  | { readonly do: "settle"; readonly id: string }
  /** Remove an attribute of a file of this type in a layer. */
  | {
    readonly do: "unmark";
    readonly id: string;
    /** Path from the root of the layer. */
    readonly file: string;
    readonly type: FileStatus["type"];
    readonly attribute: string;
  };

/** Actions that may take long and that nobody needs to be kept out for. */
export const DELETIONS: readonly Action["do"][] = [
  "delete-stray",
  "delete-dir",
];

/** When an action is done: each stage is judged anew after the one before. */
export const STAGES: readonly (readonly Action["do"][])[] = [
  ["make-links"],
  ["detach"],
  ["link", "name"],
  ["write"],
  ["work", "drop", "settle", "unmark"],
  ["unlink", "delete-file"],
  DELETIONS,
  ["attributes"],
];

/** What would mend a fault. */
export interface Repair {
  /** What it does, as in "make the short link again". */
  readonly says: string;
  /** How. */
  readonly action: Action;
}

/** Something that is not as it should be. */
export interface Fault extends Omit<Finding, "repair" | "repaired"> {
  /** How severe it is. */
  readonly severity: Severity;
  /** What would mend it. */
  readonly repair?: Repair | undefined;
  /**
   * Directory of the home that looks like this while somebody works on it: the
   * fault counts only if nobody does.
   */
  readonly unlessBusy?: string;
}

/** Tells faults apart. */
export function keyOf(fault: Fault): string {
  return `${fault.name}\0${fault.path}\0${fault.message}`;
}

/** The finding that tells of a fault. */
export function findingOf(fault: Fault, repaired: boolean): Finding {
  const { name, severity, id, path, message, repair } = fault;
  return {
    name,
    severity,
    ...id !== undefined && { id },
    path,
    message,
    ...repair && { repair: repair.says },
    repaired,
  };
}
