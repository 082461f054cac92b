/**
 * Work that goes on after the call that began it has answered.
 *
 * @module
 */

/** The works of one driver that are not done yet. */
export class Background {
  readonly #works = new Set<Promise<void>>();

  /**
   * Takes a work over.
   *
   * @param work The work.
   * @param onFault Is told if it fails: there is nobody else to tell.
   */
  add(work: Promise<void>, onFault: (error: unknown) => void): void {
    const settled = work.catch(onFault).finally(() =>
      this.#works.delete(settled)
    );
    this.#works.add(settled);
  }

  /** Waits until nothing is left to do. */
  async idle(): Promise<void> {
    while (this.#works.size > 0) await Promise.all(this.#works);
  }
}
