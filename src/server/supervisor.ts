/**
 * Whoever started the service and waits until it is ready, by the protocol of
 * sd_notify(3).
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import { sendDatagram } from "../linux/notify.ts";
import type { Log } from "./log.ts";

/**
 * Makes a way to tell the supervisor how the service does.
 *
 * @param socket Path of its socket, `$NOTIFY_SOCKET`; none, and nobody is told.
 * @param log Is told if the supervisor cannot be.
 */
export function supervisor(
  socket: string | undefined,
  log: Log,
): (state: string) => void {
  if (!socket) return () => {};
  return (state) => {
    try {
      sendDatagram(socket, state);
    } catch (error) {
      log.add("warning", "supervisor", { message: messageOf(error) });
    }
  };
}
