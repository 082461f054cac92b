/**
 * What all servers of engines have in common.
 *
 * @module
 */

import type { LogSettings } from "./log.ts";

/** How layers are served. */
export interface ServeSettings {
  /** Absolute path of the socket. */
  readonly socket: string;
  /** Absolute path of a socket for metrics, if wanted. */
  readonly metrics: string | undefined;
  /** How requests are logged. */
  readonly log: LogSettings;
  /** Options of the driver; those of the engine come after them. */
  readonly storageOpts: readonly string[];
  /** Socket of the supervisor that waits until the service is ready, if any. */
  readonly notifySocket: string | undefined;
}

/** A server at work. */
export interface Serving {
  /**
   * Takes no more connections, answers what is asked, and ends.
   *
   * @param milliseconds How long that may take; what is not answered then is
   * given up.
   * @param signal Gives up at once.
   * @returns How many requests were given up.
   */
  stop(milliseconds: number, signal?: AbortSignal): Promise<number>;
}
