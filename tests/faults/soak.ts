/**
 * A home of 10,000 layers in one long-lived process: memory, descriptors and the
 * time of each call must not grow with it, beyond stated bounds. Then what each
 * command costs in homes of 10, 1,000 and 10,000 layers.
 *
 * `deno run -A tests/faults/soak.ts [--short] [--seed S]`
 *
 * @module
 */

import { makeDisk } from "../../bench/disk.ts";
import { say } from "../../tools/say.ts";
import { TempDir } from "../fixtures.ts";
import { timeCommands } from "./soak/commands.ts";
import type { Comparison } from "./soak/timing.ts";
import type { Report, Sample } from "./soak/worker.ts";
import { type Run, script } from "./script.ts";

const WORKER = new URL("./soak/worker.ts", import.meta.url).pathname;

/** Bytes of live objects for each layer: its ids and links in the index of children. */
const HEAP_PER_LAYER = 1000;
/** Bytes of live objects that may come and go. */
const HEAP_SLACK = 1_500_000;
/** Bytes of memory for buffers that wait to be collected: they fill up to a level. */
const RSS_SLACK = 128_000_000;
/** A busy machine may slow one of the two homes down; a fault of ours shows each time. */
const ATTEMPTS = 3;

/** How much longer a call may take in the large home; linear growth takes ten times as long. */
function mostRatio(run: Run): number {
  return run.short ? 3 : 1.5;
}

/** Runs the process to its end. */
async function soak(
  directory: string,
  run: Run,
  layers: number,
): Promise<Report[]> {
  const rounds = run.short ? 40 : 200;
  const words = [directory, layers, rounds, run.random.below(2 ** 32)];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--v8-flags=--expose-gc", WORKER]
      .concat(words.map(String)),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (code !== 0) throw new Error(`The process failed: ${text(stderr)}`);
  return text(stdout).trimEnd().split("\n").map((line) => JSON.parse(line));
}

function samplesOf(reports: readonly Report[]): Sample[] {
  return reports.flatMap((report) => "sample" in report ? [report.sample] : []);
}

function comparisonsOf(reports: readonly Report[]): Comparison[] {
  return reports.flatMap((report) =>
    "comparison" in report ? report.comparison : []
  );
}

const MB = 1_000_000;

function tellSample(sample: Sample): void {
  const { after, layers, heap, rss, descriptors, seconds } = sample;
  say(
    `${layers} layers after ${after}: heap ${(heap / MB).toFixed(1)} MB, ` +
      `memory ${(rss / MB).toFixed(0)} MB, ${descriptors} descriptors, ` +
      `${seconds.toFixed(1)} s`,
  );
}

/** What of the memory grew more than it may. */
function memoryFaults(samples: readonly Sample[]): string[] {
  const first = samples[0]!;
  return samples.slice(1).flatMap((sample) => {
    const added = Math.max(0, sample.layers - first.layers);
    const heap = first.heap + HEAP_SLACK + added * HEAP_PER_LAYER;
    const rss = first.rss + RSS_SLACK + added * HEAP_PER_LAYER;
    const at = `with ${sample.layers} layers after ${sample.after}`;
    return [
      ...sample.heap > heap ? [`heap ${sample.heap}, not ${heap}, ${at}`] : [],
      ...sample.rss > rss ? [`memory ${sample.rss}, not ${rss}, ${at}`] : [],
    ];
  });
}

function descriptorFaults(samples: readonly Sample[]): string[] {
  const first = samples[0]!.descriptors;
  return samples.filter(({ descriptors }) => descriptors > first)
    .map(({ after, descriptors }) =>
      `${descriptors} descriptors after ${after}, ${first} at first`
    );
}

/** Calls that take longer in the large home than they may. */
function slowCalls(comparisons: readonly Comparison[], ratio: number) {
  return comparisons.filter(({ small, large }) => large > ratio * small)
    .map(({ name, small, large }) =>
      `${name}: ${small.toFixed(0)} µs, ${large.toFixed(0)} µs`
    );
}

function tellComparison({ name, small, large }: Comparison): void {
  say(
    `${name}: ${small.toFixed(0)} µs with 100 layers, ${large.toFixed(0)} µs ` +
      `with many, × ${(large / small).toFixed(2)}`,
  );
}

/** Soaks a home in a directory; tries again if only times are bad. */
async function trySoak(
  name: string,
  makeDirectory: (attempt: number) => string,
  run: Run,
  layers: number,
): Promise<void> {
  let reports: Report[] = [];
  let slow: string[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    reports = await soak(makeDirectory(attempt), run, layers);
    slow = slowCalls(comparisonsOf(reports), mostRatio(run));
    if (slow.length === 0) break;
  }
  const samples = samplesOf(reports);
  samples.forEach(tellSample);
  comparisonsOf(reports).forEach(tellComparison);
  run.judge(`${name}: memory follows the layers`, memoryFaults(samples));
  run.judge(`${name}: no descriptor stays open`, descriptorFaults(samples));
  run.judge(`${name}: no call takes longer among many layers`, slow);
}

async function soakInMemory(run: Run, layers: number): Promise<void> {
  using temp = new TempDir();
  temp.useMemory();
  const makeDirectory = (attempt: number) => {
    const path = `${temp.path}/${attempt}`;
    Deno.mkdirSync(path);
    return path;
  };
  await trySoak("in memory", makeDirectory, run, layers);
  run.judge("in memory: nothing stays mounted", temp.mounts);
}

async function soakOnDisk(run: Run, layers: number): Promise<void> {
  await using disk = await makeDisk();
  const makeDirectory = (attempt: number) => {
    const path = `${disk.path}/${attempt}`;
    Deno.mkdirSync(path);
    return path;
  };
  await trySoak("on ext4", makeDirectory, run, layers);
}

await script("soak", [["bash", "bash"]], async (run) => {
  const layers = run.short ? 1000 : 10_000;
  await soakInMemory(run, layers);
  if (!run.short) await soakOnDisk(run, layers);
  await timeCommands(run);
});
