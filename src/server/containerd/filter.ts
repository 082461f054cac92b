/**
 * containerd's filters, such as `kind==active,labels."a/b"~=^v`; pure.
 *
 * Source: `filters/parser.go` of containerd 1.6:
 *
 * ```text
 * selectors := selector ("," selector)*
 * selector  := fieldpath (operator value)?
 * fieldpath := field ("." field)*
 * field     := quoted | [A-Za-z0-9_]+
 * operator  := "==" | "!=" | "~="
 * value     := quoted | [^\s,]+
 * quoted    := a text between " with Go's escapes; after ~= also / or |
 * ```
 *
 * Spaces may stand before a field, an operator or a value, and nowhere else.
 *
 * @module
 */

import { SnapshotError } from "./fault.ts";
import type { Info } from "./messages.ts";

/** Tells whether a snapshot is wanted. */
export type Filter = (info: Info) => boolean;

type Test = (value: string | undefined) => boolean;

/**
 * Parses filters, of which one has to match.
 *
 * @param texts The filters; none matches everything, as an empty one does.
 * @throws {SnapshotError} `INVALID_ARGUMENT`.
 */
export function parseFilters(texts: readonly string[]): Filter {
  const filters = texts.map(parseFilter);
  if (filters.length === 0) return () => true;
  return (info) => filters.some((filter) => filter(info));
}

function parseFilter(text: string): Filter {
  if (text === "") return () => true;
  const parser = new Parser(text);
  const selectors = [parser.selector()];
  while (!parser.done) {
    parser.expect(/,/y, 'a ","');
    selectors.push(parser.selector());
  }
  return (info) => selectors.every((selector) => selector(info));
}

/** What a snapshot has at a path of fields; `undefined` if it has no such field. */
function fieldOf(info: Info, path: readonly string[]): string | undefined {
  const [first, ...rest] = path;
  if (first === "kind" || first === "name" || first === "parent") {
    return info[first];
  }
  const label = rest.join(".");
  return first === "labels" && Object.hasOwn(info.labels, label)
    ? info.labels[label]
    : undefined;
}

const TESTS: Readonly<Record<string, (operand: string) => Test>> = {
  "==": (operand) => (value) => value === operand,
  // A field that is not there differs from every value but the empty one.
  "!=": (operand) => (value) => (value ?? "") !== operand,
  "~=": (operand) => {
    const pattern = compile(operand);
    return (value) => pattern?.test(value ?? "") ?? false;
  },
};

/** As in containerd, a pattern that is none matches nothing. */
function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, "u");
  } catch {
    return undefined;
  }
}

const SPACE = /\s*/y;
const FIELD = /[A-Za-z0-9_]+/y;
const OPERATOR = /[=!~]+/y;
const VALUE = /[^\s,]+/y;
const QUOTED = /"(?:[^"\\\n]|\\.)*"/y;
const OTHER_QUOTED = /\/(?:[^/\\\n]|\\.)*\/|\|(?:[^|\\\n]|\\.)*\|/y;

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at === this.#text.length;
  }

  selector(): Filter {
    const path = [this.#field()];
    while (this.#take(/\./y) !== undefined) path.push(this.#field());
    const test = this.#test();
    return (info) => test(fieldOf(info, path));
  }

  #test(): Test {
    if (this.done || this.#text[this.#at] === ",") {
      return (value) => value !== undefined;
    }
    this.#take(SPACE);
    const operator = this.expect(OPERATOR, "an operator");
    if (!Object.hasOwn(TESTS, operator)) {
      throw this.#fault(`"${operator}" is no operator`);
    }
    return TESTS[operator]!(this.#value(operator));
  }

  #field(): string {
    this.#take(SPACE);
    const quoted = this.#take(QUOTED);
    if (quoted !== undefined) return this.#unquote(quoted);
    return this.expect(FIELD, "a field");
  }

  #value(operator: string): string {
    this.#take(SPACE);
    const quoted = this.#take(QUOTED) ??
      (operator === "~=" ? this.#take(OTHER_QUOTED) : undefined);
    if (quoted !== undefined) return this.#unquote(quoted);
    if (/["/|]/y.test(this.#text.slice(this.#at))) {
      throw this.#fault("a quote is wrong, or not closed");
    }
    return this.expect(VALUE, "a value");
  }

  #unquote(quoted: string): string {
    return quoted.slice(1, -1).replace(ESCAPE, (escape, code: string) => {
      const text = unescape(code, quoted[0]!);
      if (text === undefined) throw this.#fault(`"${escape}" is no escape`);
      return text;
    });
  }

  /**
   * Reads something that has to follow.
   *
   * @param pattern What it looks like.
   * @param what Its name, for the error.
   */
  expect(pattern: RegExp, what: string): string {
    const found = this.#take(pattern);
    if (found === undefined) throw this.#fault(`${what} is expected`);
    return found;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #fault(what: string): SnapshotError {
    return new SnapshotError(
      "INVALID_ARGUMENT",
      `Cannot read the filter ${JSON.stringify(this.#text)}: ${what}`,
    );
  }
}

const ESCAPE =
  /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/gu;
const LETTERS: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

/** What an escape of Go's stands for; `undefined` if it is none. */
function unescape(code: string, quote: string): string | undefined {
  if (code === quote) return quote;
  if (code.length === 1) return LETTERS[code];
  const number = /^[0-7]/.test(code)
    ? parseInt(code, 8)
    : parseInt(code.slice(1), 16);
  return number <= 0x10ffff ? String.fromCodePoint(number) : undefined;
}
