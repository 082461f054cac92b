/**
 * Checks who imports whom, against the table of `docs/architecture.md`.
 *
 * It also keeps `Deno.dlopen` and pointers inside `src/linux`, bare specifiers
 * inside `src/deps.ts` and `src/grpc.ts`, and files readable in one sitting.
 *
 * @module
 */

import { complain } from "./say.ts";

/** Most lines that a source file may have. */
export const MAX_LINES = 400;

/** Files under `src` that may import packages. */
const FACES: ReadonlySet<string> = new Set(["src/deps.ts", "src/grpc.ts"]);

/** Which units each unit may import; a unit is a folder or file of `src`. */
export type Rules = ReadonlyMap<string, ReadonlySet<string>>;

/** A source file. */
export interface Source {
  /** Path from the project's directory, such as `src/tar/header.ts`. */
  readonly path: string;
  readonly text: string;
}

const LITERAL_OR_COMMENT = new RegExp(
  [
    /"(?:\\.|[^"\\\n])*"/, // string
    /'(?:\\.|[^'\\\n])*'/,
    /`(?:\\[^]|[^`\\])*`/,
    /(?<=[=(,:[!&|?{};\n]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\//, // regular expression
    /(?<comment>\/\/[^\n]*|\/\*[^]*?\*\/)/,
  ].map((part) => part.source).join("|"),
  "g",
);
const IMPORT =
  /\b(?:import|export)\b[^"'`;]*?\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/g;
const UNSAFE = /\bDeno\s*\.\s*dlopen\b|\bUnsafe(?:Pointer|Callback|Fn)\w*/g;

/**
 * Reads the rules out of the table of `docs/architecture.md`.
 *
 * The first cell names units in backticks, the last one what they may import:
 * names in backticks, "nothing", or "all of the above". Where the last cell has
 * as many parts between semicolons as the first has names, each unit gets its
 * own part.
 *
 * @param markdown Text of the page.
 * @throws {SyntaxError} If there is no such table.
 */
export function parseRules(markdown: string): Rules {
  const rules = new Map<string, Set<string>>();
  for (const line of markdown.split("\n")) {
    const cells = line.split("|").slice(1, -1).map((cell) => cell.trim());
    const units = namesOf(cells[0] ?? "").map(unitOf);
    const last = cells.at(-1) ?? "";
    if (cells.length !== 3 || units.length === 0) continue;
    const above = last.includes("all of the above") ? [...rules.keys()] : [];
    const parts = last.split(";");
    for (const [i, unit] of units.entries()) {
      const part = parts.length === units.length ? parts[i]! : last;
      rules.set(unit, new Set([...above, ...namesOf(part).map(unitOf)]));
    }
  }
  if (rules.size === 0) throw new SyntaxError("Cannot find the table of units");
  return rules;
}

function namesOf(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
}

/** The unit of a path: its folder under `src`, or the file's name alone. */
function unitOf(path: string): string {
  const parts = path.replace(/^src\//, "").split("/");
  return path.startsWith("src/") ? parts[0]!.replace(/\.ts$/, "") : parts[0]!;
}

/**
 * Checks one source file.
 *
 * @param source The file.
 * @param rules Who may import whom.
 * @returns One line per mistake, `file:line: what is wrong`, in order.
 */
export function checkSource(source: Source, rules: Rules): string[] {
  const code = withoutComments(source.text);
  const found: [offset: number, message: string][] = [];
  for (const match of code.matchAll(IMPORT)) {
    const message = judge(source.path, match[1] ?? match[2]!, rules);
    if (message !== undefined) found.push([match.index, message]);
  }
  if (unitOf(source.path) !== "linux") {
    for (const match of code.matchAll(UNSAFE)) {
      found.push([match.index, `${match[0]} belongs into src/linux`]);
    }
  }
  const messages = found
    .sort(([a], [b]) => a - b)
    .map(([at, what]) => `${source.path}:${lineAt(code, at)}: ${what}`);
  const lines = source.text.trimEnd().split("\n").length;
  if (lines > MAX_LINES) {
    messages.push(
      `${source.path}:${MAX_LINES + 1}: the file has ${lines} lines, ` +
        `above ${MAX_LINES}`,
    );
  }
  return messages;
}

/** Tells what is wrong with an import; `undefined` if nothing is. */
function judge(
  path: string,
  specifier: string,
  rules: Rules,
): string | undefined {
  const unit = unitOf(path);
  if (specifier.startsWith("node:")) return undefined;
  if (!specifier.startsWith(".")) {
    return FACES.has(path)
      ? undefined
      : `"${specifier}" may be imported by ${[...FACES].join(", ")} alone`;
  }
  const target = unitOf(
    new URL(specifier, `file:///${path}`).pathname.slice(1),
  );
  if (target === unit) return undefined;
  const allowed = FACES.has(path) ? new Set<string>() : rules.get(unit);
  if (allowed === undefined) return `docs/architecture.md has no row for it`;
  return allowed.has(target)
    ? undefined
    : `${unit} may not import ${target} (docs/architecture.md)`;
}

/** Blanks comments, so that offsets and lines stay what they are. */
function withoutComments(text: string): string {
  return text.replace(
    LITERAL_OR_COMMENT,
    (all) =>
      all.startsWith("//") || all.startsWith("/*")
        ? all.replace(/[^\n]/g, " ")
        : all,
  );
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

function* walk(path: string): Generator<Source> {
  const stat = Deno.statSync(path);
  if (stat.isFile) {
    if (path.endsWith(".ts")) yield { path, text: Deno.readTextFileSync(path) };
    return;
  }
  for (const { name } of Deno.readDirSync(path)) yield* walk(`${path}/${name}`);
}

function main(): number {
  const rules = parseRules(Deno.readTextFileSync("docs/architecture.md"));
  const messages = ["mod.ts", "cli.ts", "src"]
    .flatMap((path) => [...walk(path)])
    .flatMap((source) => checkSource(source, rules))
    .sort();
  messages.forEach(complain);
  return messages.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(main());
