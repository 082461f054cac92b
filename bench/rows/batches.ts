/**
 * Thousands of layers in one process.
 *
 * @module
 */

import { sourceProgram } from "../command.ts";
import { LineProgram } from "../program.ts";
import type { Area, Row } from "../row.ts";
import { microseconds } from "../timing.ts";

/** Makes, mounts and removes a layer. */
const ROUND: readonly (readonly string[])[] = [
  ["create", "new", "base"],
  ["get", "new"],
  ["put", "new"],
  ["remove", "new"],
];

async function ask(
  program: LineProgram,
  jobs: readonly (readonly string[])[],
): Promise<void> {
  const answers = await program.ask(jobs.map((job) => JSON.stringify(job)));
  for (const [i, answer] of answers.entries()) {
    if (JSON.parse(answer).status === 0) continue;
    throw new Error(`${jobs[i]!.join(" ")}: ${answer}`);
  }
}

/** Ours reads a line for each command; Docker's driver is called in its process. */
const batch: Row = {
  name: "batch, create + get + put + remove",
  async prepare(room) {
    const layers = room.sizes.batch;
    const lines = Array.from({ length: layers }, () => ROUND).flat();
    const [program, ...args] = sourceProgram(`${room.path}/batch-home`);
    const ours = room.use(new LineProgram(program!, [...args, "batch"]));
    await ask(ours, [["create", "base"]]);
    await room.peer?.run([["create", "base"]]);
    return {
      ours: {
        measure: async () =>
          await microseconds(() => ask(ours, lines)) / layers,
      },
      docker: room.peerJobs(ROUND, layers),
    };
  },
};

/** The row about one process for many commands. */
export const batches: Area = { name: "batch", rows: [batch] };
