/**
 * How often each mount is in use.
 *
 * @module
 */

/**
 * Counts uses of mountpoints.
 *
 * A path that nobody counted yet but that is mounted already, by an earlier
 * process, counts as used once: so a process that starts anew releases what its
 * predecessor mounted.
 */
export class Uses {
  readonly #counts = new Map<string, number>();
  readonly #isMounted: (path: string) => boolean;

  /**
   * Makes a counter.
   *
   * @param isMounted Asks the kernel about a path seen for the first time.
   */
  constructor(isMounted: (path: string) => boolean) {
    this.#isMounted = isMounted;
  }

  #current(path: string): number {
    return this.#counts.get(path) ?? (this.#isMounted(path) ? 1 : 0);
  }

  /** Counts one use more and returns the new count. */
  add(path: string): number {
    return this.#set(path, this.#current(path) + 1);
  }

  /** Counts one use less and returns the new count, at least 0. */
  drop(path: string): number {
    return this.#set(path, Math.max(0, this.#current(path) - 1));
  }

  /** Forgets a path. */
  forget(path: string): void {
    this.#counts.delete(path);
  }

  /** Whether anybody uses the mount, or the kernel has it. */
  inUse(path: string): boolean {
    return (this.#counts.get(path) ?? 0) > 0 || this.#isMounted(path);
  }

  #set(path: string, count: number): number {
    if (count === 0) this.#counts.delete(path);
    else this.#counts.set(path, count);
    return count;
  }
}
