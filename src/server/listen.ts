/**
 * Servers of HTTP on unix sockets.
 *
 * @module
 */

import { createServer, type Server as HttpServer } from "node:http";
import { exchange } from "./exchange.ts";
import { SocketPlace } from "./socket.ts";
import { within } from "./within.ts";

/** A server that listens. */
export interface Listening {
  /** How many requests are being answered. */
  readonly running: number;
  /** Removes the socket, so that nobody connects any more. */
  hide(): void;
  /** Waits until all requests are answered. */
  idle(): Promise<void>;
  /** Closes all connections. */
  close(): Promise<void>;
}

/** How long connections may take to close, in milliseconds. */
const CLOSE_MS = 500;

/**
 * Listens on a unix socket that only its owner may use. A socket that a server
 * left which is gone is replaced.
 *
 * @param path Absolute path of the socket, at most 107 bytes; its directory is
 * made.
 * @param answer Answers a request.
 * @throws {DriverError} `EBUSY` if somebody listens there, `EEXIST` if something
 * other than a socket lies there, `EINVAL` if the path cannot be one.
 */
export async function listen(
  path: string,
  answer: (request: Request) => Response | Promise<Response>,
): Promise<Listening> {
  using stack = new DisposableStack();
  const place = stack.use(await SocketPlace.claim(path));
  const server = new Server(place, answer);
  await server.start();
  stack.move();
  return server;
}

class Server implements Listening {
  readonly #place: SocketPlace;
  readonly #server: HttpServer;
  readonly #requests = new Set<Promise<void>>();

  constructor(
    place: SocketPlace,
    answer: (request: Request) => Response | Promise<Response>,
  ) {
    this.#place = place;
    this.#server = createServer(
      { requireHostHeader: false },
      (incoming, outgoing) => {
        this.#note(exchange(incoming, outgoing, answer));
      },
    );
    this.#server.requestTimeout = 0;
    this.#server.headersTimeout = 0;
    this.#server.keepAliveTimeout = 0;
  }

  /** Begins to listen. */
  async start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(this.#place.made, () => resolve());
    await promise;
    this.#place.show();
  }

  #note(work: Promise<void>): void {
    const ended = work.catch(() => {}).finally(() =>
      this.#requests.delete(ended)
    );
    this.#requests.add(ended);
  }

  get running(): number {
    return this.#requests.size;
  }

  hide(): void {
    this.#place.hide();
  }

  async idle(): Promise<void> {
    while (this.#requests.size > 0) await Promise.all(this.#requests);
  }

  async close(): Promise<void> {
    this.hide();
    const closed = new Promise<void>((resolve) =>
      this.#server.close(() => resolve())
    );
    if (this.running > 0) await within(CLOSE_MS, closed);
    this.#server.closeAllConnections();
    this.#place[Symbol.dispose]();
  }
}
