/**
 * `@std/assert` with types: the copy on npm ships none.
 *
 * @module
 */

import * as untyped from "@std/assert";

/** Something that `instanceof` can be asked about. */
type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

interface Asserts {
  assert(value: unknown, message?: string): asserts value;
  assertEquals<T>(actual: T, expected: T, message?: string): void;
  assertNotEquals<T>(actual: T, expected: T, message?: string): void;
  assertStringIncludes(actual: string, part: string, message?: string): void;
  assertThrows(fn: () => unknown, message?: string): unknown;
  assertThrows<E extends Error>(
    fn: () => unknown,
    errorClass: ErrorClass<E>,
    part?: string,
    message?: string,
  ): E;
  assertRejects(
    fn: () => PromiseLike<unknown>,
    message?: string,
  ): Promise<unknown>;
  assertRejects<E extends Error>(
    fn: () => PromiseLike<unknown>,
    errorClass: ErrorClass<E>,
    part?: string,
    message?: string,
  ): Promise<E>;
  fail(message?: string): never;
}

const typed: Asserts = untyped;

/** Fails unless `value` is truthy. */
export const assert: Asserts["assert"] = typed.assert;
/** Fails unless both values are deeply equal. */
export const assertEquals: Asserts["assertEquals"] = typed.assertEquals;
/** Fails if both values are deeply equal. */
export const assertNotEquals: Asserts["assertNotEquals"] =
  typed.assertNotEquals;
/** Fails unless `actual` contains `part`. */
export const assertStringIncludes: Asserts["assertStringIncludes"] =
  typed.assertStringIncludes;
/** Fails unless `fn` throws; returns the error. */
export const assertThrows: Asserts["assertThrows"] = typed.assertThrows;
/** Fails unless the promise of `fn` rejects; returns the error. */
export const assertRejects: Asserts["assertRejects"] = typed.assertRejects;
/** Fails. */
export const fail: Asserts["fail"] = typed.fail;
