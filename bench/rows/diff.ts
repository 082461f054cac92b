/**
 * Packing layers.
 *
 * @module
 */

import type { Peer } from "../peer.ts";
import { diffFile, diffPipe, diffStream } from "../ours.ts";
import { run, shell } from "../program.ts";
import type { ArchiveName, Room } from "../room.ts";
import type { Area, Contender, Row } from "../row.ts";
import { microseconds } from "../timing.ts";

const SINKS = ["pipe", "file", "stream"] as const;

type Sink = typeof SINKS[number];

/** Lines of shell that do the same; a tree is `$1`, a file `$2`. */
const LINES: Readonly<Record<"tar" | "cat", Readonly<Record<Sink, string>>>> = {
  tar: {
    pipe: 'tar -C "$1" -cf - . | cat >/dev/null',
    file: 'tar -C "$1" -cf "$2" .',
    stream: 'tar -C "$1" -cf - . | cat >/dev/null',
  },
  cat: {
    pipe: 'cd "$1" && cat * | cat >/dev/null',
    file: 'cd "$1" && cat * >"$2"',
    stream: 'cd "$1" && cat * >/dev/null',
  },
};

/** A contender that writes into a named pipe which `cat` reads. */
function read(contender: Contender, pipe: string): Contender {
  return {
    ...contender,
    measure: () =>
      microseconds(async () => {
        const reading = shell('cat "$1" >/dev/null', pipe);
        await contender.measure();
        await reading;
      }),
  };
}

function ours(room: Room, id: string, sink: Sink): Contender {
  const [pipe, file] = paths(room);
  const reads = [room.ours(id)];
  const by = (work: () => Promise<void>) => ({
    reads,
    measure: () => microseconds(work),
  });
  switch (sink) {
    case "pipe":
      return read(by(() => diffPipe(room.driver, id, pipe)), pipe);
    case "file":
      return {
        ...by(() => diffFile(room.driver, id, file)),
        undo: () => Deno.remove(file),
      };
    case "stream":
      return by(() => diffStream(room.driver, id));
  }
}

function docker(
  room: Room,
  id: string,
  sink: Sink,
  peer: Peer | undefined,
): Contender | undefined {
  const [pipe, file] = paths(room);
  const output = { pipe, file, stream: "/dev/null" }[sink];
  const jobs = room.peerJobs([["diff", id, "", "-o", output]], 1, peer);
  if (jobs === undefined) return undefined;
  const contender = { ...jobs, reads: [room.docker(id)] };
  if (sink === "pipe") return read(contender, pipe);
  return sink === "file"
    ? { ...contender, undo: () => Deno.remove(file) }
    : contender;
}

function byShell(room: Room, id: string, line: string): Contender {
  const [, file] = paths(room);
  return {
    reads: [room.ours(id)],
    measure: () => microseconds(() => shell(line, room.ours(id), file)),
    undo: () => run("rm", ["-f", file]),
  };
}

function paths(room: Room): readonly [pipe: string, file: string] {
  return [`${room.path}/diff-pipe`, `${room.path}/diff-file`];
}

function diff(what: string, id: ArchiveName, sink: Sink): Row {
  const isBig = id === "big";
  return {
    name: `diff, ${what}, to a ${sink}`,
    limit: isBig ? "cat of the files" : "reading them in C",
    async prepare(room) {
      const [pipe] = paths(room);
      await room.once("pipe", () => run("mkfifo", [pipe]));
      await room.once(id, () => room.make(id, "", id));
      const limit = room.limitOf(1, "read", room.ours(id));
      return {
        ours: ours(room, id, sink),
        docker: docker(room, id, sink, room.pinnedPeer),
        limit: isBig
          ? byShell(room, id, LINES.cat[sink])
          : limit && { ...limit, reads: [room.ours(id)] },
        "GNU tar": byShell(room, id, LINES.tar[sink]),
        "Docker on all processors": sink === "pipe"
          ? docker(room, id, sink, room.peer)
          : undefined,
      };
    },
  };
}

/** Rows about packing. */
export const diffs: Area = {
  name: "diff",
  rows: [
    ...SINKS.map((sink) => diff("small files", "small", sink)),
    ...SINKS.map((sink) => diff("large files", "big", sink)),
    ...SINKS.map((sink) => diff("root file system", "root", sink)),
  ],
};
