/**
 * Prints how long dockerd takes with this driver and with its own, in turns, as
 * rows of a table: `deno run -A tests/engines/docker/figures.ts [WORD]`; with a
 * word, those that have it in their names.
 *
 * @module
 */

import { say } from "../../../tools/say.ts";
import { assertEquals } from "../../assert.ts";
import { archive, file } from "../../tar_builder.ts";
import { Dockerd, Plugin } from "./daemons.ts";
import { busybox, deepContext, richContext } from "./images.ts";
import { Room } from "./room.ts";

const ROUNDS = 3;
const NONE = ["--network", "none"];

/** One thing to do; what it leaves is removed by `after`, outside of the time. */
interface Job {
  readonly name: string;
  run(daemon: Dockerd): Promise<unknown>;
  after?(daemon: Dockerd): Promise<unknown>;
  /** Whether `after` waits for the last round. @default {false} */
  readonly keeps?: boolean;
}

/** Noise, so that no file is sparse or shared. */
function noise(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65536));
  }
  return bytes;
}

/** An archive of 400 files of 4 KB and 4 of 5 MB. */
async function large(room: Room): Promise<string> {
  const path = `${room.path}/large.tar`;
  const small = [...Array(400).keys()].map((i) =>
    file(`small/${i % 100}-${i}`, noise(4096))
  );
  const big = [...Array(4).keys()].map((i) => file(`b${i}`, noise(5e6)));
  await Deno.writeFile(path, archive(...small, ...big));
  return path;
}

async function build(
  daemon: Dockerd,
  context: string,
  kit: "classic" | "buildkit",
): Promise<void> {
  const { status, stderr } = await daemon.build(context, "built:1", kit);
  assertEquals(status, 0, stderr);
}

async function jobs(room: Room): Promise<Job[]> {
  const [big, rich, deep] = [
    await large(room),
    await richContext(room),
    await deepContext(room, 124),
  ];
  const saved = (daemon: Dockerd) => `${daemon.path}/saved.tar`;
  const drop = async (daemon: Dockerd) => {
    await daemon.docker("rmi", "-f", "built:1", "large:1");
    await daemon.docker("image", "prune", "-f");
    await daemon.docker("builder", "prune", "-af");
  };
  const times = async (count: number, task: () => Promise<unknown>) => {
    for (let i = 0; i < count; i++) await task();
  };
  return [
    {
      name: "build of 9 steps",
      run: (d) => build(d, rich, "classic"),
      after: drop,
    },
    {
      name: "build of 9 steps, BuildKit",
      run: (d) => build(d, rich, "buildkit"),
      after: drop,
    },
    {
      name: "build of 125 layers, BuildKit",
      run: (d) => build(d, deep, "buildkit"),
      after: drop,
    },
    {
      name: "import of 22 MB, 404 files",
      run: (d) => d.docker("import", big, "large:1"),
    },
    {
      name: "save of it",
      run: (d) => d.docker("save", "-o", saved(d), "large:1"),
      after: drop,
      keeps: true,
    },
    {
      name: "load of it",
      run: (d) => d.docker("load", "-q", "-i", saved(d)),
      after: drop,
    },
    {
      name: "run --rm … true",
      run: (d) => d.docker("run", "--rm", ...NONE, "bb:1", "true"),
    },
    {
      name: "commit of 2 MB",
      run: (d) => d.docker("commit", "cc", "committed:1"),
    },
    {
      name: "20 × diff",
      run: (d) => times(20, () => d.docker("diff", "cc")),
    },
    {
      name: "20 × ps -s",
      run: (d) => times(20, () => d.docker("ps", "-as")),
    },
    {
      name: "20 × inspect",
      run: (d) => times(20, () => d.docker("inspect", "cc")),
    },
  ];
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await task();
  return performance.now() - began;
}

/** Medians of rounds in which each daemon takes its turn. */
async function measure(job: Job, daemons: readonly Dockerd[]) {
  const { keeps = false } = job;
  const took = daemons.map((): number[] => []);
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [i, daemon] of daemons.entries()) {
      took[i]!.push(await timed(() => job.run(daemon)));
      if (!keeps || round === ROUNDS) await job.after?.(daemon);
    }
  }
  return took.map((times) => times.sort((a, b) => a - b)[times.length >> 1]!);
}

async function main(word: string): Promise<void> {
  await using room = new Room();
  await Plugin.start(room);
  const daemons = [
    await Dockerd.start(room),
    await Dockerd.start(room, { dir: "n", driver: "overlay2" }),
  ];
  const base = await busybox(room);
  for (const daemon of daemons) {
    await daemon.docker("import", base, "bb:1");
    await daemon.docker(
      ...["run", "--name", "cc", ...NONE, "bb:1", "sh", "-c"],
      "dd if=/dev/zero of=/big bs=1024 count=2000 2>/dev/null; rm -r /opt",
    );
  }
  say(`load ${Deno.loadavg().map((load) => load.toFixed(1)).join(" ")}`);
  say("|  | overlay2 | native | ratio |");
  say("| --- | --- | --- | --- |");
  for (const job of await jobs(room)) {
    if (!job.name.includes(word)) continue;
    const [ours = 0, theirs = 0] = await measure(job, daemons);
    const cells = [
      job.name,
      `${ours.toFixed(0)} ms`,
      `${theirs.toFixed(0)} ms`,
      (ours / theirs).toFixed(2),
    ];
    say(`| ${cells.join(" | ")} |`);
  }
}

if (import.meta.main) await main(Deno.args[0] ?? "");
