/**
 * The word that was probably meant.
 *
 * @module
 */

/** Largest number of typing slips that still count as the same word. */
const MAX_SLIPS = 2;

/**
 * Finds the known word that is nearest to one that is not known.
 *
 * @param word What was typed.
 * @param known The words that exist.
 * @returns The nearest, if it is near enough.
 */
export function suggest(
  word: string,
  known: readonly string[],
): string | undefined {
  const begun = known.filter((name) => name.startsWith(word));
  if (word.length > 1 && begun.length === 1) return begun[0];
  const slips = known.map((name) => ({ name, count: distance(word, name) }));
  slips.sort((a, b) => a.count - b.count);
  const best = slips[0];
  if (best === undefined || best.count > MAX_SLIPS) return undefined;
  return best.count < word.length ? best.name : undefined;
}

/** Letters to insert, drop, replace or swap to turn `a` into `b`. */
function distance(a: string, b: string): number {
  const rows: number[][] = [];
  for (let i = 0; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = i === 0 ? j : nearest(rows, row, a, b, i, j);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

function nearest(
  rows: readonly number[][],
  row: readonly number[],
  a: string,
  b: string,
  i: number,
  j: number,
): number {
  const above = rows[i - 1]!;
  const same = a[i - 1] === b[j - 1] ? 0 : 1;
  const best = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + same);
  const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] &&
    a[i - 2] === b[j - 1];
  return swapped ? Math.min(best, rows[i - 2]![j - 2]! + 1) : best;
}
