/**
 * Small file systems that become full at every stage of every job: of bytes, and
 * of inodes.
 *
 * @module
 */

import { type Driver, init } from "../../mod.ts";
import { say } from "../../tools/say.ts";
import { TempDir } from "../fixtures.ts";
import { Disk, type DiskOptions } from "./disk.ts";
import { goalOf, isClean, type Job, JOBS, outcome } from "./jobs.ts";
import { makeLayers } from "./layers.ts";
import { type Run, script } from "./script.ts";
import {
  contentOfLayer,
  contentsIn,
  isAllowed,
  strays,
  verdict,
} from "./verdict.ts";

/** How a disk is filled, and by how much less each time. */
interface Filling {
  readonly name: string;
  readonly disk: DiskOptions;
  /** What is left, from nothing up to more than a job needs. */
  readonly lefts: (job: Job, run: Run) => number[];
  readonly fill: (disk: Disk, left: number) => Promise<void> | void;
}

const BLOCK = 4096;
/** Blocks that a layer without content needs at most. */
const FEW_BLOCKS = 12;

/** Every block for small jobs, some random numbers for large ones. */
function blocksFor({ bytes = 0, frugal }: Job, { random, short }: Run) {
  if (frugal) return [0];
  const small = Array.from({ length: FEW_BLOCKS }, (_, i) => i * BLOCK);
  if (bytes === 0) return short ? small.filter((_, i) => i % 3 === 0) : small;
  const some = Array.from(
    { length: short ? 2 : 12 },
    () => random.below(Math.floor(bytes / BLOCK)) * BLOCK,
  );
  return [0, 4 * BLOCK, ...some.sort((a, b) => a - b)];
}

const FILLINGS: readonly Filling[] = [
  ...(["ext4", "xfs"] as const).map((type) => ({
    name: `full ${type}`,
    disk: { type },
    lefts: blocksFor,
    fill: (disk: Disk, left: number) => disk.fill(left),
  })),
  {
    name: "ext4 without inodes",
    disk: { type: "ext4", inodes: 512 },
    lefts: ({ frugal, bytes }, { short }) => {
      if (frugal) return [0];
      const all = bytes ? [0, 1, 3, 5, 7, 50] : [0, 1, 2, 3, 4, 5, 6];
      return short ? all.filter((_, i) => i % 2 === 0) : all;
    },
    fill: async (disk, left) => {
      await disk.empty();
      disk.useInodes(left);
    },
  },
];

/** One job on one disk, from no room to enough. */
class Trial {
  readonly #job: Job;
  readonly #disk: Disk;
  readonly #home: string;
  readonly #faults: string[] = [];
  /** How often the disk was too full. */
  refusals = 0;

  constructor(job: Job, disk: Disk, home: string) {
    this.#job = job;
    this.#disk = disk;
    this.#home = home;
  }

  async run(filling: Filling, lefts: readonly number[]): Promise<string[]> {
    await makeLayers(this.#home);
    const before = await contentsIn(this.#home);
    await using driver = await init(this.#home, { onWarning: () => {} });
    await this.#job.prepare?.(driver);
    let done = false;
    for (const left of lefts) {
      await filling.fill(this.#disk, left);
      done = await this.#attempt(driver, left, before);
      if (done) break;
    }
    await this.#disk.empty();
    if (!done) await this.#attempt(driver, Infinity, before);
    await driver[Symbol.asyncDispose]();
    return [
      ...this.#faults,
      ...await verdict(this.#home, goalOf(this.#job, before, true)),
    ];
  }

  /** Tries the job; tells whether it succeeded. */
  async #attempt(
    driver: Driver,
    left: number,
    before: ReadonlyMap<string, string>,
  ): Promise<boolean> {
    const room = this.#disk.room;
    const error = await outcome(() => this.#job.run(driver));
    const fault = (text: string) =>
      this.#faults.push(`with ${left} left, ${text}`);
    if (error === undefined) return true;
    this.refusals++;
    if (left === Infinity || this.#job.frugal) fault(`it failed: ${error}`);
    if (!isClean(error, ["ENOSPC"])) fault(`it said: ${error}`);
    for (const name of strays(this.#home)) fault(`it left ${name}`);
    await this.#look(before, fault);
    this.#compareRoom(room, fault);
    return false;
  }

  /** Nothing half-made may be seen. */
  async #look(
    before: ReadonlyMap<string, string>,
    fault: (text: string) => void,
  ): Promise<void> {
    const { id } = this.#job;
    if (id === undefined || id === "work") return;
    await this.#disk.empty();
    await using driver = await init(this.#home, { onWarning: () => {} });
    const found = await contentOfLayer(driver, id);
    const allowed = goalOf(this.#job, before, false).get(id)!;
    if (!isAllowed(found, allowed)) fault(`layer ${id} holds ${found}`);
  }

  /** What was taken must be given back. */
  #compareRoom(
    before: { bytes: number; inodes: number },
    fault: (text: string) => void,
  ): void {
    const { bytes, inodes } = this.#disk.room;
    if (this.#job.partial) return;
    if (inodes < before.inodes || bytes < before.bytes) {
      fault(
        `${before.bytes - bytes} bytes and ${
          before.inodes - inodes
        } inodes are gone`,
      );
    }
  }
}

await script(
  "disk_full",
  [["mkfs.ext4", "e2fsprogs"], ["mkfs.xfs", "xfsprogs"], [
    "losetup",
    "mount",
  ]],
  async (run) => {
    for (const filling of FILLINGS) {
      using temp = new TempDir("overlay2_full_");
      temp.useMemory();
      await using disk = await Disk.make(`${temp.path}/d`, filling.disk);
      let refusals = 0;
      for (const [index, job] of JOBS.entries()) {
        const trial = new Trial(job, disk, `${disk.path}/home-${index}`);
        run.judge(
          `${filling.name}: ${job.name}`,
          await trial.run(filling, filling.lefts(job, run)),
        );
        refusals += trial.refusals;
        await Deno.remove(`${disk.path}/home-${index}`, { recursive: true });
      }
      say(`${filling.name}: ${refusals} calls were refused`);
    }
  },
);
