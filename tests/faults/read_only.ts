/**
 * File systems that become read-only or faulty before and in the middle of work:
 * by a remount, by an error that ext4 finds, by a shutdown of ext4 and xfs, and by
 * a disk whose end cannot be read.
 *
 * A kernel with device-mapper could also make single blocks fail. What a shutdown
 * answers, and what cannot be read from a disk that was cut, is as real an `EIO`.
 *
 * @module
 */

import { type Driver, init } from "../../mod.ts";
import { settled } from "../../src/driver/init.ts";
import { run as execute } from "../../tools/vm/needs.ts";
import { bytesOf, streamOf, TempDir } from "../fixtures.ts";
import { archive, file } from "../tar_builder.ts";
import { Disk } from "./disk.ts";
import { goalOf, isClean, type Job, JOBS, outcome } from "./jobs.ts";
import { makeLayers } from "./layers.ts";
import { type Run, script } from "./script.ts";
import { contentsIn, verdict } from "./verdict.ts";

/** How a disk goes bad, and is made good again. */
interface Harm {
  readonly name: string;
  readonly type: "ext4" | "xfs";
  readonly codes: readonly string[];
  /** Whether what only reads must work. */
  readonly readable: boolean;
  readonly strike: (disk: Disk) => Promise<void> | void;
  readonly heal: (disk: Disk) => Promise<void>;
}

const HARMS: readonly Harm[] = [
  {
    name: "ext4 remounted read-only",
    type: "ext4",
    codes: ["EROFS"],
    readable: true,
    strike: (disk) => disk.remount("ro"),
    heal: (disk) => disk.remount("rw"),
  },
  {
    name: "ext4 that found an error",
    type: "ext4",
    codes: ["EROFS", "EIO"],
    readable: true,
    strike: (disk) => disk.strike(),
    heal: (disk) => disk.repair(),
  },
  ...(["ext4", "xfs"] as const).map((type) => ({
    name: `${type} that was shut down`,
    type,
    codes: ["EIO", "EROFS"],
    readable: false,
    strike: (disk: Disk) => disk.shutDown(),
    heal: (disk: Disk) => disk.restart(),
  })),
];

/** A job whose archive waits in the middle for something to happen. */
function interrupted(
  id: string,
  parent: string | undefined,
  partial: boolean,
  event: () => Promise<void> | void,
): Job {
  const whole = archive(
    ...Array.from({ length: 200 }, (_, i) => file(`file-${i}`, "x")),
  );
  // Two blocks for each entry: the event meets no file that is open.
  const chunk = 2048;
  let at = 0;
  const stream = () =>
    new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (at >= whole.length) return controller.close();
        if (at === 50 * chunk) await event();
        controller.enqueue(whole.slice(at, at + chunk));
        at += chunk;
      },
    }, { highWaterMark: 0 });
  const way = partial
    ? "in place"
    : parent === ""
    ? "through a mount"
    : "beside";
  return {
    name: `apply ${way}, in the middle`,
    id,
    partial,
    run: (driver) => driver.applyDiff(id, parent, stream()),
  };
}

/** One job on a disk that goes bad. */
class Trial {
  readonly #disk: Disk;
  readonly #harm: Harm;
  readonly #home: string;
  readonly #faults: string[] = [];

  constructor(disk: Disk, harm: Harm, home: string) {
    this.#disk = disk;
    this.#harm = harm;
    this.#home = home;
  }

  /** Harms the disk before the job, or lets the job do it. */
  async run(job: Job, before = true): Promise<string[]> {
    await makeLayers(this.#home);
    const contents = await contentsIn(this.#home);
    const driver = await init(this.#home, { onWarning: () => {} });
    await job.prepare?.(driver);
    await execute("sync", ["-f", this.#disk.path]);
    if (before) await this.#harm.strike(this.#disk);
    const error = await outcome(() =>
      job.run(driver).then(() => settled(driver))
    );
    this.#judge(job, error);
    await this.#release(driver);
    await this.#harm.heal(this.#disk);
    const done = error === undefined && !job.reads;
    const faults = await verdict(this.#home, goalOf(job, contents, done));
    this.#faults.push(...faults);
    if (!done && before) await this.#again(job, contents);
    return this.#faults;
  }

  #judge(job: Job, error: Awaited<ReturnType<typeof outcome>>): void {
    const { codes, readable } = this.#harm;
    if (error === undefined) {
      if (!job.reads && !job.frugal) this.#faults.push("it succeeded");
    } else if (job.reads && readable) {
      this.#faults.push(`it failed: ${error}`);
    } else if (!isClean(error, codes)) this.#faults.push(`it said: ${error}`);
  }

  /** Unmounts what is mounted, which needs no disk. */
  async #release(driver: Driver): Promise<void> {
    const error = await outcome(() => driver.cleanup());
    if (error && !isClean(error, this.#harm.codes)) {
      this.#faults.push(`cleanup said: ${error}`);
    }
    await driver[Symbol.asyncDispose]();
  }

  /** The same call must work once the disk is good again. */
  async #again(job: Job, contents: ReadonlyMap<string, string>): Promise<void> {
    await using driver = await init(this.#home, { onWarning: () => {} });
    await job.prepare?.(driver);
    const error = await outcome(() => job.run(driver));
    if (error) this.#faults.push(`again, it failed: ${error}`);
    await settled(driver);
    await driver.cleanup();
    const goal = goalOf(job, contents, !job.reads);
    this.#faults.push(...await verdict(this.#home, goal));
  }
}

async function tryHarm(run: Run, harm: Harm): Promise<void> {
  using temp = new TempDir("overlay2_read_only_");
  temp.useMemory();
  await using disk = await Disk.make(`${temp.path}/d`, { type: harm.type });
  const jobs = run.short ? JOBS.filter((_, i) => i % 3 === 0) : JOBS;
  for (const [index, job] of jobs.entries()) {
    const trial = new Trial(disk, harm, `${disk.path}/before-${index}`);
    run.judge(`${harm.name}: ${job.name}`, await trial.run(job));
  }
  const strike = () => harm.strike(disk);
  const halves = [
    interrupted("empty", undefined, false, strike),
    interrupted("empty", "", false, strike),
    interrupted("leaf", undefined, true, strike),
  ];
  for (const [index, job] of halves.entries()) {
    const trial = new Trial(disk, harm, `${disk.path}/middle-${index}`);
    run.judge(`${harm.name}: ${job.name}`, await trial.run(job, false));
  }
}

const MIB = 1024 * 1024;

/** A layer whose content cannot be read from the disk. */
async function tryUnreadable(run: Run): Promise<void> {
  using temp = new TempDir("overlay2_read_only_");
  temp.useMemory();
  await using disk = await Disk.make(`${temp.path}/d`, { type: "ext4" });
  const home = `${disk.path}/home`;
  const driver = await init(home, { storageOpts: ["overlay2.manifest=true"] });
  const content = new Uint8Array(40 * MIB).fill(5);
  await driver.create("big");
  await driver.applyDiff("big", "", streamOf(archive(file("f", content))));
  await driver.create("top", "big");
  disk.unmount();
  disk.cut(24 * MIB);
  await disk.mount();
  const faults: string[] = [];
  for (const parent of [undefined, ""]) {
    const error = await outcome(() => bytesOf(driver.diff("big", parent)));
    if (!error || !isClean(error, ["EIO"])) faults.push(`diff said: ${error}`);
  }
  const error = await outcome(() => bytesOf(driver.diff("top", "")));
  if (!error || !isClean(error, ["EIO"])) faults.push(`diff said: ${error}`);
  const found = await driver.check(["big"], { deep: true });
  if (!found.some(({ id, severity }) => id === "big" && severity === "error")) {
    faults.push(`check found ${JSON.stringify(found)}`);
  }
  await driver.remove("top");
  await driver.remove("big");
  await settled(driver);
  run.judge("a disk whose end cannot be read", [
    ...faults,
    ...await verdict(home, new Map()),
  ]);
}

await script(
  "read_only",
  [["mkfs.ext4", "e2fsprogs"], ["mkfs.xfs", "xfsprogs"], ["losetup", "mount"]],
  async (run) => {
    for (const harm of HARMS) await tryHarm(run, harm);
    await tryUnreadable(run);
  },
);
