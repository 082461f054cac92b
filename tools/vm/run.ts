/**
 * `deno task test:vm [SUITE]`: runs `tests/vm/suite.ts` as root in a virtual
 * machine with Debian's kernel 6.1, where overlayfs has no `lowerdir+` and where
 * ext4 and xfs have project quotas. Needs neither root nor a network, except
 * that the kernel's package is downloaded once into `.cache/vm`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { complain, say } from "../say.ts";
import { formatTally } from "../tally.ts";
import type { Disk } from "./disks.ts";
import { type MachineOptions, runMachine } from "./machine.ts";
import { findMissing } from "./needs.ts";
import { Report } from "./report.ts";
import { CACHE, setUp } from "./setup.ts";

/** Time in seconds that a run may take; the guest's processors are emulated. */
const DEFAULT_TIMEOUT = "300";

const DISKS: readonly Disk[] = [
  {
    name: "ext4-quota",
    type: "ext4",
    mkfs: ["-O", "quota,project", "-E", "quotatype=prjquota"],
    mount: "prjquota",
  },
  { name: "ext4", type: "ext4" },
  { name: "xfs", type: "xfs", mount: "prjquota" },
];

async function runSuite(suite: string, timeout: number): Promise<number> {
  await using setup = await setUp(suite, DISKS);
  return await watchRun({ ...setup.options, timeout });
}

async function watchRun(options: MachineOptions): Promise<number> {
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
