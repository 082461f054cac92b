/**
 * Each request in the log and in the metrics.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** What is answered, and why it is an error, if it is one. */
export interface Answer {
  /** The answer. */
  readonly response: Response;
  /** What went wrong. */
  readonly error?: string;
  /** The layer that was asked for. */
  readonly id?: string;
  /**
   * For an answer that is made while it is sent: settles at its end, with what
   * went wrong, if anything did.
   */
  readonly ended?: Promise<string | undefined>;
}

/** Makes an answer that is an error. */
export function errorAnswer(error: string, status: number): Answer {
  return { response: Response.json({ Err: error }, { status }), error };
}

/**
 * Watches over requests.
 *
 * @param log Is told of each request.
 * @param metrics Counts them.
 * @param nameOf Name of the call that a request is.
 * @param answer Answers a request.
 * @returns Answers a request, whatever happens.
 */
export function watched(
  log: Log,
  metrics: Metrics,
  nameOf: (request: Request) => string,
  answer: (request: Request) => Promise<Answer>,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const call = nameOf(request);
    const began = performance.now();
    metrics.begin();
    const given = await answer(request).catch((fault: unknown) =>
      errorAnswer(`internal error: ${messageOf(fault)}`, 500)
    );
    const note = (error: string | undefined) => {
      const milliseconds = performance.now() - began;
      metrics.end(call, milliseconds / 1000, error !== undefined);
      log.add(error === undefined ? "info" : "error", call, {
        id: given.id,
        ms: Math.round(milliseconds * 10) / 10,
        error,
      });
    };
    if (given.ended === undefined) note(given.error);
    else given.ended.then(note);
    return given.response;
  };
}
