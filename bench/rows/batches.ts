/**
 * Thousands of layers in one process.
 *
 * @module
 */

import { sourceProgram } from "../command.ts";
import { LineProgram } from "../program.ts";
import type { Area, Row } from "../row.ts";
import { microseconds } from "../timing.ts";

/** Lines that make, mount and remove layers. */
function jobs(layers: number): string[][] {
  return Array.from({ length: layers }, (_, i) => `layer-${i}`).flatMap((
    id,
  ) => [
    ["create", id, "base"],
    ["get", id],
    ["put", id],
    ["remove", id],
  ]);
}

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

const batch: Row = {
  name: "batch, create + get + put + remove",
  async prepare(room) {
    const layers = room.sizes.batch;
    const work = jobs(layers);
    const [program, ...args] = sourceProgram(`${room.path}/batch-home`);
    const ours = room.use(new LineProgram(program!, [...args, "batch"]));
    await ask(ours, [["create", "base"]]);
    const { peer } = room;
    await peer?.run([["create", "base"]]);
    return {
      ours: {
        measure: async () => await microseconds(() => ask(ours, work)) / layers,
      },
      docker: peer && {
        measure: async () => await microseconds(() => peer.run(work)) / layers,
      },
    };
  },
};

/** The row about one process for many commands. */
export const batches: Area = { name: "batch", rows: [batch] };
