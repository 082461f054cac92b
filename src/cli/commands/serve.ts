/**
 * `overlay2 serve`.
 *
 * @module
 */

import type { ServeSettings, Serving } from "../../server/serving.ts";
import { type Context, defineCommand, UsageError } from "../command.ts";

/** Where dockerd finds a plugin of that name; `overlay2` is its own. */
const DOCKER_SOCKET = "/run/docker/plugins/deno-overlay2.sock";

/** Where the example configuration of containerd looks for the snapshotter. */
const CONTAINERD_SOCKET = "/run/overlay2/containerd.sock";

/** How long requests may take after the server was told to end, in seconds. */
const GRACE = 30;

/** Serves layers to a container engine. */
export const command = defineCommand({
  name: "serve",
  summary: "Keep a container engine's layers, asked over a unix socket",
  description: "docker: dockerd up to 27, with --experimental and " +
    "--storage-driver, takes the socket for a graph driver plugin of its name " +
    `(default ${DOCKER_SOCKET}). The home is the one that dockerd names; what ` +
    "dockerd said is kept in SOCKET.state, so that either may start anew. " +
    "Archives are kept (overlay2.exact) and come back byte for byte, unless " +
    "dockerd has its own record of every layer or --storage-opt says " +
    "otherwise.\n\n" +
    "containerd: a proxy plugin of type snapshot has the socket for its address " +
    `(default ${CONTAINERD_SOCKET}). The home is --home; what snapshots are ` +
    'called is kept in its directory "containerd".\n\n' +
    "Ends by SIGTERM or Ctrl-C when all requests are answered, at once by a " +
    "second one; mounts stay. Tells a supervisor such as systemd when it is " +
    "ready.",
  operands: [{
    name: "ENGINE",
    help: "Which engine asks: docker or containerd",
  }],
  options: {
    socket: {
      type: "string",
      short: "s",
      value: "PATH",
      help: "Unix socket to listen on, with mode 0600",
    },
    "log-format": {
      type: "string",
      value: "FORMAT",
      help: "How requests are logged on standard error: text or json",
    },
    metrics: {
      type: "string",
      value: "PATH",
      help: "Unix socket for Prometheus, at the path /metrics",
    },
    grace: {
      type: "string",
      value: "SECONDS",
      help: `How long requests may still take at the end, ${GRACE} if left out`,
    },
  },
  examples: [
    { line: "overlay2 serve docker", help: "As the plugin deno-overlay2" },
    {
      line: "overlay2 serve docker -s /run/docker/plugins/o2.sock",
      help: "As the plugin o2",
    },
    {
      line: "overlay2 --home /var/lib/overlay2 serve containerd",
      help: "As a snapshotter",
    },
  ],
  async run(context, [engine], values) {
    const serve = ENGINES[engine!];
    if (serve === undefined) {
      const known = Object.keys(ENGINES).join(" or ");
      throw new UsageError(`Cannot serve "${engine}": ENGINE is ${known}`);
    }
    const { storageOpts = [], uidMap, gidMap } = context.driverOptions;
    if (uidMap || gidMap) {
      throw new UsageError(
        "Options --uid-map and --gid-map are the engine's to give, such as " +
          "--userns-remap of dockerd",
      );
    }
    const grace = secondsOf(values.grace);
    const log = {
      format: formatOf(values["log-format"], context.json),
      quiet: context.quiet,
      write: (line: string) => context.host.warn(line),
    };
    const serving = await serve(context, values.socket, {
      metrics: values.metrics && absolute(values.metrics),
      log,
      storageOpts,
      notifySocket: Deno.env.get("NOTIFY_SOCKET"),
    });
    await aborted(context);
    const lost = await serving.stop(grace * 1000, context.host.secondSignal);
    return lost > 0 ? 1 : 0;
  },
});

type Serve = (
  context: Context,
  socket: string | undefined,
  settings: Omit<ServeSettings, "socket">,
) => Promise<Serving>;

/** How each engine is served; what one needs is not loaded for the other. */
const ENGINES: Readonly<Record<string, Serve>> = {
  async docker(_context, socket = DOCKER_SOCKET, settings) {
    const { serveDocker } = await import("../../server/docker/serve.ts");
    return await serveDocker({ ...settings, socket: absolute(socket) });
  },
  async containerd({ home }, socket = CONTAINERD_SOCKET, settings) {
    const { serveContainerd } = await import(
      "../../server/containerd/serve.ts"
    );
    return await serveContainerd(
      { ...settings, socket: absolute(socket) },
      home,
    );
  },
};

function formatOf(
  word: string | undefined,
  json: boolean,
): "text" | "json" {
  if (word === undefined) return json ? "json" : "text";
  if (word === "text" || word === "json") return word;
  throw new UsageError("Option --log-format takes text or json");
}

function secondsOf(text: string | undefined): number {
  if (text === undefined) return GRACE;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new UsageError("Option --grace takes a whole number of seconds");
}

function absolute(path: string): string {
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}

function aborted({ signal }: Context): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}
