/**
 * Servers on unix sockets.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { printableName } from "../text.ts";

/** A server that listens. */
export interface Listening {
  /** Takes no more requests, answers those that came, and removes the socket. */
  stop(): Promise<void>;
}

/**
 * Listens on a unix socket that only its owner may use. A socket that a server
 * left which is gone is replaced.
 *
 * @param path Path of the socket, at most 107 bytes; its directory is made.
 * @param answer Answers a request.
 * @throws {DriverError} `EBUSY` if somebody listens there, `EEXIST` if something
 * other than a socket lies there.
 */
export async function listen(
  path: string,
  answer: (request: Request) => Response | Promise<Response>,
): Promise<Listening> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")) || "/", {
    recursive: true,
  });
  await removeStale(path);
  const server = Deno.serve({ path, onListen() {} }, answer);
  Deno.chmodSync(path, 0o600);
  return {
    async stop() {
      await server.shutdown();
      removeSocket(path);
    },
  };
}

async function removeStale(path: string): Promise<void> {
  const info = statSocket(path);
  if (info === undefined) return;
  if (!info.isSocket) throw refused("EEXIST", path, "it is no socket");
  try {
    const connection = await Deno.connect({ transport: "unix", path });
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    return removeSocket(path);
  }
  throw refused("EBUSY", path, "another server listens there");
}

function refused(
  code: "EBUSY" | "EEXIST",
  path: string,
  why: string,
): DriverError {
  return new DriverError(
    code,
    `Cannot listen on ${printableName(path)}: ${why}`,
  );
}

function statSocket(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function removeSocket(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
