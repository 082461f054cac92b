/**
 * The tables in `tests/README.md` and `SECURITY.md` name tests that exist.
 *
 * @module
 */

import { assert, assertEquals } from "./assert.ts";

const HERE = new URL(".", import.meta.url);

/** Pages with such tables, and how many rows they have at least. */
const PAGES: readonly (readonly [page: string, rows: number])[] = [
  ["README.md", 100],
  ["../SECURITY.md", 12],
];

for (const [page, least] of PAGES) {
  Deno.test(`${page} names only tests that are there`, () => {
    const text = Deno.readTextFileSync(new URL(page, HERE));
    const rows = [...text.matchAll(/\| `([\w/]+\.ts)` “(.+?)”/g)];
    const missing = rows
      .filter(([, file, name]) => !source(file!).includes(name!))
      .map(([, file, name]) => `${file} ${name}`);

    assert(rows.length >= least, `${rows.length} rows`);
    assertEquals(missing, []);
  });
}

/** Text of a test file, its strings joined where they were broken. */
function source(file: string): string {
  return Deno.readTextFileSync(new URL(file, HERE)).replace(/\\(["'])/g, "$1");
}
