/**
 * What the fields of an entry may say.
 *
 * @module
 */

import type { TarEntry } from "./entry.ts";
import { Malformed } from "./error.ts";

/** Types that have no content, whatever their size says. */
export const HEADER_ONLY: ReadonlySet<string> = new Set("123456");

const DEVICE_MAX = 0xffff_ffff;

/**
 * Refuses a negative size.
 *
 * @param size Size that a header gives, in bytes.
 * @throws {Malformed} if it is negative.
 */
export function checkSign(size: number): void {
  if (size < 0) throw new Malformed("the size is negative");
}

/**
 * Refuses a size that content cannot have, or that cannot be counted exactly.
 *
 * @param size Size of content, in bytes.
 * @throws {Malformed} if it is negative, or 2^53 and more.
 */
export function checkSize(size: number): void {
  checkSign(size);
  if (!Number.isSafeInteger(size)) throw new Malformed("the size is too large");
}

/**
 * Refuses an entry with a size or a device number that no file has.
 *
 * @param entry The entry, after PAX records have been applied.
 * @throws {Malformed} if a field is out of range.
 */
export function checkEntry(entry: TarEntry): void {
  checkSign(entry.size);
  if (!HEADER_ONLY.has(entry.type)) checkSize(entry.size);
  if (entry.type !== "3" && entry.type !== "4") return;
  if (!isDevice(entry.devmajor) || !isDevice(entry.devminor)) {
    throw new Malformed("a device number does not fit in 32 bits");
  }
}

function isDevice(number: number): boolean {
  return number >= 0 && number <= DEVICE_MAX;
}
