/**
 * Snapshots served in a directory of their own, and mounts as containerd makes
 * them.
 *
 * @module
 */

import { serveContainerd } from "../../../src/server/containerd/serve.ts";
import type { ServeSettings, Serving } from "../../../src/server/serving.ts";
import { TempDir } from "../../fixtures.ts";
import { type Mount, Snapshots } from "./client.ts";
import { mountAt, unmountAt } from "./mounts.ts";

/** How long calls may take at the end, in milliseconds. */
const GRACE_MS = 10_000;

/** Settings of a server without metrics. */
export function settingsFor(
  socket: string,
  storageOpts: readonly string[] = [],
  lines: string[] = [],
): ServeSettings {
  return {
    socket,
    metrics: undefined,
    log: {
      format: "json",
      quiet: false,
      write: (line) => void lines.push(line),
    },
    storageOpts,
    notifySocket: undefined,
  };
}

/** A server, its client, and a directory that goes away with them. */
export class Served implements AsyncDisposable {
  readonly temp: TempDir;
  /** Lines of the log. */
  readonly lines: string[] = [];
  #serving: Serving | undefined;
  #client: Snapshots | undefined;
  readonly #storageOpts: readonly string[];
  #mounts = 0;

  private constructor(temp: TempDir, storageOpts: readonly string[]) {
    this.temp = temp;
    this.#storageOpts = storageOpts;
  }

  /** Starts a server whose home lies in memory. */
  static start(...storageOpts: readonly string[]): Promise<Served> {
    const temp = new TempDir("overlay2_containerd_");
    temp.useMemory();
    return Served.#startIn(temp, storageOpts);
  }

  /** Starts a server that waits for the disk, as long as that takes. */
  static startOnDisk(): Promise<Served> {
    return Served.#startIn(new TempDir("overlay2_containerd_"), []);
  }

  static async #startIn(
    temp: TempDir,
    storageOpts: readonly string[],
  ): Promise<Served> {
    const served = new Served(temp, storageOpts);
    try {
      await served.restart();
      return served;
    } catch (error) {
      temp[Symbol.dispose]();
      throw error;
    }
  }

  get home(): string {
    return `${this.temp.path}/home`;
  }

  get socket(): string {
    return `${this.temp.path}/socket`;
  }

  get client(): Snapshots {
    return this.#client!;
  }

  /** Ends the server; gives the number of calls that it gave up. */
  async stop(milliseconds = GRACE_MS): Promise<number> {
    this.#client?.[Symbol.dispose]();
    this.#client = undefined;
    const lost = await this.#serving?.stop(milliseconds);
    this.#serving = undefined;
    return lost ?? 0;
  }

  /** Ends the server, if there is one, and starts another. */
  async restart(): Promise<void> {
    await this.stop();
    const settings = settingsFor(this.socket, this.#storageOpts, this.lines);
    this.#serving = await serveContainerd(
      { ...settings, metrics: `${this.temp.path}/metrics` },
      this.home,
    );
    this.#client = new Snapshots(this.socket);
  }

  /** What the log says of a kind of event. */
  logged(event: string): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line))
      .filter((entry) => entry.event === event);
  }

  /** Runs `task` on the files of a snapshot, mounted as containerd does. */
  async within<T>(
    mounts: readonly Mount[],
    task: (root: string) => T | Promise<T>,
  ): Promise<T> {
    const target = `${this.temp.path}/mount-${this.#mounts++}`;
    Deno.mkdirSync(target);
    for (const mount of mounts) await mountAt(mount, target);
    try {
      return await task(target);
    } finally {
      await unmountAt(target);
    }
  }

  /** Makes a committed snapshot. */
  async committed(
    name: string,
    parent: string,
    write: (root: string) => void | Promise<void> = () => {},
  ): Promise<void> {
    const key = `making ${name}`;
    await this.within(await this.client.prepare(key, parent), write);
    await this.client.commit(name, key);
  }

  /** Ids of the layers of the home. */
  get layers(): string[] {
    return [...Deno.readDirSync(this.home)].map(({ name }) => name)
      .filter((name) => /^[0-9a-f]{4}-\d+$/.test(name)).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.temp[Symbol.dispose]();
  }
}
