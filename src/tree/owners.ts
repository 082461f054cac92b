/**
 * Owners inside and outside a user namespace.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { IdRange } from "../types.ts";

/** Translates one kind of ids; without ranges ids stay as they are. */
export class IdMap {
  readonly #ranges: readonly IdRange[] | undefined;
  /** Id on the host of id 0 inside. */
  readonly root: number;

  /**
   * Makes a map.
   *
   * @param ranges Ranges of ids; none for the identity.
   * @throws {DriverError} `EINVAL` if a range is impossible, or none maps id 0.
   */
  constructor(ranges: readonly IdRange[] | undefined) {
    ranges?.forEach(checkRange);
    this.#ranges = ranges?.length ? ranges : undefined;
    this.root = 0;
    this.root = this.#find(0) ?? unmappedRoot();
  }

  #find(id: number): number | undefined {
    if (this.#ranges === undefined) return id;
    const range = this.#ranges.find(({ containerId, size }) =>
      id >= containerId && id < containerId + size
    );
    return range && range.hostId + (id - range.containerId);
  }

  /**
   * Translates an id of an archive to one on disk. The id of the mapped root
   * itself stays, as in Docker.
   *
   * @throws {DriverError} `EBADMSG` if no range has it.
   */
  toHost(id: number): number {
    if (this.#ranges === undefined || id === this.root) return id;
    const host = this.#find(id);
    if (host !== undefined) return host;
    throw new DriverError(
      "EBADMSG",
      `Cannot store owner ${id}: container ID ${id} cannot be mapped to a host ID`,
    );
  }

  /** Translates an id on disk to one for an archive; `undefined` if no range has it. */
  toContainer(id: number): number | undefined {
    if (this.#ranges === undefined) return id;
    const range = this.#ranges.find(({ hostId, size }) =>
      id >= hostId && id < hostId + size
    );
    return range && range.containerId + (id - range.hostId);
  }
}

/** 2^32−1 means "as it is" to chown(2), so it is nobody's. */
const LAST_ID = 0xffff_fffe;

function isId(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= LAST_ID;
}

function checkRange({ containerId, hostId, size }: IdRange): void {
  const last = size - 1;
  if (
    size >= 1 && isId(containerId) && isId(hostId) &&
    isId(containerId + last) && isId(hostId + last)
  ) return;
  throw new DriverError(
    "EINVAL",
    `Cannot use the id map ${containerId}:${hostId}:${size}: ids go from 0 to ${LAST_ID}`,
  );
}

function unmappedRoot(): never {
  throw new DriverError(
    "EINVAL",
    "Cannot use the id map: it does not map id 0",
  );
}

/** Translates users and groups. */
export interface Owners {
  /** User ids. */
  readonly users: IdMap;
  /** Group ids. */
  readonly groups: IdMap;
}

/** Owners that stay as they are. */
export const SAME_OWNERS: Owners = {
  users: new IdMap(undefined),
  groups: new IdMap(undefined),
};
