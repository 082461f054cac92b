/**
 * Docker's own driver, through the program in `bench/peer`.
 *
 * @module
 */

import type { Change } from "../../src/types.ts";
import { LineProcess } from "./lines.ts";
import {
  type Outcome,
  type Side,
  type SideOptions,
  sortChanges,
} from "./side.ts";

const SOURCES = new URL("../../bench/peer/", import.meta.url).pathname;

/**
 * Builds the program.
 *
 * @param output Path of the binary to make.
 * @throws {Error} if it cannot be built, with what the compiler said.
 */
export async function buildPeer(output: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("go", {
    args: ["build", "-o", output, "."],
    cwd: SOURCES,
    stdout: "null",
  }).output();
  if (success) return;
  throw new Error(
    `Cannot build bench/peer: ${new TextDecoder().decode(stderr)}`,
  );
}

interface Answer {
  readonly ok?: boolean;
  readonly result?: unknown;
  readonly error?: string;
}

/** Docker's driver on one home, in a process of its own. */
export class PeerSide implements Side {
  readonly #process: LineProcess;
  readonly #scratch: string;

  /**
   * Starts the driver.
   *
   * @param binary The built program.
   * @param scratch File that archives pass through.
   * @param options How to open the home.
   */
  constructor(binary: string, scratch: string, options: SideOptions) {
    const args = ["-q", "--home", options.home];
    for (const option of options.storageOpts ?? []) {
      args.push("--storage-opt", option);
    }
    for (const { containerId, hostId, size } of options.ids ?? []) {
      const range = `${containerId}:${hostId}:${size}`;
      args.push("--uid-map", range, "--gid-map", range);
    }
    this.#scratch = scratch;
    this.#process = new LineProcess({
      program: binary,
      args: [...args, "batch"],
    });
  }

  async #ask<T>(
    words: (string | undefined)[],
    pick: (result: unknown) => T,
  ): Promise<Outcome<T>> {
    const sent = words.filter((word) => word !== undefined);
    const answer = await this.#process.ask(sent) as Answer;
    if (answer.ok) return { ok: true, value: pick(answer.result) };
    return { ok: false, error: answer.error ?? "no reason given" };
  }

  create(id: string, parent?: string): Promise<Outcome<void>> {
    return this.#ask(["create", id, parent], nothing);
  }

  createReadWrite(
    id: string,
    parent?: string,
    size?: string,
  ): Promise<Outcome<void>> {
    const option = size === undefined ? [] : ["--size", size];
    return this.#ask(["create-rw", id, parent, ...option], nothing);
  }

  get(id: string): Promise<Outcome<string>> {
    return this.#ask(["get", id], (r) => (r as { path: string }).path);
  }

  put(id: string): Promise<Outcome<void>> {
    return this.#ask(["put", id], nothing);
  }

  exists(id: string): Promise<Outcome<boolean>> {
    return this.#ask(["exists", id], (r) => (r as { exists: boolean }).exists);
  }

  remove(id: string): Promise<Outcome<void>> {
    return this.#ask(["remove", id], nothing);
  }

  metadata(id: string): Promise<Outcome<Record<string, string>>> {
    return this.#ask(["metadata", id], (r) => r as Record<string, string>);
  }

  status(): Promise<Outcome<[string, string][]>> {
    return this.#ask(["status"], (r) => r as [string, string][]);
  }

  applyDiff(
    id: string,
    parent: string | undefined,
    file: string,
  ): Promise<Outcome<number>> {
    return this.#ask(["apply-diff", id, parent, "-i", file], size);
  }

  async diff(id: string, parent?: string): Promise<Outcome<Uint8Array>> {
    const words = ["diff", id, parent, "--hasty", "-o", this.#scratch];
    const outcome = await this.#ask(words, nothing);
    if (!outcome.ok) return outcome;
    return { ok: true, value: await Deno.readFile(this.#scratch) };
  }

  changes(id: string, parent?: string): Promise<Outcome<Change[]>> {
    const words = ["changes", id, parent];
    return this.#ask(words, (r) => sortChanges(r as Change[]));
  }

  diffSize(id: string, parent?: string): Promise<Outcome<number>> {
    return this.#ask(["diff-size", id, parent], size);
  }

  cleanup(): Promise<Outcome<void>> {
    return this.#ask(["cleanup"], nothing);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

function nothing(): void {}

function size(result: unknown): number {
  return (result as { size: number }).size;
}
