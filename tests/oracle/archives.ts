/**
 * Applies archives with both drivers and judges what came of it.
 *
 * @module
 */

import type { ArchiveCase } from "./corpus.ts";
import type { Difference } from "./difference.ts";
import { MAPPED, NAIVE, NATIVE } from "./differences.ts";
import { compareAnswers, compareMounted, questions } from "./inspect.ts";
import { compareListings, withoutRoot } from "./looks.ts";
import type { Home, Pair } from "./pair.ts";
import { SELF } from "./setup.ts";
import { must, type Outcome } from "./side.ts";

/** Into the layer's directory, or through a mount by the naive differ. */
export type Mode = "native" | "naive";

/** A chain of layers that both homes have. */
interface Chain {
  readonly ids: string[];
  /** What came of the last archive. */
  readonly docker: Outcome<number>;
  readonly ours: Outcome<number>;
}

/**
 * Judges one case.
 *
 * @param pair The homes.
 * @param archive The archives.
 * @param mode How the last archive is applied.
 * @returns A line for each unexpected difference.
 */
export async function judge(
  pair: Pair,
  archive: ArchiveCase,
  mode: Mode,
): Promise<string[]> {
  const native = pair.options.ids === undefined ? NATIVE : MAPPED;
  const table = mode === "native" ? native : NAIVE;
  const expected = SELF ? undefined : table[archive.name];
  const chain = await applyChain(pair, archive.layers ?? [], mode);
  const top = chain.ids.at(-1)!;
  const lines = judgeOutcomes(chain, expected);
  lines.push(...await judgeTrees(pair, chain, expected));
  const others = ["", chain.ids[0]!].slice(0, chain.ids.length - 1);
  for (const home of pair.homes) {
    if (expected?.unread === sideOf(pair, home)) continue;
    lines.push(...await compareAnswers(home, questions(top, others)));
  }
  const alike = chain.docker.ok && chain.ours.ok && !expected?.tree;
  if (alike && chain.ids.length > 1) {
    lines.push(...await compareMounted(pair, top, expected?.root));
  }
  return lines;
}

/** Applies archives one over the other in both homes, until one fails. */
async function applyChain(
  pair: Pair,
  layers: readonly string[],
  mode: Mode,
): Promise<Chain> {
  const prefix = pair.nextCase();
  const ids: string[] = [];
  if (mode === "naive" && layers.length === 1) {
    ids.push(await createBoth(pair, `${prefix}-empty`, undefined));
  }
  for (const [depth, file] of layers.entries()) {
    const parent = ids.at(-1);
    const id = await createBoth(pair, `${prefix}-${depth}`, parent);
    ids.push(id);
    const last = depth === layers.length - 1;
    const named = last && mode === "naive" ? "" : parent;
    const docker = await pair.docker.own.applyDiff(id, named, file);
    const ours = await pair.ours.own.applyDiff(id, named, file);
    if (last || !docker.ok || !ours.ok) return { ids, docker, ours };
  }
  throw new Error("Cannot apply a case without archives");
}

async function createBoth(
  pair: Pair,
  id: string,
  parent: string | undefined,
): Promise<string> {
  for (const home of pair.homes) must(await home.own.create(id, parent));
  return id;
}

function judgeOutcomes(
  { docker, ours }: Chain,
  expected: Difference | undefined,
): string[] {
  const lines: string[] = [];
  const dockerWord = docker.ok ? "applies" : "fails";
  const oursWord = ours.ok ? "applies" : ours.code ?? "fails without a code";
  const dockerWanted = expected?.docker ?? dockerWord;
  const oursWanted = expected?.ours ?? (docker.ok ? "applies" : "a code");
  const oursRight = oursWanted === oursWord ||
    (oursWanted === "a code" && !ours.ok && (SELF || ours.code !== undefined));
  if (dockerWanted !== dockerWord || !oursRight) {
    lines.push(`docker: ${docker.ok ? "applies" : `fails: ${docker.error}`}`);
    lines.push(`ours: ${ours.ok ? "applies" : `${ours.code}: ${ours.error}`}`);
  }
  if (docker.ok && ours.ok && docker.value !== ours.value) {
    lines.push(`size: docker ${docker.value}, ours ${ours.value}`);
  }
  return lines;
}

/** The trees are equal, or ours is untouched where it refused the archive. */
async function judgeTrees(
  pair: Pair,
  chain: Chain,
  expected: Difference | undefined,
): Promise<string[]> {
  const top = chain.ids.at(-1)!;
  const tree = (home: Home) => pair.looks.tree(`${home.path}/${top}/diff`);
  const ours = await tree(pair.ours);
  if (!chain.ours.ok) {
    if (SELF) return [];
    const left = Object.keys(ours).filter((path) => path !== ".");
    return left.length === 0 ? [] : [`ours: left behind: ${left.join(" ")}`];
  }
  const wanted = (expected?.tree ?? []).map((line) => mapOwners(pair, line));
  if (!chain.docker.ok) {
    if (expected?.unread === "ours") return [];
    return same(compareListings({}, withoutRoot(ours)), wanted);
  }
  const docker = await tree(pair.docker);
  return same(
    expected?.root
      ? compareListings(withoutRoot(docker), withoutRoot(ours))
      : compareListings(docker, ours),
    wanted,
  );
}

function sideOf(pair: Pair, home: Home): "docker" | "ours" {
  return home === pair.docker ? "docker" : "ours";
}

/** A line of the table, with owners as they are under the pair's id map. */
function mapOwners(pair: Pair, line: string): string {
  const shift = pair.options.ids?.[0]?.hostId ?? 0;
  return line.replace(
    / (\d+):(\d+) /,
    (_, uid, gid) => ` ${Number(uid) + shift}:${Number(gid) + shift} `,
  );
}

function same(lines: string[], expected: readonly string[]): string[] {
  return lines.join("\n") === expected.join("\n")
    ? []
    : [...lines, "expected:", ...expected];
}
