/**
 * The graph driver plugin on its socket.
 *
 * @module
 */

import { listen } from "../listen.ts";
import { Log, type LogFormat } from "../log.ts";
import { Metrics } from "../metrics.ts";
import { watched } from "../watch.ts";
import { Plugin } from "./plugin.ts";
import { parseAddress } from "./protocol.ts";

/** How layers are served. */
export interface ServeSettings {
  /** Path of the socket. */
  readonly socket: string;
  /** Path of a socket for metrics, if wanted. */
  readonly metrics: string | undefined;
  /** How requests are logged. */
  readonly format: LogFormat;
  /** Options of the driver, before those of dockerd. */
  readonly storageOpts: readonly string[];
  /** Takes lines of the log. */
  readonly write: (line: string) => void;
}

/** A server at work. */
export interface Serving {
  /** Answers what was asked, finishes what was left for later, and ends. */
  stop(): Promise<void>;
}

/**
 * Serves layers to dockerd.
 *
 * @param settings How.
 * @throws {DriverError} `EBUSY` if somebody else listens on a socket.
 */
export async function serveDocker(settings: ServeSettings): Promise<Serving> {
  const log = new Log(settings.format, settings.write);
  const metrics = new Metrics();
  const plugin = new Plugin({
    setupFile: `${settings.socket}.json`,
    storageOpts: settings.storageOpts,
    onWarning: (message) => log.add("warning", "driver", { message }),
  });
  const answer = watched(
    log,
    metrics,
    ({ url }) => parseAddress(url).call,
    (request) => plugin.answer(request),
  );
  const servers = [await listen(settings.socket, answer)];
  if (settings.metrics !== undefined) {
    servers.push(
      await listen(settings.metrics, () => new Response(metrics.text())),
    );
  }
  log.add("info", "listening", { socket: settings.socket });
  return {
    async stop() {
      for (const server of servers) await server.stop();
      await plugin.settle();
      log.add("info", "stopped");
    },
  };
}
