/**
 * Parts of the program that are loaded when they are first needed.
 *
 * @module
 */

/** A part that may not be there yet. */
export class Later<T> {
  readonly #load: () => Promise<T>;
  #part: T | undefined;
  #loading: Promise<T> | undefined;

  /**
   * Promises a part.
   *
   * @param load Loads it.
   */
  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** Loads the part, so that what uses it from then on begins at once. */
  async load(): Promise<T> {
    this.#loading ??= this.#load();
    try {
      return this.#part = await this.#loading;
    } finally {
      this.#loading = undefined;
    }
  }

  /**
   * Does something with the part: at once if it is there, so that calls come to
   * their turns in the order in which they are made.
   *
   * @param use What to do.
   */
  use<R>(use: (part: T) => Promise<R>): Promise<R> {
    return this.#part === undefined ? this.load().then(use) : use(this.#part);
  }

  /**
   * Makes a stream with the part: at its first read, if the part is not there.
   *
   * @param make Makes the stream.
   */
  stream<C>(make: (part: T) => ReadableStream<C>): ReadableStream<C> {
    if (this.#part !== undefined) return make(this.#part);
    let reader: ReadableStreamDefaultReader<C> | undefined;
    return new ReadableStream<C>({
      pull: async (controller) => {
        reader ??= make(await this.load()).getReader();
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader?.cancel(reason),
    }, { highWaterMark: 0 });
  }
}
