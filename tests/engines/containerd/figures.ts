/**
 * Prints how long containerd takes with this driver's snapshots and with its own,
 * in turns, as rows of a table: `deno run -A tests/engines/containerd/figures.ts`.
 *
 * @module
 */

import { say } from "../../../tools/say.ts";
import { archive, file } from "../../tar_builder.ts";
import { busybox, type Image, makeImage } from "./image.ts";
import { Place } from "./place.ts";

const ROUNDS = 5;
const OURS = "overlay2";
const THEIRS = "overlayfs";

type Job = (place: Place, snapshotter: string, round: number) => Promise<void>;

const load = async (place: Place, image: Image, snapshotter: string) => {
  await place.ok(
    ...["ctr", "images", "import", "--snapshotter", snapshotter],
    image.path,
  );
};
const unload = async (place: Place, image: Image) => {
  await place.ok("ctr", "images", "rm", "--sync", image.name);
};

/** Noise, so that no file is sparse or shared. */
function noise(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65536));
  }
  return bytes;
}

function large(place: Place): Promise<Image> {
  const files = Array.from(
    { length: 5000 },
    (_, i) => file(`small/${i % 100}-${i}`, noise(4096)),
  );
  const big = Array.from({ length: 20 }, (_, i) => file(`b${i}`, noise(5e6)));
  return makeImage(`${place.dir}/large.tar`, "large:1", [
    busybox(),
    archive(...files),
    archive(...big),
  ]);
}

function deep(place: Place): Promise<Image> {
  const layers = Array.from(
    { length: 124 },
    (_, i) => archive(file(`f${i}`, `${i}`)),
  );
  return makeImage(`${place.dir}/deep.tar`, "deep:1", [busybox(), ...layers]);
}

async function timed(task: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await task();
  return performance.now() - began;
}

/** Runs a job in turns and prints the medians. */
async function row(
  place: Place,
  name: string,
  job: Job,
  after: Job = () => Promise.resolve(),
): Promise<void> {
  const times: Record<string, number[]> = { [OURS]: [], [THEIRS]: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const snapshotter of [OURS, THEIRS]) {
      times[snapshotter]!.push(
        await timed(() => job(place, snapshotter, round)),
      );
      await after(place, snapshotter, round);
    }
  }
  const [ours, theirs] = [OURS, THEIRS].map((snapshotter) =>
    times[snapshotter]!.sort((a, b) => a - b)[ROUNDS >> 1]!
  );
  const shown = [ours, theirs].map((ms) => `${Math.round(ms!)} ms`);
  say(
    `| ${[name, ...shown, (ours! / theirs!).toFixed(2)].join(" | ")} |`,
  );
}

/** Many commands at once, so that starting them does not count. */
function many(place: Place, script: string): Promise<string> {
  return place.ok("sh", "-ec", `for i in $(seq 50); do ${script}; done`);
}

await using place = await Place.make();
const [big, tall] = [await large(place), await deep(place)];
say(
  `load ${
    Deno.loadavg()[0]!.toFixed(1)
  }, ${navigator.hardwareConcurrency} processors`,
);
say("| | overlay2 | overlayfs | ratio |\n| --- | --- | --- | --- |");
for (const image of [big, tall]) {
  await row(
    place,
    `import ${image.name.split("/")[2]}`,
    (place, snapshotter) => load(place, image, snapshotter),
    (place) => unload(place, image),
  );
}
for (const snapshotter of [OURS, THEIRS]) {
  for (const image of [big, tall]) await load(place, image, snapshotter);
}
for (const image of [big, tall]) {
  await row(
    place,
    `run ${image.name.split("/")[2]}`,
    async (place, snapshotter, round) => {
      await place.ok(
        ...["ctr", "run", "--snapshotter", snapshotter, "--rm", image.name],
        ...[`c${round}${snapshotter}`, "/bin/true"],
      );
    },
  );
}
await row(place, "50 prepare, commit, remove", async (place, snapshotter) => {
  const ctr = `ctr snapshots --snapshotter ${snapshotter}`;
  const top = big.chain.at(-1);
  await many(
    place,
    `${ctr} prepare k$i ${top} >/dev/null; ${ctr} commit n$i k$i; ${ctr} rm n$i`,
  );
});
await row(place, "50 info", async (place, snapshotter) => {
  await many(
    place,
    `ctr snapshots --snapshotter ${snapshotter} info ${
      big.chain[0]
    } >/dev/null`,
  );
});
await row(place, "usage of all", async (place, snapshotter) => {
  await place.ok("ctr", "snapshots", "--snapshotter", snapshotter, "usage");
});
say(`load ${Deno.loadavg()[0]!.toFixed(1)} at the end`);
