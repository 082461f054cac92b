/**
 * How often each mount is in use.
 *
 * @module
 */

interface Use {
  /** Uses that this process asked for. */
  own: number;
  /** Whether somebody else's mount was found, which counts as one use. */
  adopted: boolean;
}

/**
 * Counts uses of mountpoints.
 *
 * A path that nobody counted yet but that is mounted already, by an earlier or
 * another process, counts as used once: so a process that starts anew releases
 * what its predecessor mounted.
 */
export class Uses {
  readonly #uses = new Map<string, Use>();
  /** Asks the kernel whether a path is mounted. */
  readonly isMounted: (path: string) => boolean;

  /**
   * Makes a counter.
   *
   * @param isMounted Asks the kernel about a path.
   */
  constructor(isMounted: (path: string) => boolean) {
    this.isMounted = isMounted;
  }

  /**
   * Counts one use more.
   *
   * @returns Whether the path is mounted already.
   */
  add(path: string): boolean {
    const mounted = this.isMounted(path);
    const use = this.#uses.get(path) ?? { own: 0, adopted: mounted };
    // A mount that is gone is nobody's use any more.
    if (!mounted) use.adopted = false;
    use.own++;
    this.#uses.set(path, use);
    return mounted;
  }

  /**
   * Counts one use less.
   *
   * @returns Whether nobody uses the path any more.
   */
  drop(path: string): boolean {
    const use = this.#uses.get(path);
    if (use === undefined) return true;
    if (use.own > 0) use.own--;
    else use.adopted = false;
    const unused = use.own === 0 && !use.adopted;
    if (unused) this.#uses.delete(path);
    return unused;
  }

  /** Forgets a path. */
  forget(path: string): void {
    this.#uses.delete(path);
  }

  /** Whether this process uses the mount, or the kernel has it. */
  inUse(path: string): boolean {
    return (this.#uses.get(path)?.own ?? 0) > 0 || this.isMounted(path);
  }
}
