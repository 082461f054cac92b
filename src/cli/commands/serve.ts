/**
 * `overlay2 serve`.
 *
 * @module
 */

import { type Context, defineCommand, UsageError } from "../command.ts";

/** Where dockerd finds a plugin of that name; `overlay2` is its own. */
const DOCKER_SOCKET = "/run/docker/plugins/deno-overlay2.sock";

/** Serves layers to a container engine. */
export const command = defineCommand({
  name: "serve",
  summary: "Keep a container engine's layers, asked over a unix socket",
  description: "ENGINE is docker: dockerd up to 27, with --experimental and " +
    "--storage-driver, takes the socket for a graph driver plugin of its name " +
    `(default ${DOCKER_SOCKET}). The home is the one that dockerd names; what ` +
    "dockerd said is kept in SOCKET.json, so that either may start anew. Ends " +
    "by SIGTERM or Ctrl-C when all requests are answered; mounts stay.",
  operands: [{ name: "ENGINE", help: "Which engine asks: docker" }],
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
  },
  examples: [
    { line: "overlay2 serve docker", help: "As the plugin deno-overlay2" },
    {
      line: "overlay2 serve docker -s /run/docker/plugins/o2.sock",
      help: "As the plugin o2",
    },
  ],
  async run(context, [engine], values) {
    if (engine !== "docker") {
      throw new UsageError(`Cannot serve "${engine}": ENGINE is docker`);
    }
    const { serveDocker } = await import("../../server/docker/serve.ts");
    const serving = await serveDocker({
      socket: values.socket ?? DOCKER_SOCKET,
      metrics: values.metrics,
      format: formatOf(values["log-format"] ?? "text"),
      storageOpts: context.driverOptions.storageOpts ?? [],
      write: (line) => context.host.warn(line),
    });
    await aborted(context);
    await serving.stop();
  },
});

function formatOf(word: string): "text" | "json" {
  if (word === "text" || word === "json") return word;
  throw new UsageError("Option --log-format takes text or json");
}

function aborted({ signal }: Context): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}
