/**
 * A directory for one test of an engine, and all that runs in it.
 *
 * The files under `examples/docker` are used as they are, but for paths.
 *
 * @module
 */

import { complain } from "../../../tools/say.ts";
import { TempDir } from "../../fixtures.ts";

const EXAMPLES = new URL("../../../examples/docker/", import.meta.url);
/** Where dockerd looks for plugins by name. */
const SPECS = "/etc/docker/plugins";

/** Text of one of the examples. */
export function example(name: string): string {
  return Deno.readTextFileSync(new URL(name, EXAMPLES));
}

/** Something that runs and has to be stopped. */
export interface Running {
  /** Ends it in order; may be called again. */
  stop(): Promise<void>;
}

/** A directory, the name of a plugin, and what runs. */
export class Room implements AsyncDisposable {
  readonly #temp = new TempDir("r");
  readonly #running: Running[] = [];
  /** Name by which dockerd finds this room's plugin, unlike any other's. */
  readonly name: string = `o2-${crypto.randomUUID().slice(0, 8)}`;

  /** Makes the directory, and tells dockerd where the plugin of its name is. */
  constructor() {
    // A remapped root has to come through.
    Deno.chmodSync(this.path, 0o711);
    Deno.mkdirSync(SPECS, { recursive: true });
    Deno.mkdirSync(`${this.path}/run`);
    Deno.writeTextFileSync(
      this.#spec,
      example("deno-overlay2.spec").replace(
        "/run/overlay2",
        `${this.path}/run`,
      ),
    );
  }

  /** Absolute path. */
  get path(): string {
    return this.#temp.path;
  }

  /** Mounts below it. */
  get mounts(): string[] {
    return this.#temp.mounts;
  }

  get #spec(): string {
    return `${SPECS}/${this.name}.spec`;
  }

  /** Takes care of something that runs: the last one is stopped first. */
  add<T extends Running>(running: T): T {
    this.#running.unshift(running);
    return running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const faults: unknown[] = [];
    for (const running of this.#running) {
      await running.stop().catch((fault) => {
        faults.push(fault);
        // A failure of the test hides it otherwise.
        complain(String(fault));
      });
    }
    Deno.removeSync(this.#spec);
    endContainers(this.path);
    this.#temp[Symbol.dispose]();
    if (faults.length > 0) throw faults[0];
  }
}

/** Kills what is left of containers whose daemon could not stop them. */
function endContainers(room: string): void {
  const ids = [...Deno.readDirSync(room)].flatMap(({ name }) =>
    namesIn(`${room}/${name}/data/containers`)
  );
  if (ids.length === 0) return;
  for (const pid of namesIn("/proc").filter((name) => /^\d+$/.test(name))) {
    const groups = textOf(`/proc/${pid}/cgroup`) +
      textOf(`/proc/${pid}/cmdline`);
    if (!ids.some((id) => groups.includes(id))) continue;
    try {
      Deno.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended.
    }
  }
}

function namesIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => name);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
