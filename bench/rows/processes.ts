/**
 * Every command as a process, beside a Deno program that does nothing.
 *
 * @module
 */

import { portableProgram, sourceProgram } from "../command.ts";
import { writeEmpty } from "../inputs.ts";
import { run } from "../program.ts";
import type { Room } from "../room.ts";
import type { Area, Contender, Row } from "../row.ts";
import { microseconds } from "../timing.ts";

type Words = readonly string[];

/** A command, with what comes before and after it, untimed. */
interface Case {
  readonly words: Words;
  readonly before?: readonly Words[];
  readonly after?: readonly Words[];
  /** Whether Docker's driver has no such command. */
  readonly own?: boolean;
}

const NEW: Words = ["create", "new", "base"];
const GONE: Words = ["remove", "new"];

/** Stands for the path of an archive. */
const ARCHIVE = "ARCHIVE";

const CASES: readonly Case[] = [
  { words: ["--version"], own: true },
  { words: ["init"] },
  { words: NEW, after: [GONE] },
  { words: ["create-rw", "new", "base"], after: [GONE] },
  { words: ["get", "work"], after: [["put", "work"]] },
  { words: ["put", "work"], before: [["get", "work"]] },
  { words: ["exists", "work"] },
  { words: GONE, before: [NEW] },
  { words: ["metadata", "work"] },
  { words: ["status"] },
  {
    words: ["apply-diff", "new", "-i", ARCHIVE],
    before: [NEW],
    after: [GONE],
  },
  { words: ["diff", "work"] },
  { words: ["changes", "work"] },
  { words: ["diff-size", "work"] },
  { words: ["check"], own: true },
  { words: ["cleanup"] },
  { words: ["batch"], own: true },
];

function contender(program: Words, { words, before, after }: Case): Contender {
  const runAll = async (list: readonly Words[]) => {
    for (const words of list) await start([...program, ...words]);
  };
  return {
    async measure() {
      await runAll(before ?? []);
      return await microseconds(() => start([...program, ...words]));
    },
    undo: () => runAll(after ?? []),
  };
}

function start([program, ...args]: Words): Promise<void> {
  return run(program!, args);
}

/** Makes a home for each driver, by its own commands. */
async function makeHomes(room: Room): Promise<void> {
  await writeEmpty(`${room.path}/empty.tar`);
  await Deno.writeTextFile(`${room.path}/empty.ts`, "export {};\n");
  for (const program of [sourceProgram(home(room)), peerProgram(room)]) {
    if (program === undefined) continue;
    await start([...program, "create", "base"]);
    await start([...program, "create-rw", "work", "base"]);
  }
}

function home(room: Room): string {
  return `${room.path}/home`;
}

function peerProgram({ peer, path }: Room): string[] | undefined {
  return peer && [peer.binary, "-q", "--home", `${path}/peer-home`];
}

function withArchive(room: Room, tried: Case): Case {
  const words = tried.words.map((word) =>
    word === ARCHIVE ? `${room.path}/empty.tar` : word
  );
  return { ...tried, words };
}

function rowOf(
  tried: Case,
  from: string,
  program: (room: Room) => readonly string[],
): Row {
  return {
    name: `process ${tried.words[0]}, from ${from}`,
    limit: "empty Deno program",
    rounds: 3,
    warmUp: true,
    async prepare(room) {
      await room.once("homes", () => makeHomes(room));
      const given = withArchive(room, tried);
      const empty = [Deno.execPath(), "run", "-A", `${room.path}/empty.ts`];
      const peer = tried.own ? undefined : peerProgram(room);
      return {
        ours: contender(program(room), given),
        docker: peer && contender(peer, given),
        limit: contender(empty, { words: [] }),
      };
    },
  };
}

/** Rows about commands as processes; the portable file's are left out if there is none. */
export function processes(portable: string | undefined): Area {
  const rows = CASES.map((tried) =>
    rowOf(tried, "source", (room) => sourceProgram(home(room)))
  );
  if (portable === undefined) return { name: "processes", rows };
  const binary = (room: Room) => portableProgram(portable, home(room));
  rows.push(...CASES.map((tried) => rowOf(tried, "binary", binary)));
  return { name: "processes", rows };
}
