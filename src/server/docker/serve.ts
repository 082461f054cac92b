/**
 * The graph driver plugin on its socket.
 *
 * @module
 */

import { listen, type Listening } from "../listen.ts";
import { Log } from "../log.ts";
import { Metrics } from "../metrics.ts";
import type { ServeSettings, Serving } from "../serving.ts";
import { supervisor } from "../supervisor.ts";
import { watched } from "../watch.ts";
import { within } from "../within.ts";
import { Plugin } from "./plugin.ts";

export type { ServeSettings, Serving };

/** How long requests that are given up may take to take their work back. */
const TAKE_BACK_MS = 5000;

/**
 * Serves layers to dockerd.
 *
 * @param settings How.
 * @throws {DriverError} `EBUSY` if somebody else listens on a socket, `EEXIST`,
 * `EINVAL`.
 */
export async function serveDocker(settings: ServeSettings): Promise<Serving> {
  const log = new Log(settings.log);
  const metrics = new Metrics();
  const tell = supervisor(settings.notifySocket, log);
  const numbers = settings.metrics === undefined
    ? undefined
    : await listen(settings.metrics, (request) => metrics.answer(request));
  try {
    const plugin = newPlugin(settings, log);
    const server = await listen(
      settings.socket,
      watched(
        log,
        metrics,
        (request) => plugin.nameOf(request),
        (request) => plugin.answer(request),
      ),
    );
    log.add("info", "listening", { socket: settings.socket });
    tell(`READY=1\nSTATUS=Listening on ${settings.socket}`);
    return {
      async stop(milliseconds, signal) {
        tell("STOPPING=1");
        const lost = await stop(server, plugin, milliseconds, signal);
        await numbers?.close();
        log.add(lost > 0 ? "warning" : "info", "stopped", { lost });
        return lost;
      },
    };
  } catch (error) {
    await numbers?.close();
    throw error;
  }
}

function newPlugin({ socket, storageOpts }: ServeSettings, log: Log): Plugin {
  return new Plugin({
    memory: `${socket}.state`,
    storageOpts,
    onWarning: (message) => log.add("warning", "driver", { message }),
  });
}

async function stop(
  server: Listening,
  plugin: Plugin,
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  server.hide();
  const done = await within(milliseconds, quiet(server, plugin), signal);
  const lost = done ? 0 : server.running;
  if (!done) await within(TAKE_BACK_MS, plugin.giveUp());
  await server.close();
  return lost;
}

/** Open connections may ask for more while the last work is waited for. */
async function quiet(server: Listening, plugin: Plugin): Promise<void> {
  do {
    await server.idle();
    await plugin.settle();
  } while (server.running > 0);
}
