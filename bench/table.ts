/**
 * The table, as text and as Markdown.
 *
 * @module
 */

import type { Price } from "./durability.ts";
import type { Result } from "./row.ts";
import { verdicts } from "./targets.ts";
import { mebibytes, time } from "./timing.ts";

const NAMES: Readonly<Record<string, string>> = { docker: "Docker" };

const HEAD = [
  "work",
  "ours",
  "least … most",
  "Docker",
  "share",
  "limit",
  "share",
  "others (share)",
  "target",
  "met",
];

const WIDTHS = [44, 9, 21, 9, 7, 9, 6, 42, 46];

const PRICE_HEAD = ["work, by overlay2.sync", "none", "layer", "strict"];
const PRICE_WIDTHS = [44, 9, 18];

/** Head of the text table. */
export const textHead: string = padded(HEAD, WIDTHS);

/** Head of the text table of prices. */
export const priceTextHead: string = padded(PRICE_HEAD, PRICE_WIDTHS);

/** A row as text. */
export function textRow(result: Result): string {
  return padded(cells(result), WIDTHS);
}

/** A price as text. */
export function priceTextRow(price: Price): string {
  return padded(priceCells(price), PRICE_WIDTHS);
}

/** The facts and the tables as Markdown. */
export function markdown(
  facts: readonly string[],
  results: readonly Result[],
  prices: readonly Price[],
): string {
  return [
    ...facts.map((fact) => `- ${fact}`),
    "",
    ...markdownTable(HEAD, results.map(cells)),
    ...prices.length === 0
      ? []
      : ["", ...markdownTable(PRICE_HEAD, prices.map(priceCells))],
  ].join("\n");
}

function markdownTable(head: string[], rows: string[][]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

function padded(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" ")
    .trimEnd();
}

function cells(result: Result): string[] {
  const { contenders, unit } = result;
  const show = unit === "memory" ? mebibytes : time;
  const { docker, limit, ours } = contenders;
  const others = Object.entries(contenders)
    .filter(([name]) => !["ours", "docker", "limit"].includes(name))
    .map(([name, { median, share: value }]) =>
      `${name} ${show(median)} (${share(value)})`
    );
  const judged = verdicts(result);
  const failed = judged.filter(({ met }) => met === false);
  const unknown = judged.some(({ met }) => met === undefined);
  return [
    result.name,
    show(ours!.median),
    `${show(ours!.least)} … ${show(ours!.most)}`,
    docker ? show(docker.median) : "–",
    share(docker?.share),
    limit ? show(limit.median) : "–",
    share(limit?.share),
    [...limit ? [`limit: ${result.limit}`] : [], ...others].join("; "),
    judged.map(({ beside, most }) => aim(beside, most, show)).join("; "),
    judged.length === 0
      ? ""
      : failed.length > 0
      ? `no: ${failed.map(({ beside }) => named(beside)).join(", ")}`
      : unknown
      ? "as far as known"
      : "yes",
  ];
}

function aim(
  beside: string | undefined,
  most: number,
  show: (value: number) => string,
): string {
  return beside === undefined
    ? `≤ ${show(most)}`
    : `≤ ${most} × ${named(beside)}`;
}

function named(beside: string | undefined): string {
  return beside === undefined ? "amount" : NAMES[beside] ?? beside;
}

function share(value: number | undefined): string {
  return value === undefined ? "–" : value.toPrecision(2);
}

function priceCells({ name, none, layer, strict, ratios }: Price): string[] {
  const beside = (value: number, ratio: number) =>
    `${time(value)} (${ratio.toFixed(2)})`;
  return [
    name,
    time(none),
    beside(layer, ratios.layer),
    beside(strict, ratios.strict),
  ];
}
