/**
 * A line of a batch as the words of a command; pure.
 *
 * @module
 */

import { UsageError } from "./command.ts";

/** Parts of a line between two quotes, or outside of any. */
const PART_REGEXP = /\s+|'([^']*)'|"((?:\\[^]|[^"\\])*)"|\\([^])|([^\s'"\\]+)/y;

/**
 * Splits a line into words as a shell does, without expanding anything: words
 * are separated by blanks, `'…'` and `"…"` keep them together, and a backslash
 * takes the next character's meaning away, except within `'…'`.
 *
 * A line that begins with `[` is a JSON array of the words instead.
 *
 * @param line The line, without its end.
 * @returns The words; none for an empty line.
 * @throws {UsageError} if a quote is not closed, or the array is none of texts.
 */
export function splitWords(line: string): string[] {
  if (line.trimStart().startsWith("[")) return parseArray(line);
  const words: string[] = [];
  let word: string | undefined;
  PART_REGEXP.lastIndex = 0;
  while (PART_REGEXP.lastIndex < line.length) {
    const part = PART_REGEXP.exec(line);
    if (part === null) {
      throw new UsageError(
        "Cannot read the line: a quote or a backslash has no end",
      );
    }
    const text = textOf(part);
    if (text !== undefined) word = (word ?? "") + text;
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}

/** What a part adds to a word; `undefined` if it ends the word. */
function textOf(
  [, single, double, escaped, plain]: RegExpExecArray,
): string | undefined {
  return single ?? double?.replace(/\\([\\"$`])/g, "$1") ?? escaped ?? plain;
}

function parseArray(line: string): string[] {
  try {
    const words: unknown = JSON.parse(line);
    if (isTexts(words)) return words;
  } catch {
    // Told below, as any other line that is none.
  }
  throw new UsageError("Cannot read the line: it is no JSON array of strings");
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) &&
    value.every((word) => typeof word === "string");
}
