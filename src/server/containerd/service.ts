/**
 * The service `containerd.services.snapshots.v1.Snapshots`: from bytes to calls
 * of the snapshotter and back, each in the log and in the metrics.
 *
 * @module
 */

import type { Answer, GrpcFault, GrpcService } from "../../grpc.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { faultOf } from "./fault.ts";
import {
  decodeCommit,
  decodeKey,
  decodeList,
  decodeUpdate,
  EMPTY,
  encodeInfo,
  encodeInfos,
  encodeMounts,
  encodeUsage,
} from "./messages.ts";
import type { Snapshotter } from "./snapshotter.ts";

/** Full name of the service. */
export const SERVICE = "containerd.services.snapshots.v1.Snapshots";

/** Most snapshots in one message of a list, as in containerd. */
const PAGE = 100;

/** Who keeps account of calls. */
export interface Books {
  /** Is told of each call. */
  readonly log: Log;
  /** Counts them. */
  readonly metrics: Metrics;
}

/** A call: its request once it is read, and what it answers. */
interface Job<Request, Reply> {
  readonly decode: (message: Uint8Array) => Request;
  readonly key: (request: Request) => string;
  readonly run: (request: Request) => Promise<Reply> | Reply;
}

/**
 * Makes the service.
 *
 * @param snapshotter What is served.
 * @param books Who keeps account.
 */
export function snapshotService(
  snapshotter: Snapshotter,
  books: Books,
): GrpcService {
  const one = <R>(call: string, job: Job<R, Uint8Array>): Answer => ({
    one: watched(books, call, job),
  });
  const byKey = (
    call: string,
    run: (
      request: ReturnType<typeof decodeKey>,
    ) => Promise<Uint8Array> | Uint8Array,
  ): Answer => one(call, { decode: decodeKey, key: ({ key }) => key, run });
  return {
    name: SERVICE,
    faultOf,
    calls: {
      Prepare: byKey(
        "Prepare",
        async (request) => encodeMounts(await snapshotter.prepare(request)),
      ),
      View: byKey(
        "View",
        async (request) => encodeMounts(await snapshotter.view(request)),
      ),
      Mounts: byKey(
        "Mounts",
        async (request) => encodeMounts(await snapshotter.mounts(request)),
      ),
      Remove: byKey(
        "Remove",
        (request) => snapshotter.remove(request).then(() => EMPTY),
      ),
      Stat: byKey("Stat", (request) => encodeInfo(snapshotter.stat(request))),
      Usage: byKey(
        "Usage",
        async (request) => encodeUsage(await snapshotter.usage(request)),
      ),
      Cleanup: byKey("Cleanup", () => snapshotter.cleanup().then(() => EMPTY)),
      Commit: one("Commit", {
        decode: decodeCommit,
        key: ({ key }) => key,
        run: (request) => snapshotter.commit(request).then(() => EMPTY),
      }),
      Update: one("Update", {
        decode: decodeUpdate,
        key: ({ name }) => name,
        run: (request) => encodeInfo(snapshotter.update(request)),
      }),
      List: {
        many: watched(books, "List", {
          decode: decodeList,
          key: () => "",
          run: ({ filters }) =>
            pages(snapshotter.list(filters)).map(encodeInfos),
        }),
      },
    },
  };
}

function pages<T>(all: readonly T[]): T[][] {
  const count = Math.ceil(all.length / PAGE);
  return Array.from(
    { length: count },
    (_, i) => all.slice(i * PAGE, (i + 1) * PAGE),
  );
}

/** A call that is accounted for, whatever comes of it. */
function watched<Request, Reply>(
  { log, metrics }: Books,
  call: string,
  { decode, key, run }: Job<Request, Reply>,
): (message: Uint8Array) => Promise<Reply> {
  return async (message) => {
    const began = performance.now();
    let about: string | undefined;
    let fault: GrpcFault | undefined;
    metrics.begin();
    try {
      const request = decode(message);
      about = key(request) || undefined;
      return await run(request);
    } catch (error) {
      fault = faultOf(error);
      throw error;
    } finally {
      const milliseconds = performance.now() - began;
      metrics.end(call, milliseconds / 1000, fault !== undefined);
      log.add(fault === undefined ? "info" : "error", call, {
        key: about,
        ms: Math.round(milliseconds * 10) / 10,
        code: fault?.code,
        error: fault?.message,
      });
    }
  };
}
