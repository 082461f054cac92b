/**
 * containerd's proxy snapshotter on its socket.
 *
 * @module
 */

import type { GrpcListening } from "../../grpc.ts";
import { listen } from "../listen.ts";
import { Log } from "../log.ts";
import { Metrics } from "../metrics.ts";
import type { ServeSettings, Serving } from "../serving.ts";
import { SocketPlace } from "../socket.ts";
import { supervisor } from "../supervisor.ts";
import { within } from "../within.ts";
import { openSnapshots } from "./home.ts";
import { snapshotService } from "./service.ts";
import type { Snapshotter } from "./snapshotter.ts";

/** containerd bounds depth by what mount(2) takes, not by Docker's number. */
const DEPTH = "overlay2.max_depth=500";

/**
 * Serves snapshots to containerd.
 *
 * @param settings How.
 * @param home Absolute path of the home.
 * @throws {DriverError} `EBUSY` if somebody else listens on a socket or serves the
 * home; `EEXIST`, `EINVAL`; what opening the home throws.
 */
export async function serveContainerd(
  settings: ServeSettings,
  home: string,
): Promise<Serving> {
  await using stack = new AsyncDisposableStack();
  const books = { log: new Log(settings.log), metrics: new Metrics() };
  const { log, metrics } = books;
  const tell = supervisor(settings.notifySocket, log);
  if (settings.metrics !== undefined) {
    const answer = (request: Request) => metrics.answer(request);
    const numbers = await listen(settings.metrics, answer);
    stack.defer(() => numbers.close());
  }
  const { snapshotter } = stack.use(
    await openSnapshots({
      home,
      storageOpts: [DEPTH, ...settings.storageOpts],
      onWarning: (message) => log.add("warning", "driver", { message }),
    }),
  );
  const service = snapshotService(snapshotter, books);
  const place = stack.use(await SocketPlace.claim(settings.socket));
  const { listenGrpc } = await import("../../grpc.ts");
  const server = await listenGrpc(place.made, [service]);
  stack.defer(() => server.close());
  place.show();
  log.add("info", "listening", { socket: settings.socket });
  tell(`READY=1\nSTATUS=Listening on ${settings.socket}`);
  const running = stack.move();
  return {
    async stop(milliseconds, signal) {
      tell("STOPPING=1");
      place.hide();
      const work = finish(server, snapshotter);
      const done = await within(milliseconds, work, signal);
      const lost = done ? 0 : metrics.running;
      await running.disposeAsync();
      log.add(lost > 0 ? "warning" : "info", "stopped", { lost });
      return lost;
    },
  };
}

async function finish(
  server: GrpcListening,
  snapshotter: Snapshotter,
): Promise<void> {
  await server.stop();
  await snapshotter.settle();
}
