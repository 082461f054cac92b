/**
 * The typed face of `@std/path`.
 *
 * The only file under `src` that imports bare specifiers. The npm packages of
 * the Deno standard library ship no types; what is used of them is typed here,
 * once.
 *
 * @module
 */

/** The part of `@std/path` that is used here. */
export interface PathFunctions {
  /** Last part of a path. */
  basename(path: string): string;
  /** Path without its last part. */
  dirname(path: string): string;
  /** Joins the parts of a path. */
  join(...parts: string[]): string;
}

/**
 * Loads `@std/path`.
 *
 * It is a hundred modules that take 15 ms, which a command that needs no path
 * function should not wait for.
 *
 * @returns Its functions.
 */
export async function loadPath(): Promise<PathFunctions> {
  const path: PathFunctions = await import("@std/path");
  return path;
}
