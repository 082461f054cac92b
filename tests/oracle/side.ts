/**
 * One driver on one home, Docker's or ours, behind the same face.
 *
 * @module
 */

import type { Change, IdRange } from "../../src/types.ts";

/** What came of a call: its value, or the text and code of its error. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: string; readonly code?: string };

/** How a home is opened. */
export interface SideOptions {
  /** Directory of the home. */
  readonly home: string;
  /** Options as dockerd passes them. */
  readonly storageOpts?: readonly string[];
  /** Maps of user and of group ids. */
  readonly ids?: readonly IdRange[];
}

/** A driver under test; `parent` as in the module. */
export interface Side extends AsyncDisposable {
  /** Makes a read-only layer. */
  create(id: string, parent?: string): Promise<Outcome<void>>;
  /** Makes a writable layer. */
  createReadWrite(
    id: string,
    parent?: string,
    size?: string,
  ): Promise<Outcome<void>>;
  /** Mounts a layer; the value is the path. */
  get(id: string): Promise<Outcome<string>>;
  /** Unmounts a layer. */
  put(id: string): Promise<Outcome<void>>;
  /** Whether there is such a layer. */
  exists(id: string): Promise<Outcome<boolean>>;
  /** Deletes a layer. */
  remove(id: string): Promise<Outcome<void>>;
  /** Paths of a layer. */
  metadata(id: string): Promise<Outcome<Record<string, string>>>;
  /** The status table. */
  status(): Promise<Outcome<[string, string][]>>;
  /** Unpacks the archive in a file; the value is the size in bytes. */
  applyDiff(
    id: string,
    parent: string | undefined,
    file: string,
  ): Promise<Outcome<number>>;
  /** Packs a layer into a file; the value is the archive. */
  diff(id: string, parent?: string): Promise<Outcome<Uint8Array>>;
  /** Differences, sorted. */
  changes(id: string, parent?: string): Promise<Outcome<Change[]>>;
  /** Size of the differences in bytes. */
  diffSize(id: string, parent?: string): Promise<Outcome<number>>;
  /** Unmounts what is left. */
  cleanup(): Promise<Outcome<void>>;
}

/** The value of an outcome that must be one. */
export function must<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(outcome.error);
}

/** Puts changes in one order, whatever the driver's. */
export function sortChanges(changes: readonly Change[]): Change[] {
  return [...changes].sort((a, b) =>
    a.path < b.path ? -1 : a.path > b.path ? 1 : a.kind < b.kind ? -1 : 1
  );
}
