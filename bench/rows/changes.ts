/**
 * Telling what a layer changes, and how much.
 *
 * @module
 */

import type { Room } from "../room.ts";
import type { Area, Row } from "../row.ts";

/** Files that are changed. */
const CHANGED = 10;

/** A layer of many files in both homes, and one on it that changes some. */
async function makeChanged(room: Room): Promise<void> {
  await room.make("many", "", "many");
  await room.make("changed", "many");
  const mount = await room.driver.get("changed");
  await change(mount.path);
  await room.driver.put("changed");
  if (room.peer === undefined) return;
  await room.peer.run([["get", "changed"]]);
  await change(`${room.peer.home}/changed/merged`);
  await room.peer.run([["put", "changed"]]);
}

async function change(root: string): Promise<void> {
  for (let i = 0; i < CHANGED; i++) {
    await Deno.writeTextFile(`${root}/d${i}/f${i}`, "changed");
  }
}

const changesRow: Row = {
  name: "changes, 10 of many files",
  limit: "walk of the upper in C",
  warmUp: true,
  async prepare(room) {
    await room.once("changed", () => makeChanged(room));
    const times = Math.ceil(room.sizes.times / 20);
    const [upper, below] = [room.ours("changed"), room.ours("many")];
    const { limit } = room;
    const peer = room.peerJobs([["changes", "changed", "many"]]);
    return {
      ours: {
        ...room.repeating(times, (driver) => driver.changes("changed")),
        reads: [below],
      },
      docker: peer && { ...peer, reads: [room.docker("many")] },
      limit: limit && {
        reads: [below],
        async measure() {
          let sum = 0;
          for (let i = 0; i < times; i++) {
            sum += await limit.run("compare", upper, below);
          }
          return sum / times;
        },
      },
    };
  },
};

function diffSize(name: string, id: "small" | "changed", times: number): Row {
  return {
    name,
    limit: "walk in C",
    warmUp: true,
    async prepare(room) {
      if (id === "changed") await room.once(id, () => makeChanged(room));
      else await room.once(id, () => room.make(id, "", id));
      const parent = id === "changed" ? "many" : "";
      const { limit } = room;
      return {
        ours: {
          ...room.repeating(times, (driver) => driver.diffSize(id)),
          reads: [room.ours(id)],
        },
        docker: room.peerJobs([["diff-size", id, parent]], times),
        limit: limit && {
          reads: [room.ours(id)],
          async measure() {
            let sum = 0;
            for (let i = 0; i < times; i++) {
              sum += await limit.run("stat", room.ours(id));
            }
            return sum / times;
          },
        },
      };
    },
  };
}

/** Rows about what a layer changes. */
export const changes: Area = {
  name: "changes",
  rows: [
    changesRow,
    diffSize("diff-size, 10 of many files", "changed", 10),
    diffSize("diff-size, small files", "small", 1),
  ],
};
