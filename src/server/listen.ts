/**
 * Servers of HTTP on unix sockets.
 *
 * @module
 */

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
  stack.move();
  return server;
}

class Server implements Listening {
  readonly #place: SocketPlace;
  readonly #server: Deno.HttpServer<Deno.UnixAddr>;
  readonly #requests = new Set<Promise<void>>();

  constructor(
    place: SocketPlace,
    answer: (request: Request) => Response | Promise<Response>,
  ) {
    this.#place = place;
    const options = { path: place.made, onListen() {}, onError };
    this.#server = Deno.serve(options, (request, info) => {
      this.#note(info.completed);
      return answer(request);
    });
    place.show();
  }

  /** Deno's own shutdown cuts off what is still being received. */
  #note(completed: Promise<void>): void {
    const ended = completed.catch(() => {}).finally(() =>
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
    await within(CLOSE_MS, this.#server.shutdown());
    this.#place[Symbol.dispose]();
  }
}

/** Only for an answer that breaks off: whoever makes it has told of that. */
function onError(): Response {
  return new Response(null, { status: 500 });
}
