/**
 * How many system calls small jobs take in a process that stays. Each costs more
 * than what the program itself does around it.
 *
 * @module
 */

import { init } from "../../mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { execute, type Home, rootTest } from "../cli/program.ts";

const WORKER = new URL("calls_worker.ts", import.meta.url).pathname;

/** Calls about files and mounts; not those of the runtime's threads. */
const CALLS = [
  "%file",
  ...["close", "fchmod", "fchown", "flock", "fsync", "getdents64", "read"],
  ...["fsconfig", "fsmount", "fsopen", "write"],
].join(",");

async function callsOf(home: Home, job: string, count: number) {
  const log = `${home.room}/trace`;
  const { status, stderr } = await execute([
    ...["strace", "-f", "-qq", "-o", log, "-e", `trace=${CALLS}`],
    ...[Deno.execPath(), "run", "-A", WORKER, home.path, job, `${count}`],
  ]);
  assertEquals([status, stderr], [0, ""]);
  return Deno.readTextFileSync(log).split("\n")
    .filter((line) => !line.includes(" resumed>")).length;
}

/** Calls that doing the job once more takes. */
async function callsEach(home: Home, job: string): Promise<number> {
  const few = await callsOf(home, job, 10);
  const many = await callsOf(home, job, 30);
  return (many - few) / 20;
}

for (
  const [job, name, most] of [
    ["exists", "Driver.exists()", 4],
    ["mount", "Driver.get() and put() of a layer with one lower", 46],
    ["layer", "Driver.create() and remove()", 88],
  ] as const
) {
  rootTest(`${name} make ${most} system calls at most`, async (home) => {
    {
      await using driver = await init(home.path);
      await driver.create("base");
      await driver.createReadWrite("work", "base");
    }

    const calls = await callsEach(home, job);

    assert(calls <= most, `${calls} calls`);
  }, "strace");
}
