/**
 * Random sparse files in all four forms, well-formed or nearly so.
 *
 * @module
 */

import {
  file as rawFile,
  GNU,
  header,
  join,
  octal,
  padded,
  pax,
  type RawHeader,
} from "../tar/fixture.ts";
import type { Choices } from "./choices.ts";
import type { Draft } from "./entries.ts";

/** Where the data of a file lies, its size, and the data. */
interface Pieces {
  readonly pairs: number[];
  readonly size: number;
  readonly data: string;
}

/** Pieces in order, unless they are to overlap, run backwards or leave the file. */
function randomMap(random: Choices): Pieces {
  const pairs: number[] = [];
  let at = 0;
  let stored = 0;
  for (let count = random.below(5); count > 0; count--) {
    const odd = random.odd(12);
    const offset = at + random.below(5000) - (odd ? 3000 : 0);
    const length = random.below(3) === 0 ? 0 : random.below(700);
    pairs.push(Math.max(0, offset), length);
    at = Math.max(0, offset) + length;
    stored += length;
  }
  const size = at + random.below(5000) - (random.odd(12) ? 3000 : 0);
  const wrong = random.odd(15) ? 1 : 0;
  return { pairs, size: Math.max(0, size), data: "s".repeat(stored + wrong) };
}

/** Now and then a number that no file has. */
function number(random: Choices, value: number): string {
  return random.odd(60)
    ? random.pick(["-1", "9007199254740993", "9223372036854775807", "x", ""])
    : `${value}`;
}

function old(draft: Draft, fields: RawHeader, map: Pieces): Uint8Array {
  const { pairs, size, data } = map;
  const first = pairs.slice(0, 8);
  const rest = pairs.slice(8);
  return join(
    header({
      ...fields,
      name: draft.name.slice(0, 99),
      type: "S",
      magic: GNU,
      size: data.length,
      at: {
        386: first.map(octal).join(""),
        482: rest.length > 0 ? "\x01" : "\0",
        483: octal(size),
      },
    }),
    ...rest.length > 0 ? [padded(rest.map(octal).join(""))] : [],
    padded(data),
  );
}

function listed(
  random: Choices,
  draft: Draft,
  fields: RawHeader,
  { pairs, size, data }: Pieces,
): Uint8Array {
  return join(
    pax(
      ["GNU.sparse.map", pairs.map((value) => number(random, value)).join()],
      ["GNU.sparse.numblocks", number(random, pairs.length / 2)],
      ["GNU.sparse.size", number(random, size)],
      ["GNU.sparse.name", draft.name],
      ...draft.records,
    ),
    rawFile({ ...fields, name: "x", size: data.length }, data),
  );
}

function paired(
  draft: Draft,
  fields: RawHeader,
  { pairs, size, data }: Pieces,
): Uint8Array {
  const records = pairs.map((value, i): [string, string] => [
    i % 2 === 0 ? "GNU.sparse.offset" : "GNU.sparse.numbytes",
    `${value}`,
  ]);
  return join(
    pax(
      ["GNU.sparse.size", `${size}`],
      ["GNU.sparse.numblocks", `${pairs.length / 2}`],
      ...records,
    ),
    rawFile(
      { ...fields, name: draft.name.slice(0, 99), size: data.length },
      data,
    ),
  );
}

function text(
  random: Choices,
  draft: Draft,
  fields: RawHeader,
  { pairs, size, data }: Pieces,
): Uint8Array {
  const lines = [pairs.length / 2, ...pairs].map((value) =>
    `${number(random, value)}\n`
  );
  const body = join(padded(lines.join("")), data);
  return join(
    pax(
      ["GNU.sparse.major", "1"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.name", draft.name],
      ["GNU.sparse.realsize", number(random, size)],
      ...draft.records,
    ),
    rawFile({ ...fields, name: "GNUSparseFile.0/x", size: body.length }, body),
  );
}

/**
 * Writes a sparse file.
 *
 * @param random Where the choices come from.
 * @param draft Its name and records; the content is made up.
 * @param fields Other fields of its header.
 */
export function sparse(
  random: Choices,
  draft: Draft,
  fields: RawHeader,
): Uint8Array {
  const map = randomMap(random);
  switch (random.below(4)) {
    case 0:
      return old(draft, fields, map);
    case 1:
      return listed(random, draft, fields, map);
    case 2:
      return paired(draft, fields, map);
    default:
      return text(random, draft, fields, map);
  }
}
