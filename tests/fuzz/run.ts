/**
 * Case after case, until the time is over.
 *
 * @module
 */

import { bytesOfParts, type Parts } from "./archives.ts";
import { type Case, caseOf, PER_WORLD, play, worldSeed } from "./case.ts";
import type { Options } from "./options.ts";
import { shrink } from "./shrink.ts";
import { World } from "./world.ts";

/** What a run has found. */
export interface Result {
  /** Archives with which all went well. */
  passed: number;
  /** Archives with which something did not. */
  failed: number;
  /** How often each code was answered; `""` for archives that were taken. */
  readonly codes: Map<string, number>;
}

/** Who is told of a run. */
export interface Listener {
  /** A case begins. */
  begin(number: number): void;
  /** A case is over. */
  end(result: Result): void;
  /** Something went wrong. */
  fail(text: string): void;
}

/** Failures after which a run ends. */
const ENOUGH = 20;

/** How to play one case again. */
export function commandOf({ seed, way }: Options, number?: number): string {
  const only = number === undefined ? "" : ` --case ${number}`;
  return `deno task fuzz --seed ${seed} --way ${way}${only}`;
}

/**
 * Plays cases.
 *
 * @param options Which ones, and how long.
 * @param listener Is told of each.
 */
export async function run(
  options: Options,
  listener: Listener,
): Promise<Result> {
  const { seed, way, only, seconds } = options;
  const result: Result = { passed: 0, failed: 0, codes: new Map() };
  const end = performance.now() + seconds * 1000;
  let world: World | undefined;
  try {
    for (let number = only ?? 0; result.failed < ENOUGH; number++) {
      if (number % PER_WORLD === 0 || world === undefined) {
        await world?.[Symbol.asyncDispose]();
        world = await World.make(worldSeed(seed, number));
      }
      listener.begin(number);
      const test = caseOf(seed, number, way);
      const parts = test.archive(world.outside);
      try {
        const code = await play(world, test, parts);
        result.codes.set(code, (result.codes.get(code) ?? 0) + 1);
        result.passed++;
      } catch (error) {
        result.failed++;
        listener.fail(await describe(options, number, test, parts, error));
        await world[Symbol.asyncDispose]();
        world = undefined;
      }
      listener.end(result);
      if (only !== undefined || performance.now() > end) break;
    }
    return result;
  } finally {
    await world?.[Symbol.asyncDispose]();
  }
}

/** Saves the archive, and one that is as small as possible. */
async function describe(
  options: Options,
  number: number,
  test: Case,
  parts: Parts,
  error: unknown,
): Promise<string> {
  const lines = [
    `${error instanceof Error ? error.stack : error}`,
    `Case ${number}, ${test.way.name}: ${save(options, number, "", parts)}`,
    `Again: ${commandOf(options, number)}`,
  ];
  const all = [...parts.keys()];
  const fails = (kept: readonly number[]) =>
    failsAlone(worldSeed(options.seed, number), test, kept);
  if (!await fails(all)) {
    return [...lines, "It does not fail by itself"].join("\n");
  }
  const kept = await shrink(all, fails);
  const small = kept.map((index) => parts[index]!);
  const path = save(options, number, "-small", small);
  return [...lines, `${small.length} of ${parts.length} parts: ${path}`]
    .join("\n");
}

/** Plays a part of an archive in a world of its own. */
async function failsAlone(
  seed: number,
  test: Case,
  kept: readonly number[],
): Promise<boolean> {
  await using world = await World.make(seed);
  const parts = test.archive(world.outside);
  const some = kept.map((index) => parts[index]!);
  return await play(world, test, some).then(() => false, () => true);
}

function save(
  { seed }: Options,
  number: number,
  suffix: string,
  parts: Parts,
): string {
  const dir = Deno.env.get("TMPDIR") ?? "/tmp";
  const path = `${dir}/overlay2-fuzz-${seed}-${number}${suffix}.tar`;
  Deno.writeFileSync(path, bytesOfParts(parts));
  return path;
}
