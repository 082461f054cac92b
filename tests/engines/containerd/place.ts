/**
 * containerd and the server in mount namespaces of their own, where `/run` is
 * empty: the examples can be used as they are, and nothing is left.
 *
 * @module
 */

import { assert, assertEquals } from "../../assert.ts";
import { PROGRAM } from "../../cli/program.ts";
import { TempDir } from "../../fixtures.ts";

const EXAMPLES = new URL("../../../examples/containerd/", import.meta.url)
  .pathname;
const UNIT = `${EXAMPLES}overlay2-containerd.service`;
const CONFIG = `${EXAMPLES}overlay2.toml`;
/** How long a daemon may take to listen, or to end, in milliseconds. */
const PATIENCE_MS = 30_000;

/** What a command said. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A place where both run. */
export class Place implements AsyncDisposable {
  readonly #temp = new TempDir("o2c");
  /** containerd's, which groups of processes are called by. */
  readonly #namespace = `o2-${crypto.randomUUID().slice(0, 8)}`;
  readonly #log: Deno.FsFile;
  #holder: Deno.ChildProcess | undefined;
  #containerd: Deno.ChildProcess | undefined;
  #server: Deno.ChildProcess | undefined;

  private constructor() {
    this.#log = Deno.openSync(`${this.dir}/log`, {
      create: true,
      append: true,
    });
  }

  /** Makes a place and starts both in it. */
  static async make(): Promise<Place> {
    const place = new Place();
    try {
      await place.#hold();
      await place.startServer();
      await place.startContainerd();
      return place;
    } catch (error) {
      await place[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Directory of the place. */
  get dir(): string {
    return this.#temp.path;
  }

  /** Home of the layers. */
  get home(): string {
    return `${this.dir}/home`;
  }

  /** What the daemons said last. */
  get said(): string {
    return Deno.readTextFileSync(`${this.dir}/log`).slice(-3000);
  }

  /** Makes the namespace, which lives as long as a process in it. */
  async #hold(): Promise<void> {
    const script = "mount -t tmpfs tmpfs /run && echo ready && exec cat";
    this.#holder = new Deno.Command("unshare", {
      args: ["--mount", "--propagation", "private", "sh", "-c", script],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = this.#holder.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    assertEquals(new TextDecoder().decode(value), "ready\n");
  }

  #words(words: readonly string[]): [string, ...string[]] {
    return ["nsenter", "--mount", "-t", `${this.#holder!.pid}`, ...words];
  }

  /** Runs a command in the place, to its end. */
  async run(...words: string[]): Promise<Said> {
    const [program, ...args] = this.#words(words);
    const output = await new Deno.Command(program, {
      args,
      stdin: "null",
      env: {
        CONTAINERD_ADDRESS: `${this.dir}/c.sock`,
        CONTAINERD_NAMESPACE: this.#namespace,
      },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return {
      code: output.code,
      stdout: text(output.stdout),
      stderr: text(output.stderr),
    };
  }

  /** Runs a command that has to succeed. */
  async ok(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...words);
    if (code !== 0) {
      throw new Error(`${words.join(" ")}: ${stderr}\n${this.said}`);
    }
    return stdout;
  }

  #start(
    words: readonly string[],
    env: Record<string, string> = {},
  ): Deno.ChildProcess {
    const script = `exec "$@" >>${this.dir}/log 2>&1`;
    const [program, ...args] = this.#words([
      "sh",
      "-c",
      script,
      "sh",
      ...words,
    ]);
    return new Deno.Command(program, {
      args,
      env,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Starts the server by the example's command line, on a home of its own. */
  async startServer(): Promise<void> {
    const [, line] = /^ExecStart=(.*)$/m.exec(Deno.readTextFileSync(UNIT))!;
    const [, ...args] = line!.split(" ");
    this.#server = this.#start([...PROGRAM, ...args], {
      OVERLAY2_HOME: this.home,
    });
    const socket = `/proc/${
      this.#holder!.pid
    }/root/run/overlay2/containerd.sock`;
    await this.#until(() => isListening(socket));
  }

  /** Starts containerd, which knows the server by the example's configuration. */
  async startContainerd(): Promise<void> {
    const config = `${this.dir}/config.toml`;
    Deno.writeTextFileSync(
      config,
      `version = 2
root = "${this.dir}/root"
state = "${this.dir}/state"
imports = ["${CONFIG}"]
disabled_plugins = [
  "io.containerd.grpc.v1.cri",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "${this.dir}/c.sock"
`,
    );
    this.#containerd = this.#start(["containerd", "-c", config]);
    await this.#until(async () =>
      (await this.run("ctr", "version")).code === 0
    );
  }

  /** Waits until containerd has found the server again; there must be a snapshot. */
  async reunited(): Promise<void> {
    const words = ["ctr", "snapshots", "--snapshotter", "overlay2", "ls"];
    await this.#until(async () => (await this.run(...words)).code === 0);
  }

  async #until(done: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!await done()) {
      assert(performance.now() < end, `Nobody listens:\n${this.said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends the server. */
  async stopServer(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    await end(this.#server, signal);
    this.#server = undefined;
  }

  /** Ends containerd. */
  async stopContainerd(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    await end(this.#containerd, signal);
    this.#containerd = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopContainerd();
    await this.stopServer();
    if (this.#holder) {
      await this.#holder.stdin.close();
      await this.#holder.stdout.cancel();
      await this.#holder.status;
    }
    this.#log.close();
    dropGroups(this.#namespace);
    this.#temp[Symbol.dispose]();
  }
}

/** runc leaves the groups that held those of containers. */
function dropGroups(name: string): void {
  const root = "/sys/fs/cgroup";
  const places = [...Deno.readDirSync(root)].filter((each) => each.isDirectory)
    .map((each) => `${root}/${each.name}/${name}`);
  for (const path of [`${root}/${name}`, ...places]) {
    try {
      Deno.removeSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

async function isListening(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false;
  }
}

async function end(
  child: Deno.ChildProcess | undefined,
  signal: Deno.Signal,
): Promise<void> {
  if (child === undefined) return;
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  await child.status;
  clearTimeout(timer);
}
