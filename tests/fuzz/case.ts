/**
 * One archive, one way, all oracles.
 *
 * @module
 */

import type { ApplyOptions } from "../../mod.ts";
import { streamOf } from "../fixtures.ts";
import { type Way, WAYS } from "../driver/apply_ways.ts";
import { namesIn } from "../trees.ts";
import { Random } from "../tree/random.ts";
import { Choices } from "./choices.ts";
import { bytesOfParts, type Parts, randomArchive, seedOf } from "./archives.ts";
import {
  assertSame,
  checkChanges,
  checkError,
  checkHome,
  checkKept,
  checkLeaks,
  checkRoundTrip,
  descriptors,
  Violation,
} from "./oracles.ts";
import type { World } from "./world.ts";

/** Words for the ways on the command line. */
export const WAY_NAMES = ["beside", "in-place", "mounted", "all"] as const;
/** One of them. */
export type WayName = typeof WAY_NAMES[number];

const BY_NAME: Readonly<Record<WayName, readonly Way[]>> = {
  "beside": WAYS.filter(({ mounted, filled }) => !mounted && !filled),
  "in-place": WAYS.filter(({ mounted, filled }) => !mounted && filled),
  "mounted": WAYS.filter(({ mounted }) => mounted),
  "all": WAYS,
};

/** How long the work on one archive may take, in milliseconds. */
export const TIME_LIMIT = 60_000;
/** Cases that share a home, one after the other. */
export const PER_WORLD = 50;
const CHUNKS = [65536, 65536, 512, 700, 10_240];

/** How an archive is applied. */
export interface Setting {
  /** By which way. */
  readonly way: Way;
  /** Bytes that arrive at once. */
  readonly chunk: number;
  /** Seed of what the layer holds beforehand. */
  readonly filling: number;
  /** How much is taken at most. */
  readonly limits: Pick<ApplyOptions, "maxBytes" | "maxEntries">;
  /** Whether the home is checked afterwards, which takes a while. */
  readonly check: boolean;
  /** Whether the archive is kept, so that it must come back. */
  readonly exact?: boolean;
}

/** Applies an archive to the layer "top". */
export type Apply = (
  world: World,
  bytes: Uint8Array<ArrayBuffer>,
  setting: Setting,
) => Promise<unknown>;

/** The driver's own way, which is what is tested. */
const BY_DRIVER: Apply = async (
  world,
  bytes,
  { way, chunk, limits, exact },
) => {
  const driver = exact ? await world.keeping() : world.driver;
  await driver.applyDiff("top", way.parent, streamOf(bytes, chunk), limits);
};

/** A numbered case of a run. */
export interface Case extends Setting {
  /** Makes the archive. */
  readonly archive: (outside: string) => Parts;
}

/** The case of a number, the same for the same seed. */
export function caseOf(seed: number, number: number, way: WayName): Case {
  const own = seedOf(seed, number);
  const random = new Random(own);
  return {
    way: random.pick(BY_NAME[way]),
    chunk: random.pick(CHUNKS),
    filling: random.below(0x7fffffff),
    limits: random.below(8) > 0 ? {} : {
      maxBytes: 512 * random.below(100),
      maxEntries: random.below(20),
    },
    check: random.below(10) === 0,
    exact: random.below(2) === 0,
    archive: (outside) => randomArchive(new Choices(own ^ 0x5a5a5a5a), outside),
  };
}

/** Seed of the world that a case is played in. */
export function worldSeed(seed: number, number: number): number {
  return seedOf(seed, -1 - Math.floor(number / PER_WORLD));
}

/**
 * Applies an archive and checks everything.
 *
 * @param world Where; it is as before afterwards, unless something failed.
 * @param test Which way, and how.
 * @param parts The archive.
 * @param apply What applies it.
 * @returns The code of the error, `""` if the archive was taken.
 * @throws {Violation} if an oracle is not content.
 */
export async function play(
  world: World,
  test: Setting,
  parts: Parts,
  apply: Apply = BY_DRIVER,
): Promise<string> {
  const start = performance.now();
  const { driver } = world;
  await world.makeTop(test.way, new Random(test.filling));
  if (test.exact) await world.keeping();
  const before = world.surroundings();
  const empty = world.own();
  const open = descriptors();

  const bytes = bytesOfParts(parts);
  const code = await apply(world, bytes, test).then(() => "", checkError);

  assertSame(world.surroundings(), before, "Something outside changed");
  await checkLeaks(world, open);
  if (code === "" && test.exact) await checkKept(world, bytes, test.way);
  if (code === "") await checkContent(world, bytes.length, test);
  else if (!test.way.filled) {
    assertSame(
      world.own().filter(notTimes),
      empty.filter(notTimes),
      "Not empty",
    );
    assertSame(namesIn(`${world.home}/top/diff`), [], "Not empty again");
  }
  if (test.check) await checkHome(world);
  await checkLeaks(world, open);
  await driver.remove("top");
  // Waits for what is still being deleted.
  await driver.cleanup();
  const took = performance.now() - start;
  if (took > TIME_LIMIT) throw new Violation(`It took ${Math.round(took)} ms`);
  return code;
}

/** The empty directory itself may be a new one. */
function notTimes(line: string): boolean {
  return !line.startsWith("/diff dir");
}

async function checkContent(
  world: World,
  length: number,
  { limits: { maxBytes = Infinity } }: Setting,
): Promise<void> {
  if (length > maxBytes) throw new Violation(`${length} bytes were taken`);
  await checkChanges(world);
  await checkRoundTrip(world);
}
