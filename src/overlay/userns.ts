/**
 * Whether this process lives in a user namespace, and what follows.
 *
 * @module
 */

import { isPassing } from "../linux/errno.ts";

/**
 * Tells from the map of user ids whether a process is in a user namespace.
 *
 * @param uidMap Content of `/proc/self/uid_map`; see user_namespaces(7).
 */
export function isUserNamespace(uidMap: string): boolean {
  const fields = uidMap.split("\n")[0]!.trim().split(/\s+/);
  if (uidMap.trim() === "") return true;
  if (fields.length !== 3 || fields.some((field) => !/^\d+$/.test(field))) {
    return false;
  }
  return fields.join(" ") !== "0 0 4294967295";
}

/** Whether this process is in a user namespace. */
export function inUserNamespace(): boolean {
  try {
    return isUserNamespace(Deno.readTextFileSync("/proc/self/uid_map"));
  } catch (error) {
    if (isPassing(error)) throw error;
    return false;
  }
}

/**
 * Tells whether a kernel is new enough.
 *
 * @param release Release of the kernel, such as `"6.1.0-40-amd64"`.
 * @param major Major number wanted.
 * @param minor Minor number wanted.
 */
export function kernelAtLeast(
  release: string,
  major: number,
  minor: number,
): boolean {
  const [, first, second] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  if (first === undefined || second === undefined) return false;
  return Number(first) > major ||
    (Number(first) === major && Number(second) >= minor);
}
