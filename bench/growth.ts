/**
 * Works whose cost grows with something, for `bench/fit.ts`.
 *
 * @module
 */

import { type Driver, init } from "../mod.ts";
import { settled } from "../src/driver/init.ts";
import { sourceProgram } from "./command.ts";
import { writeBig, writeSmall } from "./inputs.ts";
import { applyFile, diffStream } from "./ours.ts";
import { run } from "./program.ts";
import { OPTIONS, type Room } from "./room.ts";
import type { Contender } from "./row.ts";
import { FILES_PER_DIR } from "./sizes.ts";
import { microseconds } from "./timing.ts";
import { peakMemory } from "./watch.ts";

/** A work at three sizes. */
export interface Series {
  readonly name: string;
  /** What the sizes count. */
  readonly unit: string;
  readonly sizes: readonly number[];
  /** Whether it is about memory and not about time. */
  readonly memory?: true;
  /** Makes ready for one size. */
  prepare(room: Room, size: number): Promise<Contender>;
}

const FILES = [10_000, 20_000, 40_000];
const MANY_FILES = [20_000, 40_000, 80_000];
const MEBIBYTES = [256, 512, 1024];
const LOWERS = [10, 100, 400];
const LAYERS = [1000, 4000, 10_000];
const TIMES = 100;

async function filesArchive(room: Room, files: number): Promise<string> {
  const path = `${room.path}/files-${files}.tar`;
  await room.once(path, () => writeSmall(path, files / FILES_PER_DIR));
  return path;
}

async function bytesArchive(room: Room, mebibytes: number): Promise<string> {
  const path = `${room.path}/bytes-${mebibytes}.tar`;
  await room.once(path, () => writeBig(path, 4, mebibytes / 4 << 20));
  return path;
}

type Archive = (room: Room, size: number) => Promise<string>;

function applying(archive: Archive): Series["prepare"] {
  return async (room, size) => {
    const file = await archive(room, size);
    return {
      async measure() {
        await room.driver.create("applied");
        return await microseconds(() =>
          applyFile(room.driver, "applied", file)
        );
      },
      undo: () => room.remove("applied"),
    };
  };
}

/** Does something with a layer that an archive filled, on a parent. */
function filled(
  archive: Archive,
  work: (driver: Driver, id: string) => Promise<unknown>,
): Series["prepare"] {
  return async (room, size) => {
    const id = await fill(room, await archive(room, size), `filled-${size}`);
    await work(room.driver, id);
    return { measure: () => microseconds(() => work(room.driver, id)) };
  };
}

async function fill(room: Room, archive: string, id: string): Promise<string> {
  await room.once("base", () => room.driver.create("base"));
  await room.driver.create(id, "base");
  await run("tar", ["-C", room.ours(id), "-xpf", archive]);
  return id;
}

function removing(room: Room, archive: string): Contender {
  return {
    async measure() {
      await fill(room, archive, "doomed");
      await run("sync", []);
      return await microseconds(() => room.remove("doomed"));
    },
  };
}

/** Repeats something with a writable layer that has so many lowers. */
function repeated(
  work: (driver: Driver, id: string) => Promise<unknown>,
): Series["prepare"] {
  return async (room, depth) => {
    for (let i = 0; i < depth; i++) {
      const parent = i === 0 ? "" : `depth-${i - 1}`;
      await room.once(
        `depth-${i}`,
        () => room.driver.create(`depth-${i}`, parent),
      );
    }
    // Not of the chain itself: a parent is mounted read-only, which costs less.
    await room.driver.create(`top-${depth}`, `depth-${depth - 1}`);
    return room.repeating(TIMES, (driver) => work(driver, `top-${depth}`));
  };
}

/** Makes a home of so many layers, in chains of 20. */
async function makeHome(room: Room, layers: number): Promise<Driver> {
  const driver = await openHome(`${room.path}/home-${layers}`);
  for (let i = 0; i < layers; i++) {
    await driver.create(`layer-${i}`, i % 20 === 0 ? "" : `layer-${i - 1}`);
  }
  return driver;
}

/** Does something in a home of so many layers. */
function athome(
  work: (driver: Driver) => Promise<number>,
): Series["prepare"] {
  return async (room, layers) => {
    const driver = await makeHome(room, layers);
    return {
      measure: () => work(driver),
      undo: () => settled(driver),
    };
  };
}

function openHome(path: string): Promise<Driver> {
  return init(path, { storageOpts: [...OPTIONS] });
}

async function createRemove(driver: Driver): Promise<number> {
  const all = await microseconds(async () => {
    for (let i = 0; i < TIMES; i++) {
      await driver.create("new", "layer-9");
      await driver.remove("new");
    }
  });
  return all / TIMES;
}

/** A driver that knows no layers yet removes one. */
async function firstRemoval(driver: Driver): Promise<number> {
  await driver.create("new", "layer-9");
  await driver.create("child", "new");
  await driver.remove("child");
  await using fresh = await openHome(driver.home);
  return await microseconds(() => fresh.remove("new"));
}

/** Memory of a command as a process. */
function memoryOf(
  prepare: (room: Room, size: number) => Promise<string[]>,
): Series["prepare"] {
  return async (room, size) => {
    const words = await prepare(room, size);
    return {
      async measure() {
        if (words[0] === "apply-diff") await room.driver.create("applied");
        return await peakMemory(
          'exec "$@"',
          "sh",
          ...sourceProgram(room.driver.home),
          ...words,
        );
      },
      async undo() {
        if (words[0] === "apply-diff") await room.remove("applied");
      },
    };
  };
}

/** All works. */
export const series: readonly Series[] = [
  {
    name: "apply",
    unit: "file",
    sizes: FILES,
    prepare: applying(filesArchive),
  },
  {
    name: "apply, large files",
    unit: "MiB",
    sizes: MEBIBYTES,
    prepare: applying(bytesArchive),
  },
  {
    name: "diff to a stream",
    unit: "file",
    sizes: FILES,
    prepare: filled(filesArchive, diffStream),
  },
  {
    name: "diff to a stream, large files",
    unit: "MiB",
    sizes: MEBIBYTES,
    prepare: filled(bytesArchive, diffStream),
  },
  {
    name: "changes",
    unit: "changed file",
    sizes: FILES,
    prepare: filled(filesArchive, (driver, id) => driver.changes(id)),
  },
  {
    name: "diff-size",
    unit: "changed file",
    sizes: FILES,
    prepare: filled(filesArchive, (driver, id) => driver.diffSize(id)),
  },
  {
    name: "remove, until all is gone",
    unit: "file",
    sizes: FILES,
    prepare: async (room, files) =>
      removing(room, await filesArchive(room, files)),
  },
  {
    name: "get + put",
    unit: "lower",
    sizes: LOWERS,
    prepare: repeated(async (driver, id) => {
      await driver.get(id);
      await driver.put(id);
    }),
  },
  {
    name: "create + remove",
    unit: "lower",
    sizes: LOWERS,
    prepare: repeated(async (driver, id) => {
      await driver.create("new", id);
      await driver.remove("new");
    }),
  },
  {
    name: "create + remove",
    unit: "layer of the home",
    sizes: LAYERS,
    prepare: athome(createRemove),
  },
  {
    name: "init",
    unit: "layer of the home",
    sizes: LAYERS,
    prepare: athome((driver) => microseconds(() => openHome(driver.home))),
  },
  {
    name: "first removal by a process",
    unit: "layer of the home",
    sizes: LAYERS,
    prepare: athome(firstRemoval),
  },
  {
    name: "check",
    unit: "layer of the home",
    sizes: LAYERS,
    prepare: athome((driver) => microseconds(() => driver.check())),
  },
  {
    name: "memory of apply-diff",
    unit: "file",
    sizes: MANY_FILES,
    memory: true,
    prepare: memoryOf(async (room, files) => [
      "apply-diff",
      "applied",
      "-i",
      await filesArchive(room, files),
    ]),
  },
  {
    name: "memory of changes",
    unit: "changed file",
    sizes: FILES,
    memory: true,
    prepare: memoryOf(async (room, files) => [
      "changes",
      await fill(room, await filesArchive(room, files), `filled-${files}`),
    ]),
  },
  {
    name: "memory of check",
    unit: "layer of the home",
    sizes: LAYERS,
    memory: true,
    async prepare(room, layers) {
      await using driver = await makeHome(room, layers);
      const words = [...sourceProgram(driver.home), "check"];
      return { measure: () => peakMemory('exec "$@"', "sh", ...words) };
    },
  },
];
