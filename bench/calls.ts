/**
 * System calls of each work, ours and Docker's: strace counts those of n and of
 * 2n steps, and the difference leaves out what a process needs to start.
 * `deno run -A bench/calls.ts [NAME…]` prints a table in Markdown. Needs root,
 * strace and Go.
 *
 * @module
 */

import { sourceProgram } from "./command.ts";
import { writeBig, writeSmall } from "./inputs.ts";
import { buildPeer } from "./peer.ts";
import { run, shell } from "./program.ts";
import { FILES_PER_DIR } from "./sizes.ts";
import { note, say } from "./timing.ts";

const MIB = 1 << 20;

/** Calls by which threads wait for and wake each other, and memory is managed. */
const RUNTIME = new Set(
  "futex nanosleep clock_nanosleep sched_yield tgkill getpid epoll_pwait epoll_wait madvise mmap munmap mprotect brk rt_sigreturn rt_sigprocmask rt_sigaction sigaltstack clone clone3 exit set_robust_list rseq gettid prctl restart_syscall eventfd2 timerfd_settime sched_getaffinity"
    .split(" "),
);

type Words = readonly string[];

/** A work, whose steps can be counted. */
interface Work {
  readonly name: string;
  /** What one step is. */
  readonly step: string;
  readonly steps: number;
  /** What is done before, and then counted, with so many steps. */
  prepare(
    dir: string,
    steps: number,
  ): Promise<{ before: Words[]; counted: Words[] }>;
}

async function smallFiles(dir: string, files: number): Promise<string> {
  const path = `${dir}/${files}.tar`;
  await writeSmall(path, files / FILES_PER_DIR);
  return path;
}

async function largeFiles(dir: string, mebibytes: number): Promise<string> {
  const path = `${dir}/${mebibytes}.tar`;
  await writeBig(path, 1, mebibytes * MIB);
  return path;
}

/** Words of commands that make a layer with an archive's files. */
function filled(archive: string): Words[] {
  return [["create", "base"], ["create", "a", "base"], [
    "apply-diff",
    "a",
    "-i",
    archive,
  ]];
}

function repeat(times: number, words: Words[]): Words[] {
  return Array.from({ length: times }, () => words).flat();
}

function chain(depth: number): Words[] {
  return Array.from({ length: depth + 1 }, (_, i) => [
    "create",
    `c${i}`,
    ...i === 0 ? [] : [`c${i - 1}`],
  ]);
}

function getPut(depth: number): Work {
  return {
    name: `get + put, depth ${depth}`,
    step: "pair",
    steps: 20,
    prepare: (_, steps) =>
      Promise.resolve({
        before: chain(depth),
        counted: repeat(steps, [["get", `c${depth}`], ["put", `c${depth}`]]),
      }),
  };
}

const WORKS: readonly Work[] = [
  {
    name: "create + remove",
    step: "pair",
    steps: 50,
    prepare: (_, steps) =>
      Promise.resolve({
        before: [["create", "base"]],
        counted: repeat(steps, [["create", "x", "base"], ["remove", "x"]]),
      }),
  },
  getPut(2),
  getPut(120),
  {
    name: "apply, small files",
    step: "file",
    steps: 2000,
    prepare: async (dir, steps) => ({
      before: [["create", "a"]],
      counted: [["apply-diff", "a", "-i", await smallFiles(dir, steps)]],
    }),
  },
  {
    name: "apply, large files",
    step: "MiB",
    steps: 64,
    prepare: async (dir, steps) => ({
      before: [["create", "a"]],
      counted: [["apply-diff", "a", "-i", await largeFiles(dir, steps)]],
    }),
  },
  {
    name: "diff, small files",
    step: "file",
    steps: 2000,
    prepare: async (dir, steps) => ({
      before: filled(await smallFiles(dir, steps)),
      counted: [["diff", "a", "base", "-o", "/dev/null"]],
    }),
  },
  {
    name: "diff, large files",
    step: "MiB",
    steps: 64,
    prepare: async (dir, steps) => ({
      before: filled(await largeFiles(dir, steps)),
      counted: [["diff", "a", "base", "-o", "/dev/null"]],
    }),
  },
  {
    name: "changes",
    step: "changed file",
    steps: 2000,
    prepare: async (dir, steps) => ({
      before: filled(await smallFiles(dir, steps)),
      counted: [["changes", "a", "base"]],
    }),
  },
  {
    name: "diff-size",
    step: "changed file",
    steps: 2000,
    prepare: async (dir, steps) => ({
      before: filled(await smallFiles(dir, steps)),
      counted: [["diff-size", "a", "base"]],
    }),
  },
];

/** Runs a batch of commands in one process; tells its calls, if they are to be counted. */
async function batch(
  program: Words,
  dir: string,
  lines: Words[],
  counting: boolean,
): Promise<Map<string, number>> {
  const [input, log] = [`${dir}/lines`, `${dir}/log`];
  const text = lines.map((words) => JSON.stringify(words) + "\n").join("");
  await Deno.writeTextFile(input, text);
  const strace = counting ? ["strace", "-f", "-c", "-o", log] : [];
  await shell(
    'in=$1; shift; "$@" batch <"$in"',
    input,
    ...strace,
    ...program,
  );
  return counting ? parse(await Deno.readTextFile(log)) : new Map();
}

/** Reads strace's table. */
export function parse(table: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of table.split("\n")) {
    const [, calls, name] =
      /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$/.exec(line) ?? [];
    if (name !== undefined && name !== "total") {
      counts.set(name, Number(calls));
    }
  }
  return counts;
}

async function count(
  work: Work,
  programFor: (home: string) => Words,
  steps: number,
): Promise<Map<string, number>> {
  const dir = await Deno.makeTempDir({ prefix: "overlay2_calls_" });
  try {
    const program = programFor(`${dir}/home`);
    const { before, counted } = await work.prepare(dir, steps);
    await batch(program, dir, before, false);
    return await batch(program, dir, counted, true);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Calls of one step, most first. */
async function perStep(
  work: Work,
  programFor: (home: string) => Words,
): Promise<[name: string, calls: number][]> {
  const once = await count(work, programFor, work.steps);
  const twice = await count(work, programFor, 2 * work.steps);
  return [...twice].map(([name, calls]): [string, number] => [
    name,
    (calls - (once.get(name) ?? 0)) / work.steps,
  ]).sort(([, a], [, b]) => b - a);
}

function cells(calls: readonly [string, number][]): string {
  const own = calls.filter(([name]) => !RUNTIME.has(name));
  const sum = (list: readonly [string, number][]) =>
    list.reduce((all, [, calls]) => all + calls, 0);
  const named = own.filter(([, calls]) => calls >= 0.05)
    .map(([name, calls]) => `${name} ${round(calls)}`);
  const runtime = sum(calls) - sum(own);
  return `${round(sum(own))} | ${round(Math.max(runtime, 0))} | ${
    named.join(", ")
  }`;
}

function round(value: number): string {
  return value < 9.95 ? value.toFixed(1) : String(Math.round(value));
}

async function main(names: readonly string[]): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "overlay2_calls_" });
  try {
    const peer = `${dir}/peer`;
    await buildPeer(peer);
    say("| work | step | who | calls | of the runtime | which |");
    say("| --- | --- | --- | --- | --- | --- |");
    for (const work of WORKS) {
      const wanted = names.length === 0 ||
        names.some((part) => work.name.includes(part));
      if (!wanted) continue;
      note(`${work.name} …`);
      const ours = await perStep(work, sourceProgram);
      say(`| ${work.name} | ${work.step} | ours | ${cells(ours)} |`);
      const docker = await perStep(
        work,
        (home) => [peer, "-q", "--home", home],
      );
      say(`| | | Docker | ${cells(docker)} |`);
    }
  } finally {
    await run("rm", ["-rf", dir]);
  }
}

if (import.meta.main) await main(Deno.args);
