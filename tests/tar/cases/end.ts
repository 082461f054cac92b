/**
 * Archives that end in various ways.
 *
 * @module
 */

import { END, file, join, pax } from "../fixture.ts";

/** Archives by name. */
export const ENDS: Record<string, Uint8Array> = {
  "empty input": new Uint8Array(0),
  "end only": END,
  "one zero block": new Uint8Array(512),
  "one zero block and a half": new Uint8Array(700),
  "zero block, then an entry": join(new Uint8Array(512), file({ name: "a" })),
  "clean end without zero blocks": file({ name: "a" }, "body"),
  "content without its padding": file({ name: "a" }, "body").slice(0, 516),
  "content cut": file({ name: "a" }, "body").slice(0, 515),
  "padding cut": file({ name: "a" }, "body").slice(0, 700),
  "header cut": file({ name: "a" }, "body").slice(0, 511),
  "bytes after the end": join(file({ name: "a" }), END, "rubbish"),
  "PAX header without its entry": pax(["path", "a"]),
  "PAX header without its entry, then the end": join(pax(["path", "a"]), END),
  "long name without its entry": file(
    { name: "././@LongLink", type: "L" },
    "name\0",
  ),
  "PAX body cut": pax(["path", "a"]).slice(0, 515),
  "PAX header and half an entry": join(pax(["path", "a"]), file({}))
    .slice(0, 1100),
};
