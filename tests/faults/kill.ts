/**
 * Kills processes at random moments, several at once, and looks whether `init`
 * brings the home back: nothing half-made stays, nothing that was reported done
 * is lost, and no lock or mount is left that cannot be taken.
 *
 * @module
 */

import { type Driver, init } from "../../mod.ts";
import { settled } from "../../src/driver/init.ts";
import { mountsBelow } from "../../src/linux/mountinfo.ts";
import { say } from "../../tools/say.ts";
import { streamOf, TempDir } from "../fixtures.ts";
import { killCommands } from "./kill_commands.ts";
import {
  Account,
  archiveOf,
  BASE,
  learnContents,
  type Step,
} from "./kill_plan.ts";
import { type Run, script } from "./script.ts";
import { contentOfLayer, layersIn, verdict } from "./verdict.ts";

/** Processes at a time. */
const WORKERS = 3;
/** Longest life of a process, in milliseconds. */
const LONGEST = 250;
/** Most layers that are kept from round to round. */
const MOST_LAYERS = 25;

const WORKER = new URL("kill_worker.ts", import.meta.url).pathname;

/** Lets a process work for a while, and kills it; gives what it told. */
async function killOne(
  home: string,
  name: string,
  seed: number,
  after: number,
): Promise<{ steps: Step[]; stderr: string; killed: boolean }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", WORKER, home, name, String(seed)],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  let text = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    timer ??= setTimeout(() => child.kill("SIGKILL"), after);
  }
  clearTimeout(timer);
  const { signal } = await child.status;
  // The last line may have been cut.
  const lines = text.split("\n").slice(1, -1);
  return {
    steps: lines.map((line) => JSON.parse(line)),
    stderr: await stderr,
    killed: signal === "SIGKILL",
  };
}

/** Gives back what killed processes had mounted: by put, and by cleanup. */
async function unmountAll(driver: Driver, run: Run): Promise<string[]> {
  const faults: string[] = [];
  for (const { mountpoint } of mountsBelow(driver.home)) {
    const id = mountpoint.slice(driver.home.length + 1).split("/")[0]!;
    if (run.random.below(2) === 0) await driver.put(id);
  }
  await driver.cleanup();
  const left = mountsBelow(driver.home);
  if (left.length > 0) faults.push(`${left.length} mounts cannot be put`);
  for (const id of layersIn(driver.home)) {
    if (exists(`${driver.home}/${id}/merged`)) faults.push(`${id} has merged`);
  }
  return faults;
}

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(path) !== undefined;
  } catch {
    return false;
  }
}

/** Removes all layers but the base: no lock may be left. */
async function removeAll(driver: Driver): Promise<void> {
  for (const id of layersIn(driver.home)) {
    if (id !== BASE) await driver.remove(id);
  }
  await settled(driver);
}

/** One round: some processes, all killed, and a look at the home. */
async function round(
  run: Run,
  home: string,
  account: Account,
  number: number,
): Promise<number> {
  const outcomes = await Promise.all(
    Array.from({ length: WORKERS }, (_, worker) =>
      killOne(
        home,
        `r${number}w${worker}`,
        run.random.below(2 ** 31),
        run.random.below(LONGEST),
      )),
  );
  const faults: string[] = [];
  for (const { steps, stderr, killed } of outcomes) {
    for (const step of steps) account.note(step);
    if (!killed) faults.push(`a process ended by itself: ${stderr}`);
  }
  const mounted = mountsBelow(home).map(({ mountpoint }) =>
    mountpoint.slice(home.length + 1).replace(/\/merged$/, "")
  );
  faults.push(...await verdict(home, account.allowed, mounted));
  const driver = await init(home, { onWarning: () => {} });
  faults.push(...await unmountAll(driver, run));
  if (layersIn(home).length > MOST_LAYERS || faults.length > 0) {
    await removeAll(driver);
    account.forget();
  }
  run.judge(`round ${number}`, faults);
  return outcomes.reduce((sum, { steps }) => sum + steps.length, 0);
}

async function killWorkers(run: Run, kills: number): Promise<void> {
  using temp = new TempDir("overlay2_kill_");
  temp.useMemory();
  const home = `${temp.path}/home`;
  const driver = await init(home);
  await driver.create(BASE);
  await driver.applyDiff(BASE, "", streamOf(archiveOf(1)));
  const contents = await learnContents(driver);
  const account = new Account(contents, await contentOfLayer(driver, BASE));
  const rounds = Math.ceil(kills / WORKERS);
  let steps = 0;
  for (let number = 0; number < rounds; number++) {
    steps += await round(run, home, account, number);
    if (number % 100 === 99) say(`${number + 1} of ${rounds} rounds`);
  }
  say(
    `${rounds * WORKERS} processes were killed, which told of ${steps} steps`,
  );
}

await script("kill", [], async (run) => {
  await killWorkers(run, run.short ? 60 : 1000);
  await killCommands(run, run.short ? 1 : 12);
});
