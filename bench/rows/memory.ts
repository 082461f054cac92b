/**
 * Memory of a process that handles a large file, at two sizes.
 *
 * @module
 */

import { sourceProgram } from "../command.ts";
import { writeHollow } from "../inputs.ts";
import { run, shell } from "../program.ts";
import type { Room } from "../room.ts";
import type { Area, Contender, Row } from "../row.ts";
import { peakMemory } from "../watch.ts";

const ID = "large";

async function makePipe(room: Room): Promise<string> {
  const pipe = `${room.path}/memory-pipe`;
  await room.once(pipe, () => run("mkfifo", [pipe]));
  return pipe;
}

async function applying(room: Room, size: number): Promise<Contender> {
  const archive = `${room.path}/${size}.tar`;
  const pipe = await makePipe(room);
  await room.once(archive, () => writeHollow(archive, size));
  const program = sourceProgram(room.driver.home);
  return {
    async measure() {
      await room.driver.create(ID);
      const feeding = shell('cat "$1" >"$2"', archive, pipe);
      const most = await peakMemory(
        'exec "$@" <"$0"',
        pipe,
        ...program,
        "apply-diff",
        ID,
      );
      await feeding;
      return most;
    },
    undo: () => room.remove(ID),
  };
}

async function packing(room: Room, size: number): Promise<Contender> {
  const id = `hollow-${size}`;
  const pipe = await makePipe(room);
  await room.once(id, async () => {
    await room.driver.create(id);
    await run("truncate", ["-s", String(size), `${room.ours(id)}/zeros`]);
  });
  const program = sourceProgram(room.driver.home);
  return {
    async measure() {
      const reading = shell('cat "$1" >/dev/null', pipe);
      const most = await peakMemory(
        'exec "$@" >"$0"',
        pipe,
        ...program,
        "diff",
        id,
      );
      await reading;
      return most;
    },
  };
}

function row(
  what: string,
  contender: (room: Room, size: number) => Promise<Contender>,
): Row {
  return {
    name: `peak memory, ${what} of one file`,
    unit: "memory",
    limit: "a quarter of the size",
    rounds: 0.6,
    async prepare(room) {
      const [less, more] = room.sizes.memory;
      return {
        ours: await contender(room, more),
        limit: await contender(room, less),
      };
    },
  };
}

/** Rows about memory. */
export const memory: Area = {
  name: "memory",
  rows: [row("apply", applying), row("diff", packing)],
};
