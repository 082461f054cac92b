/**
 * Many calls in one process, every few of whose system calls fail: none of its
 * descriptors may be lost.
 *
 * @module
 */

import { say } from "../../tools/say.ts";
import { findCommand } from "../../tools/vm/needs.ts";
import { TempDir } from "../fixtures.ts";
import { makeLayers } from "./layers.ts";
import type { Run } from "./script.ts";
import { ABSENT, ANYTHING, contentsIn, verdict } from "./verdict.ts";

const WORKER = new URL("inject_worker.ts", import.meta.url).pathname;

/** What fails, and after how many calls of its kind each time. */
export const PATTERNS:
  readonly (readonly [kinds: string, error: string, step: number])[] = [
    ["openat,openat2,statx,getdents64", "EIO", 31],
    ["openat,openat2", "EMFILE", 17],
    // Not write: the runtime's threads wake each other by it, or end.
    ["read,fsync,flock,ftruncate", "EIO", 13],
    ["mkdirat,unlinkat,renameat2,symlinkat,mknodat,linkat", "ENOSPC", 11],
    ["fsopen,fsconfig,fsmount,move_mount,umount2", "ENOMEM", 7],
    ["fchmodat,fchmod,fchown,fchownat,utimensat,lsetxattr,fsetxattr", "EIO", 5],
    ["lgetxattr,fgetxattr,llistxattr,flistxattr,readlinkat", "ENOMEM", 9],
  ];

/** What the process counted. */
interface Report {
  readonly calls: number;
  readonly failed: number;
  readonly lost: readonly string[];
}

/** Lines of a stream, one at a time. */
function linesOf(stream: ReadableStream<Uint8Array>): () => Promise<string> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return async () => {
    for (;;) {
      const end = text.indexOf("\n");
      if (end >= 0) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        return line;
      }
      const { value, done } = await reader.read();
      if (done) return text;
      text += value;
    }
  };
}

/** How often a runtime is started anew that a fault of its own calls has ended. */
const TRIES = 5;

/**
 * Runs the process, with strace at it while it works. Deno makes calls of these
 * kinds, too, and not all of them may fail: then it is run again.
 */
export async function workUnderFaults(
  home: string,
  pattern: (typeof PATTERNS)[number],
  rounds: number,
): Promise<Report> {
  for (let tries = 1;; tries++) {
    try {
      return await workOnce(home, pattern, rounds);
    } catch (error) {
      if (!(error instanceof RuntimePanic) || tries === TRIES) throw error;
      say("the runtime did not survive a fault of its own; again");
    }
  }
}

/** The runtime ended by itself, which it tells by SIGABRT. */
class RuntimePanic extends Error {
  /** Always `"RuntimePanic"`. */
  override readonly name = "RuntimePanic";
}

async function workOnce(
  home: string,
  [kinds, error, step]: (typeof PATTERNS)[number],
  rounds: number,
): Promise<Report> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", WORKER, home, String(rounds)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  const go = () => writer.write(new TextEncoder().encode("go\n"));
  const line = linesOf(child.stdout);
  await line();
  const strace = await attach(child.pid, kinds, error, step);
  try {
    await go();
    await line();
    strace.kill("SIGINT");
    await strace.status;
    await go();
    const report = JSON.parse(await line());
    await writer.close();
    await child.status;
    return report;
  } catch (error) {
    const { signal } = await child.status;
    await writer.close().catch(() => {});
    await strace.status;
    throw signal === "SIGABRT" ? new RuntimePanic("it ended") : error;
  }
}

/** Makes calls of a process's first thread fail; ready when this returns. */
async function attach(
  pid: number,
  kinds: string,
  error: string,
  step: number,
): Promise<Deno.ChildProcess> {
  const strace = new Deno.Command(findCommand("strace")!, {
    args: [
      ...["-p", String(pid), "-o", "/dev/null", "-e", `trace=${kinds}`],
      ...["-e", `inject=${kinds}:error=${error}:when=${step}+${step}`],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  while (!isTraced(pid)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return strace;
}

function isTraced(pid: number): boolean {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return !/^TracerPid:\t0$/m.test(status);
}

/** Looks whether descriptors are lost, by each pattern of faults. */
export async function loseNoDescriptor(run: Run): Promise<void> {
  const rounds = run.short ? 4 : 60;
  for (const pattern of PATTERNS) {
    using temp = new TempDir("overlay2_inject_");
    temp.useMemory();
    const home = `${temp.path}/home`;
    await makeLayers(home);
    const before = await contentsIn(home);
    const { calls, failed, lost } = await workUnderFaults(
      home,
      pattern,
      rounds,
    );
    const expected = new Map<string, readonly string[]>();
    for (const [id, digest] of before) expected.set(id, [digest]);
    const faults = lost.map((path) => `${path} was left open`);
    if (failed === 0) faults.push("no call failed");
    // What a failed call of the last round could not remove may be there.
    expected.set("new", [ABSENT, ANYTHING]);
    faults.push(...await verdict(home, expected, ["work", "new"]));
    run.judge(`descriptors, ${pattern.join(" ")}`, faults);
    say(`${pattern.join(" ")}: ${failed} of ${calls} calls failed`);
  }
}
