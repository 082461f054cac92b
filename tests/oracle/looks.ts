/**
 * Independent eyes: what lies on disk, as text that can be compared.
 *
 * @module
 */

import { LineProcess } from "./lines.ts";
import { PYTHON } from "./setup.ts";

/** Path or subject, and what can be seen of it. */
export type Listing = Record<string, string>;

/** Lists trees, homes and mounts, and changes trees, by `helper.py`. */
export class Looks implements AsyncDisposable {
  readonly #process: LineProcess;
  readonly #since: bigint;

  /**
   * Starts the helper.
   *
   * @param since Times from here on, in milliseconds since 1970, count as "now".
   */
  constructor(since: number) {
    this.#since = BigInt(since) * 1_000_000n;
    this.#process = new LineProcess({
      program: "python3",
      args: [new URL("helper.py", import.meta.url).pathname],
      env: PYTHON,
    });
  }

  async #ask(...words: unknown[]): Promise<unknown> {
    const answer = await this.#process.ask(words) as {
      value?: unknown;
      error?: string;
    };
    if (answer.error === undefined) return answer.value;
    throw new Error(`${words[0]}: ${answer.error}`);
  }

  /** Everything below a directory. */
  async tree(root: string): Promise<Listing> {
    return await this.#ask("listing", root, Number(this.#since)) as Listing;
  }

  /** The layout of a home, with short names replaced by ids. */
  async home(root: string): Promise<Listing> {
    return await this.#ask("home", root) as Listing;
  }

  /** The mounts below a home. */
  async mounts(root: string): Promise<Listing> {
    return await this.#ask("mounts", root) as Listing;
  }

  /** Changes a tree in a named way; see `mutations.py`. */
  async mutate(name: string, root: string): Promise<void> {
    await this.#ask("mutate", name, root);
  }

  /** Names of all changes. */
  async mutations(): Promise<string[]> {
    return await this.#ask("mutations") as string[];
  }

  /** Ends the helper. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

/**
 * Compares two listings.
 *
 * @param docker What lies in Docker's home.
 * @param ours What lies in ours.
 * @returns A line for each difference.
 */
export function compareListings(docker: Listing, ours: Listing): string[] {
  const lines: string[] = [];
  const names = new Set([...Object.keys(docker), ...Object.keys(ours)]);
  for (const name of [...names].sort()) {
    if (docker[name] === ours[name]) continue;
    if (docker[name] !== undefined) {
      lines.push(`docker: ${name}: ${docker[name]}`);
    }
    if (ours[name] !== undefined) lines.push(`ours: ${name}: ${ours[name]}`);
  }
  return lines;
}

/** A tree without what its root directory itself is like. */
export function withoutRoot({ ".": _, ...below }: Listing): Listing {
  return below;
}
