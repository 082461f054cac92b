/**
 * Making, mounting and removing layers.
 *
 * @module
 */

import type { Room } from "../room.ts";
import { run } from "../program.ts";
import type { Area, Contender, Contenders, Row } from "../row.ts";
import { microseconds } from "../timing.ts";

/** Docker's driver takes no more lowers. */
const DOCKER_DEPTH = 128;

/** Makes layers up to one with so many lowers; tells its id. */
async function chain(room: Room, depth: number): Promise<string> {
  for (let i = 0; i <= depth; i++) {
    const parent = i === 0 ? "" : `depth-${i - 1}`;
    await room.once(
      `depth-${i}`,
      () =>
        i <= DOCKER_DEPTH
          ? room.make(`depth-${i}`, parent)
          : room.driver.create(`depth-${i}`, parent),
    );
  }
  return `depth-${depth}`;
}

const exists: Row = {
  name: "exists",
  async prepare(room) {
    const id = await chain(room, 0);
    const times = room.sizes.times * 20;
    return {
      ours: room.repeating(times, (driver) => driver.exists(id)),
      docker: room.peerJobs([["exists", id]], times),
    };
  },
};

const createRemove: Row = {
  name: "create + remove",
  limit: "bare calls in C",
  async prepare(room) {
    const { times } = room.sizes;
    const parent = await chain(room, 0);
    return {
      ours: room.repeating(times, async (driver) => {
        await driver.create("new", parent);
        await driver.remove("new");
      }),
      docker: room.peerJobs(
        [["create", "new", parent], ["remove", "new"]],
        times,
      ),
      limit: room.limitOf(
        times,
        "create-remove",
        times,
        room.driver.home,
        parent,
      ),
    };
  },
};

function getPut(depth: number): Row {
  return {
    name: `get + put, depth ${depth}`,
    limit: "fsopen in C",
    async prepare(room) {
      const id = await chain(room, depth);
      const times = Math.ceil(room.sizes.times * 20 / (20 + depth));
      return {
        ours: room.repeating(times, async (driver) => {
          await driver.get(id);
          await driver.put(id);
        }),
        docker: depth > DOCKER_DEPTH
          ? undefined
          : room.peerJobs([["get", id], ["put", id]], times),
        limit: room.limitOf(times, "mount", times, room.driver.home, id),
      };
    },
  };
}

/** Removes a layer of many files; tells how long until `remove` answers or all is gone. */
function removing(room: Room, untilGone: boolean): Contender {
  return {
    async measure() {
      await room.driver.create("doomed");
      await fill(room, room.ours("doomed"));
      return await microseconds(async () => {
        await room.driver.remove("doomed");
        if (untilGone) await room.settle();
      });
    },
    undo: () => room.settle(),
  };
}

async function fill(room: Room, dir: string): Promise<void> {
  await run("tar", ["-C", dir, "-xpf", await room.archive("many")]);
  await run("sync", []);
}

const removeMany: Row = {
  name: "remove, many files",
  limit: "rm -rf",
  prepare(room): Promise<Contenders> {
    const { peer } = room;
    const plain = `${room.path}/plain`;
    return Promise.resolve({
      ours: removing(room, true),
      docker: peer && {
        async measure() {
          await peer.run([["create", "doomed"]]);
          await fill(room, room.docker("doomed"));
          return await microseconds(() => peer.run([["remove", "doomed"]]));
        },
      },
      limit: {
        async measure() {
          await Deno.mkdir(plain);
          await fill(room, plain);
          return await microseconds(() => run("rm", ["-rf", plain]));
        },
      },
    });
  },
};

const removeAnswer: Row = {
  name: "remove, many files: until it answers",
  prepare: (room) => Promise.resolve({ ours: removing(room, false) }),
};

/** Rows about layers as a whole. */
export const layers: Area = {
  name: "layers",
  rows: [
    exists,
    createRemove,
    ...[2, 10, 120, 400].map(getPut),
    removeMany,
    removeAnswer,
  ],
};
