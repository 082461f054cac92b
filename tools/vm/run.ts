/**
 * `deno task test:vm [SUITE]`: runs `tests/vm/suite.ts` as root in a virtual
 * machine with Debian's kernel 6.1, where overlayfs has no `lowerdir+` and where
 * ext4 and xfs have project quotas. Needs neither root nor a network, except
 * that the kernel's package is downloaded once into `.cache/vm`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { bundle } from "../compile.ts";
import { complain, say } from "../say.ts";
import { formatTally } from "../tally.ts";
import { chooseProcessor } from "./accel.ts";
import { makeInitrd } from "./initrd.ts";
import { fetchKernel } from "./kernel.ts";
import { runMachine } from "./machine.ts";
import { findMissing, run } from "./needs.ts";
import { Report } from "./report.ts";

const CACHE = ".cache/vm";

/** Time in seconds that a run may take; the guest's processors are emulated. */
const DEFAULT_TIMEOUT = "300";

/** Makes the disks that `init.sh` mounts, in its order. */
async function makeDisks(dir: string): Promise<string[]> {
  const paths = ["ext4-quota", "ext4", "xfs"].map((name) => `${dir}/${name}`);
  for (const path of paths) {
    await Deno.writeFile(path, new Uint8Array());
    await Deno.truncate(path, 512 * 1024 * 1024);
  }
  const [quota, plain, xfs] = paths;
  const project = ["-O", "quota,project", "-E", "quotatype=prjquota"];
  await run("mkfs.ext4", ["-qF", ...project, quota!]);
  await run("mkfs.ext4", ["-qF", plain!]);
  await run("mkfs.xfs", ["-qf", xfs!]);
  return paths;
}

async function runSuite(suite: string, timeout: number): Promise<number> {
  await Deno.mkdir(CACHE, { recursive: true });
  const kernel = await fetchKernel(await Deno.realPath(CACHE));
  const dir = await Deno.makeTempDir({ dir: CACHE, prefix: "run-" });
  try {
    const initrd = `${dir}/initrd`;
    const init = new URL("init.sh", import.meta.url);
    await makeInitrd(kernel, CACHE, [
      { path: "init", content: await Deno.readTextFile(init), mode: 0o755 },
      { path: "suite.js", content: await bundle(suite), mode: 0o644 },
    ], initrd);
    return await watchRun({
      kernel,
      processor: await chooseProcessor(kernel),
      initrd,
      disks: await makeDisks(dir),
      consoleLog: `${dir}/console.log`,
      timeout,
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function watchRun(
  options: Parameters<typeof runMachine>[0],
): Promise<number> {
  const report = new Report();
  const end = await runMachine(options, (line) => {
    const text = report.add(line);
    if (text !== undefined) say(text);
  });
  const tally = report.tally();
  if (tally.failed > 0) {
    const kept = `${CACHE}/console.log`;
    await Deno.copyFile(options.consoleLog, kept);
    complain(`The machine's console is in ${kept}`);
  }
  if (end === "timeout") {
    const during = report.running ?? "the time between two tests";
    complain(`Switched off after ${options.timeout / 1000} s, in ${during}`);
  } else if (!report.ended) {
    complain(`The machine ended by ${end} before its suite did`);
  }
  say(formatTally(tally));
  return tally.failed === 0 ? 0 : 1;
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { timeout: { type: "string", default: DEFAULT_TIMEOUT } },
    allowPositionals: true,
  });
  const missing = findMissing();
  if (missing !== undefined) {
    complain(missing);
    return 1;
  }
  const suite = positionals[0] ?? "tests/vm/suite.ts";
  try {
    return await runSuite(suite, Number(values.timeout) * 1000);
  } catch (error) {
    complain(error instanceof Error ? error.message : `${error}`);
    say("0 passed, 1 failed");
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
