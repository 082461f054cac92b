/**
 * The version that `overlay2 --version` prints.
 *
 * @module
 */

/** Same as `version` in `deno.json`, which a test compares. */
export const VERSION = "0.1.0";
