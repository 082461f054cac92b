/**
 * Generators within generators, however deep: the stack of the machine would
 * end at some thousand directories.
 *
 * @module
 */

/** Work whose values come next. */
export class Nested<T> {
  /**
   * Makes one.
   *
   * @param steps The work.
   * @param before Comes before the first value of the work, if there is any.
   */
  constructor(readonly steps: Steps<T>, readonly before?: T) {}
}

/** Values, and work that makes more of them. */
export type Steps<T> = Generator<T | Nested<T>, void>;

/**
 * Gives the values of work and of all that is nested in it, in order.
 *
 * @param first The outermost work.
 */
export function* flattened<T>(first: Steps<T>): Generator<T> {
  const stack = [new Nested(first)];
  let waiting: Nested<T>[] = [];
  try {
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const { value, done } = top.steps.next();
      if (done) {
        stack.pop();
        if (waiting.at(-1) === top) waiting.pop();
      } else if (value instanceof Nested) {
        stack.push(value);
        if (value.before !== undefined) waiting.push(value);
      } else {
        for (const { before } of waiting) yield before!;
        waiting = [];
        yield value;
      }
    }
  } finally {
    for (const { steps } of stack.toReversed()) steps.return();
  }
}
