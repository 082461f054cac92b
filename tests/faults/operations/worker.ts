/**
 * One of the processes: `worker.ts HOME LOG PROCESS PHASE COUNT SEED`.
 *
 * @module
 */

import { type Driver, type Finding, init } from "../../../mod.ts";
import { Dir } from "../../../src/linux/dir.ts";
import { hasCode } from "../../../src/linux/errno.ts";
import { bytesOf, streamOf } from "../../fixtures.ts";
import { execute, PROGRAM } from "../../cli/program.ts";
import { Random } from "../../tree/random.ts";
import { archiveOf, filesIn } from "./archive.ts";
import type { Call, Line, Outcome } from "./call.ts";
import { filesOf } from "./disk.ts";
import { type Phase, Plan } from "./plan.ts";

const [home, log, number, phase, count, seed] = Deno.args as [
  string,
  string,
  string,
  Phase,
  string,
  string,
];

/** Paths of the layers that lie below, by their metadata. */
function lowersOf(paths: string | undefined): string[] {
  if (!paths) return [];
  return paths.split(":").map((path) => path.split("/").at(-2)!);
}

function linesOf(changes: readonly { path: string; kind: string }[]) {
  return changes.map(({ path, kind }) => `${path.slice(1)} ${kind}`).sort();
}

/** What is wrong, leaving out what is merely useless, such as a mark that hides nothing. */
function faultsIn(findings: readonly Finding[]): string[] {
  return findings.filter(({ severity }) => severity !== "note")
    .map(({ name, path, message }) => `${name} ${path}: ${message}`);
}

/** Makes calls by the module. */
class ByModule {
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  async run(call: Call): Promise<Outcome> {
    try {
      return { code: "OK", ...await this.#answer(call) };
    } catch (error) {
      return failureOf(error);
    }
  }

  async #answer(call: Call): Promise<Partial<Outcome>> {
    const { id, parent, patience } = call;
    const driver = this.#driver;
    const options = patience === undefined
      ? {}
      : { signal: AbortSignal.timeout(patience) };
    switch (call.name) {
      case "create":
      case "createReadWrite":
        await driver[call.name](id, parent, options);
        return {};
      case "remove":
      case "put":
        await driver[call.name](id, options);
        return {};
      case "cleanup":
        await driver.cleanup();
        return {};
      case "check":
        return { value: faultsIn(await driver.check()) };
      case "get":
        await driver.get(id, undefined, options);
        return {};
      case "exists":
        return { value: await driver.exists(id) };
      case "getMetadata": {
        const { LowerDir } = await driver.getMetadata(id);
        return { value: lowersOf(LowerDir) };
      }
      case "diff":
        return { value: filesIn(await bytesOf(driver.diff(id, parent))) };
      case "diffSize":
        return { value: await driver.diffSize(id, parent) };
      case "changes":
        return { value: linesOf(await driver.changes(id, parent)) };
      case "applyDiff": {
        const stream = streamOf(archiveOf(call));
        return { value: await driver.applyDiff(id, parent, stream) };
      }
      case "write":
      case "unlink":
      case "read":
        return this.#inFiles(call);
    }
  }

  /** Works in the files of a layer, if it is mounted. */
  #inFiles(call: Call): Partial<Outcome> {
    const merged = call.shared || isThere(`${home}/${call.id}/lower`);
    const path = `${home}/${call.id}/${merged ? "merged" : "diff"}`;
    using root = Dir.open(path);
    const mount = root.self().dev;
    if (merged && mount === deviceOf(home)) return NOT_MOUNTED;
    if (call.name === "read") {
      const files = [...filesOf(path)];
      return { value: files.map(([name, text]) => `${name}=${text}`).sort() };
    }
    // Overlayfs leaves open what mounts show whose lowers change.
    const isLower = isThere(`${home}/${call.id}/committed`);
    if (!call.shared && isLower) return { code: "EROFS" };
    change(root, call);
    return deviceOf(path) === mount ? {} : { code: "TORN" };
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Number of the file system that a directory lies on, if there is one. */
function deviceOf(path: string): number | undefined {
  try {
    using dir = Dir.open(path);
    return dir.self().dev;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

const NOT_MOUNTED: Outcome = { code: "ENOENT" };

function change(root: Dir, { texts = {}, gone = [] }: Call): void {
  for (const name of gone) root.unlink(name);
  for (const [name, content] of Object.entries(texts)) {
    const text = content.slice(1);
    // A base layer shows a mark as the device that it is.
    if (root.tryStat(name)?.type === "char") root.unlink(name);
    if (content.startsWith("s")) root.symlink(text, name);
    else Deno.writeTextFileSync(`${root.path}/${name}`, text);
  }
}

function failureOf(error: unknown): Outcome {
  const { code, message } = error as { code?: string; message?: string };
  return { code: code ?? `${error}`, message: message ?? "" };
}

/** Words of the command for a call. */
function wordsOf({ name, id, parent }: Call): string[] {
  const words: Partial<Record<Call["name"], string>> = {
    createReadWrite: "create-rw",
    getMetadata: "metadata",
    applyDiff: "apply-diff",
    diffSize: "diff-size",
  };
  const word = words[name] ?? name;
  if (name === "cleanup" || name === "check") return [word];
  return [word, id, ...(parent === undefined ? [] : [parent])];
}

/** Makes a call by the command. */
async function byCommand(call: Call): Promise<Outcome> {
  const stdin = call.name === "applyDiff" ? archiveOf(call) : undefined;
  const args = ["--json", "--home", home, ...wordsOf(call)];
  const run = await execute([...PROGRAM, ...args], { stdin });
  if (call.name === "exists" && run.status <= 1 && run.stderr === "") {
    return { code: "OK", value: run.status === 0 };
  }
  const done = run.status === 0 || (call.name === "check" && run.stdout !== "");
  if (done) return { code: "OK", ...answerOf(call, run) };
  const line = run.stderr.trimEnd().split("\n").at(-1)!;
  try {
    const { code, message } = JSON.parse(line).error;
    return { code, message };
  } catch {
    return { code: `status ${run.status}`, message: run.stderr };
  }
}

function answerOf(
  { name }: Call,
  { stdout, bytes }: { stdout: string; bytes: Uint8Array },
): Partial<Outcome> {
  switch (name) {
    case "getMetadata":
      return { value: lowersOf(JSON.parse(stdout).LowerDir) };
    case "diff":
      return { value: filesIn(bytes) };
    case "applyDiff":
    case "diffSize":
      return { value: JSON.parse(stdout).size };
    case "changes":
      return { value: linesOf(JSON.parse(stdout)) };
    case "check":
      return { value: faultsIn(JSON.parse(stdout)) };
    default:
      return {};
  }
}

const process = Number(number);
const driver = await init(home, { onWarning: () => {} });
const byModule = new ByModule(driver);
const plan = new Plan(new Random(Number(seed)), process, phase);
using file = Deno.openSync(log, { append: true, create: true });
const encoder = new TextEncoder();

/** One write, so that the lines of all processes stand one after the other. */
function note(line: Omit<Line, "process">): void {
  const bytes = encoder.encode(`${JSON.stringify({ process, ...line })}\n`);
  if (file.writeSync(bytes) === bytes.length) return;
  throw new Error("Cannot write the log: a line was cut");
}

// All begin when the last one is ready, and standard input is closed.
Deno.stdout.writeSync(encoder.encode("ready\n"));
for await (const _ of Deno.stdin.readable);
for (let i = 0; i < Number(count); i++) {
  const call = plan.next();
  note({ call });
  const outcome = await (call.cli ? byCommand(call) : byModule.run(call));
  note({ outcome });
}
