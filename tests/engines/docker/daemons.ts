/**
 * The plugin and dockerd as processes.
 *
 * @module
 */

import { assert, assertEquals } from "../../assert.ts";
import { execute, type Outcome, PROGRAM } from "../../cli/program.ts";
import { example, type Room, type Running } from "./room.ts";

/** Debian's; another client may come earlier in PATH. */
const DOCKER = "/usr/bin/docker";

/** Waits until something is so. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const end = performance.now() + 60_000;
  while (!await condition()) {
    assert(performance.now() < end, `It never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Words of the unit's command, in the room. */
function serviceWords(room: Room): string[] {
  const [, line = ""] = /^ExecStart=(.*)$/m.exec(
    example("overlay2-docker.service"),
  ) ?? [];
  const [, ...words] = line.replaceAll("/run/overlay2", `${room.path}/run`)
    .split(" ");
  return [...PROGRAM, ...words];
}

/** A process whose output goes to a file. */
abstract class Process implements Running {
  #child: Deno.ChildProcess | undefined;
  /** File of what it said. */
  readonly log: string;

  /** Names the file. */
  constructor(log: string) {
    this.log = log;
  }

  /** Its process id. */
  get pid(): number {
    return this.#child!.pid;
  }

  /** Starts words of a command. */
  protected spawn(words: readonly string[]): void {
    // Whoever looks into the log may be faster than the shell.
    Deno.writeTextFileSync(this.log, "", { append: true });
    // A shell only for the output; it becomes the command.
    this.#child = new Deno.Command("sh", {
      args: ["-c", 'exec "$@" >>"$0" 2>&1 </dev/null', this.log, ...words],
      // A containerd that its dockerd finds slow leaves its stacks there.
      env: { NOTIFY_SOCKET: "", TMPDIR: this.log.replace(/[^/]*$/, "") },
    }).spawn();
  }

  /** Whether it runs. */
  protected async ended(): Promise<boolean> {
    const none = new Promise<undefined>((resolve) =>
      setTimeout(() => resolve(undefined), 0)
    );
    return await Promise.race([this.#child!.status, none]) !== undefined;
  }

  /** Sends a signal and waits for the end; gives the exit status. */
  async end(signal: Deno.Signal): Promise<number> {
    if (this.#child === undefined) return 0;
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended.
    }
    const { code } = await this.#child.status;
    this.#child = undefined;
    return code;
  }

  /** What it said. */
  get said(): string {
    return Deno.readTextFileSync(this.log);
  }

  abstract stop(): Promise<void>;
}

/** The plugin, as the unit of systemd starts it. */
export class Plugin extends Process {
  readonly #room: Room;
  readonly #words: readonly string[];

  private constructor(room: Room, before: readonly string[]) {
    super(`${room.path}/plugin.log`);
    this.#room = room;
    this.#words = [...before, ...serviceWords(room)];
  }

  /**
   * Starts it.
   *
   * @param room Where.
   * @param before Words to put before the command.
   */
  static async start(room: Room, before: readonly string[] = []) {
    const plugin = room.add(new Plugin(room, before));
    await plugin.start();
    return plugin;
  }

  get #socket(): string {
    return `${this.#room.path}/run/docker.sock`;
  }

  /** Starts it, after its end. */
  async start(): Promise<void> {
    this.spawn(this.#words);
    await until(() => this.#listens(), "the plugin's socket");
  }

  async #listens(): Promise<boolean> {
    assert(!await this.ended(), `The plugin ended: ${this.said}`);
    try {
      const path = this.#socket;
      (await Deno.connect({ transport: "unix", path })).close();
      return true;
    } catch {
      return false;
    }
  }

  /** Kills it without a word, and starts it anew. */
  async killAndStart(): Promise<void> {
    await this.end("SIGKILL");
    await this.start();
  }

  /** Ends it in order: nothing may be given up. */
  async stop(): Promise<void> {
    const status = await this.end("SIGTERM");
    const said = this.said.split("\n").slice(-8).join("\n");
    assertEquals(status, 0, `the plugin's exit status; it said\n${said}`);
  }
}

/** How a dockerd is run. */
export interface DockerdOptions {
  /** Name of its directory. */
  readonly dir?: string;
  /** Its storage driver: the room's plugin if left out. */
  readonly driver?: string;
  /** More settings of `daemon.json`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Words to put before the command. */
  readonly before?: readonly string[];
}

/** A dockerd in a directory of its own, without a network. */
export class Dockerd extends Process {
  /** Its directory. */
  readonly path: string;
  /** Name of its storage driver. */
  readonly driver: string;
  readonly #options: DockerdOptions;

  private constructor(room: Room, options: DockerdOptions) {
    const path = `${room.path}/${options.dir ?? "p"}`;
    super(`${path}/log`);
    this.path = path;
    this.driver = options.driver ?? room.name;
    this.#options = options;
  }

  /** Makes one that does not run. */
  static make(room: Room, options: DockerdOptions = {}): Dockerd {
    const daemon = room.add(new Dockerd(room, options));
    Deno.mkdirSync(daemon.path, { recursive: true });
    const settings = {
      ...JSON.parse(example("daemon.json")),
      "storage-driver": daemon.driver,
      "data-root": daemon.data,
      "exec-root": `${daemon.path}/exec`,
      "pidfile": `${daemon.path}/pid`,
      "hosts": [`unix://${daemon.#socket}`],
      "deprecated-key-path": `${daemon.path}/key.json`,
      "iptables": false,
      "ip6tables": false,
      "ip-forward": false,
      "ip-masq": false,
      "bridge": "none",
      ...options.settings,
    };
    Deno.writeTextFileSync(daemon.#config, JSON.stringify(settings));
    return daemon;
  }

  /** Makes one and starts it. */
  static async start(room: Room, options: DockerdOptions = {}) {
    const daemon = Dockerd.make(room, options);
    await daemon.start();
    return daemon;
  }

  /** Its data. */
  get data(): string {
    return `${this.path}/data`;
  }

  get #socket(): string {
    return `${this.path}/docker.sock`;
  }

  get #config(): string {
    return `${this.path}/daemon.json`;
  }

  /** Starts it, after its end. */
  async start(): Promise<void> {
    assert(await this.tryStart(), `dockerd ended: ${this.said.slice(-2000)}`);
  }

  /** Starts it; tells whether it came up. */
  async tryStart(): Promise<boolean> {
    await Deno.remove(`${this.path}/pid`).catch(() => {});
    const { before = [] } = this.#options;
    this.spawn([...before, "dockerd", "--config-file", this.#config]);
    let up = false;
    await until(async () => {
      up = await this.#answers();
      return up || await this.ended();
    }, "dockerd's answer");
    return up;
  }

  async #answers(): Promise<boolean> {
    const { status } = await this.tryDocker("version");
    return status === 0;
  }

  /** Runs a command of the client, however it ends. */
  tryDocker(...args: readonly string[]): Promise<Outcome> {
    return execute([DOCKER, "-H", `unix://${this.#socket}`, ...args], {
      env: { DOCKER_BUILDKIT: "0", DOCKER_CONFIG: `${this.path}/client` },
    });
  }

  /** Runs a command of the client, which has to succeed; gives what it prints. */
  async docker(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.tryDocker(...args);
    assertEquals(status, 0, `docker ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  /** Builds an image of a directory, with what was kept of earlier builds or, quietly, without. */
  build(
    context: string,
    tag: string,
    kit: "classic" | "buildkit" = "classic",
    cached = false,
  ): Promise<Outcome> {
    const how = cached ? ["--progress", "plain"] : ["-q", "--no-cache"];
    const args = ["build", ...how, "--network", "none"];
    return execute(
      [DOCKER, "-H", `unix://${this.#socket}`, ...args, "-t", tag, context],
      {
        env: {
          DOCKER_BUILDKIT: kit === "buildkit" ? "1" : "0",
          DOCKER_CONFIG: `${this.path}/client`,
        },
      },
    );
  }

  /** Ends it; its containerd ends after it, and must not be met by the next. */
  override async end(signal: Deno.Signal): Promise<number> {
    const pid = await Deno.readTextFile(
      `${this.path}/exec/containerd/containerd.pid`,
    ).catch(() => undefined);
    const code = await super.end(signal);
    await until(() => !isRunning(pid), "the end of containerd");
    return code;
  }

  /** Ends it in order, and its containers. */
  async stop(): Promise<void> {
    await this.end("SIGTERM");
  }
}

/** Whether there is such a process, were it only waiting to be reaped: dockerd takes that for one. */
function isRunning(pid: string | undefined): boolean {
  if (pid === undefined) return false;
  try {
    return Deno.statSync(`/proc/${pid}`).isDirectory;
  } catch {
    return false;
  }
}
