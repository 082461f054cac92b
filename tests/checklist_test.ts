/**
 * The checklist in `tests/README.md` names tests that exist.
 *
 * @module
 */

import { assert, assertEquals } from "./assert.ts";

const HERE = new URL(".", import.meta.url);

Deno.test("Checklist names only tests that are there", () => {
  const readme = Deno.readTextFileSync(new URL("README.md", HERE));
  const rows = [...readme.matchAll(/\| `([\w/]+\.ts)` “(.+?)”/g)];
  const missing = rows
    .filter(([, file, name]) => !source(file!).includes(name!))
    .map(([, file, name]) => `${file} ${name}`);

  assert(rows.length > 100, `${rows.length} rows`);
  assertEquals(missing, []);
});

/** Text of a test file, its strings joined where they were broken. */
function source(file: string): string {
  return Deno.readTextFileSync(new URL(file, HERE)).replace(/\\(["'])/g, "$1");
}
