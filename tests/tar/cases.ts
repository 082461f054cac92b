/**
 * Archives by name: one for each rule about what is read, accepted or refused.
 *
 * @module
 */

import { ENDS } from "./cases/end.ts";
import { EXTENSIONS } from "./cases/extension.ts";
import { HEADERS } from "./cases/header.ts";
import { LONG_MAPS, SPARSE } from "./cases/sparse.ts";

/** All archives, by name. */
export const CASES: Readonly<Record<string, Uint8Array>> = {
  ...ENDS,
  ...HEADERS,
  ...EXTENSIONS,
  ...SPARSE,
  ...LONG_MAPS,
};

/** Archives whose bytes are changed one by one. */
export const MUTATED: readonly string[] = [
  "base-256 numbers",
  "ustar prefix",
  "GNU times",
  "star",
  "v7",
  "device numbers",
  "PAX overrides",
  "PAX attributes are bytes",
  "global header ends what came before",
  "GNU long names",
  "old sparse, more blocks",
  "sparse 0.0",
  "sparse 0.1",
  "sparse 1.0, zeros and signs",
  "PAX header and half an entry",
];
