/**
 * Unpacking archives.
 *
 * @module
 */

import { applyFile, applyPipe } from "../ours.ts";
import { run, shell } from "../program.ts";
import type { ArchiveName, Room } from "../room.ts";
import type { Area, Contender, Contenders, Row } from "../row.ts";
import { microseconds } from "../timing.ts";

const ID = "applied";

/** Does a work that fills a directory of its own. */
function filling(
  room: Room,
  archive: string,
  work: (dir: string) => Promise<unknown>,
): Contender {
  const dir = `${room.path}/filled`;
  return {
    reads: [archive],
    async measure() {
      await Deno.mkdir(dir);
      return await microseconds(() => work(dir));
    },
    undo: () => run("rm", ["-rf", dir]),
  };
}

/** The bare calls of unpacking. */
function bare(
  room: Room,
  archive: string,
  threads: number,
): Contender | undefined {
  const { limit } = room;
  const dir = `${room.path}/bare`;
  return limit && {
    reads: [archive],
    measure: () => limit.run("unpack", threads, archive, dir),
    undo: () => run("rm", ["-rf", dir]),
  };
}

function ours(
  room: Room,
  archive: string,
  apply: () => Promise<void>,
): Contender {
  return {
    reads: [archive],
    async measure() {
      await room.driver.create(ID);
      return await microseconds(apply);
    },
    undo: () => room.remove(ID),
  };
}

function docker(
  room: Room,
  archive: string,
  options: readonly string[],
  run: (jobs: string[][]) => Promise<void>,
): Contender | undefined {
  const { peer } = room;
  return peer && {
    reads: [archive],
    async measure() {
      await peer.run([["create", ID]]);
      return await microseconds(() => run([["apply-diff", ID, ...options]]));
    },
    undo: () => peer.run([["remove", ID]]),
  };
}

/** Who unpacks an archive that is a file. */
async function fromFile(room: Room, name: ArchiveName): Promise<Contenders> {
  const archive = await room.archive(name);
  const options = name === "root.gz" || name === "root.zst"
    ? ["--decompress", "-i", archive]
    : ["-i", archive];
  return {
    ours: ours(room, archive, () => applyFile(room.driver, ID, archive)),
    docker: docker(room, archive, options, (jobs) => room.peer!.run(jobs)),
    "GNU tar": filling(
      room,
      archive,
      (dir) => run("tar", ["-C", dir, "-xpf", archive]),
    ),
  };
}

function apply(name: string, archive: ArchiveName): Row {
  return {
    name,
    limit: "bare calls in C",
    async prepare(room) {
      const file = await room.archive(archive);
      return {
        ...await fromFile(room, archive),
        limit: bare(room, file, 1),
        "C, 2 threads": bare(room, file, 2),
      };
    },
  };
}

/** Unpacks from a named pipe that `cat` fills. */
function piped(contender: Contender, archive: string, pipe: string): Contender {
  return {
    ...contender,
    async measure() {
      const feeding = shell('cat "$1" >"$2"', archive, pipe);
      const taken = await contender.measure();
      await feeding;
      return taken;
    },
  };
}

const applyBigPipe: Row = {
  name: "apply, large files, from a pipe",
  limit: "bare calls in C",
  async prepare(room) {
    const archive = await room.archive("big");
    const pipe = `${room.path}/pipe`;
    await run("mkfifo", [pipe]);
    const run_ = (jobs: string[][]) => room.peer!.run(jobs);
    const theirs = docker(room, archive, ["-i", pipe], run_);
    const limit = room.limit && {
      ...bare(room, archive, 1)!,
      measure: () => room.limit!.run("unpack", 1, pipe, `${room.path}/bare`),
    };
    return {
      ours: piped(
        ours(room, archive, () => applyPipe(room.driver, ID, pipe)),
        archive,
        pipe,
      ),
      docker: theirs && piped(theirs, archive, pipe),
      limit: limit && piped(limit, archive, pipe),
    };
  },
};

/** The longer of decompressing and unpacking, each by itself. */
function packed(archive: ArchiveName, program: string): Row {
  return {
    name: `apply, root file system, ${program}`,
    limit: `the longer of ${program} -dc and C`,
    async prepare(room) {
      const file = await room.archive(archive);
      const plain = bare(room, await room.archive("root"), 1);
      const decompress = () => shell('"$1" -dc "$2" >/dev/null', program, file);
      return {
        ...await fromFile(room, archive),
        limit: plain && {
          reads: [file, ...plain.reads!],
          measure: async () =>
            Math.max(await microseconds(decompress), await plain.measure()),
          undo: plain.undo!,
        },
      };
    },
  };
}

/** Rows about unpacking. */
export const applies: Area = {
  name: "apply",
  rows: [
    apply("apply, small files", "small"),
    apply("apply, large files, from a file", "big"),
    applyBigPipe,
    apply("apply, root file system", "root"),
    packed("root.gz", "gzip"),
    packed("root.zst", "zstd"),
  ],
};
