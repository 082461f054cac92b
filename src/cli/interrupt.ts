/**
 * Ctrl-C and SIGTERM as an `AbortSignal`.
 *
 * @module
 */

/** Exit status by signal, as a shell tells it: 128 and its number. */
const STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Listens for the signals that ask the program to give up, until the process
 * ends. Further signals end nothing by themselves: what was begun is taken back
 * first.
 */
export class Interrupt {
  /** The signal that came, if any. */
  name: keyof typeof STATUS | undefined;
  readonly #controller = new AbortController();
  readonly #second = new AbortController();
  readonly #onInterrupt = () => this.#stop("SIGINT");
  readonly #onTerminate = () => this.#stop("SIGTERM");

  /** Starts to listen. */
  constructor() {
    Deno.addSignalListener("SIGINT", this.#onInterrupt);
    Deno.addSignalListener("SIGTERM", this.#onTerminate);
  }

  /** Aborts when a signal comes. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts when another one comes. */
  get secondSignal(): AbortSignal {
    return this.#second.signal;
  }

  /** Exit status for the signal that came, if any. */
  get status(): number | undefined {
    return this.name && STATUS[this.name];
  }

  #stop(name: keyof typeof STATUS): void {
    if (this.name !== undefined) this.#second.abort();
    this.name ??= name;
    this.#controller.abort();
  }
}
