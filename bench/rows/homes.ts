/**
 * A home of many layers beside one of ten: no call may cost more there.
 *
 * @module
 */

import { type Driver, init } from "../../mod.ts";
import { settled } from "../../src/driver/init.ts";
import { sourceProgram } from "../command.ts";
import { run } from "../program.ts";
import { OPTIONS, type Room } from "../room.ts";
import type { Area, Contender, Row } from "../row.ts";
import { microseconds } from "../timing.ts";

const FEW = 10;
const CHAIN = 20;
const LARGE = "large-home";
const SMALL = "small-home";

/** A home with so many layers, in chains. */
function home(room: Room, name: string): Promise<Driver> {
  const layers = name === LARGE ? room.sizes.homeLayers : FEW;
  const path = `${room.path}/${name}`;
  return room.once(path, () => makeHome(path, layers));
}

async function makeHome(path: string, layers: number): Promise<Driver> {
  const driver = await init(path, { storageOpts: [...OPTIONS] });
  for (let i = 0; i < layers; i++) {
    await driver.create(`layer-${i}`, i % CHAIN === 0 ? "" : `layer-${i - 1}`);
  }
  return driver;
}

function within(
  name: string,
  timesFor: (room: Room) => number,
  work: (driver: Driver) => Promise<unknown>,
): Row {
  const contender = (room: Room, driver: Driver): Contender => ({
    async measure() {
      const times = timesFor(room);
      const all = await microseconds(async () => {
        for (let i = 0; i < times; i++) await work(driver);
      });
      return all / times;
    },
    undo: () => settled(driver),
  });
  return {
    name: `large home: ${name}`,
    limit: `home of ${FEW}`,
    warmUp: true,
    prepare: async (room) => ({
      ours: contender(room, await home(room, LARGE)),
      limit: contender(room, await home(room, SMALL)),
    }),
  };
}

/** A command as a process of its own, with what comes before and after it. */
interface Cold {
  readonly name: string;
  readonly words: readonly string[];
  before?(driver: Driver): Promise<unknown>;
  after?(driver: Driver): Promise<unknown>;
}

function cold({ name, words, before, after }: Cold): Row {
  const contender = (driver: Driver): Contender => {
    const [program, ...args] = sourceProgram(driver.home);
    return {
      async measure() {
        await before?.(driver);
        return await microseconds(() => run(program!, [...args, ...words]));
      },
      undo: () => after?.(driver) ?? Promise.resolve(),
    };
  };
  return {
    name: `large home: process ${name}`,
    limit: `home of ${FEW}`,
    rounds: 2,
    warmUp: true,
    prepare: async (room) => ({
      ours: contender(await home(room, LARGE)),
      limit: contender(await home(room, SMALL)),
    }),
  };
}

const PARENT = "layer-9";

/** Rows about a home of many layers. */
export const homes: Area = {
  name: "homes",
  rows: [
    within(
      "exists",
      (room) => room.sizes.times * 20,
      (driver) => driver.exists(PARENT),
    ),
    within("create + remove", (room) => room.sizes.times, async (driver) => {
      await driver.create("new", PARENT);
      await driver.remove("new");
    }),
    within("get + put", (room) => room.sizes.times, async (driver) => {
      await driver.get(PARENT);
      await driver.put(PARENT);
    }),
    cold({ name: "exists", words: ["exists", PARENT] }),
    cold({
      name: "create",
      words: ["create", "new", PARENT],
      after: (driver) => driver.remove("new"),
    }),
    cold({
      name: "get",
      words: ["get", PARENT],
      after: (driver) => driver.put(PARENT),
    }),
    cold({
      name: "remove",
      words: ["remove", "new"],
      before: (driver) => driver.create("new", PARENT),
    }),
    cold({
      name: "remove, was a parent",
      words: ["remove", "new"],
      async before(driver) {
        await driver.create("new", PARENT);
        await driver.create("child", "new");
        await driver.remove("child");
      },
    }),
  ],
};
