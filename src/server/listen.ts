/**
 * Servers on unix sockets.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { Dir } from "../linux/dir.ts";
import { tryLock } from "../linux/lock.ts";
import { encodeName, printableName } from "../text.ts";
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

/** Longest path of a unix socket, in bytes. */
const LONGEST_PATH = 107;
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
  if (!path.startsWith("/") || encodeName(path).length > LONGEST_PATH) {
    const why = `its path must be absolute and at most ${LONGEST_PATH} bytes`;
    throw refused("EINVAL", path, why);
  }
  const above = path.slice(0, path.lastIndexOf("/")) || "/";
  await Deno.mkdir(above, { recursive: true });
  // Of two that start at once, one must not take the other's socket for stale.
  using stack = new DisposableStack();
  const dir = stack.use(Dir.open(above));
  using _lock = lockedCopy(dir, path);
  await removeStale(path);
  const server = new Server(path, dir, answer);
  stack.move();
  return server;
}

function lockedCopy(dir: Dir, path: string): Dir {
  const copy = dir.reopen();
  if (tryLock(copy.fd, copy.path)) return copy;
  copy[Symbol.dispose]();
  throw refused("EBUSY", path, "another server is starting there");
}

class Server implements Listening {
  readonly #path: string;
  readonly #dir: Dir;
  readonly #inode: number | null;
  readonly #server: Deno.HttpServer<Deno.UnixAddr>;
  readonly #requests = new Set<Promise<void>>();

  /**
   * Begins to listen under another name: so the socket shows when it is ready,
   * with its mode, and Deno, which deletes what it made by its name, does not
   * delete that of a successor.
   */
  constructor(
    path: string,
    dir: Dir,
    answer: (request: Request) => Response | Promise<Response>,
  ) {
    this.#path = path;
    this.#dir = dir;
    const name = `.${crypto.randomUUID()}`;
    const made = `/proc/self/fd/${dir.fd}/${name}`;
    const options = { path: made, onListen() {}, onError };
    this.#server = Deno.serve(options, (request, info) => {
      this.#note(info.completed);
      return answer(request);
    });
    Deno.chmodSync(made, 0o600);
    this.#inode = Deno.lstatSync(made).ino;
    dir.rename(name, dir, path.slice(path.lastIndexOf("/") + 1));
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
    const now = statSocket(this.#path);
    if (now?.ino === this.#inode) removeSocket(this.#path);
  }

  async idle(): Promise<void> {
    while (this.#requests.size > 0) await Promise.all(this.#requests);
  }

  async close(): Promise<void> {
    this.hide();
    await within(CLOSE_MS, this.#server.shutdown());
    this.#dir[Symbol.dispose]();
  }
}

/** Only for an answer that breaks off: whoever makes it has told of that. */
function onError(): Response {
  return new Response(null, { status: 500 });
}

async function removeStale(path: string): Promise<void> {
  const info = statSocket(path);
  if (info === undefined) return;
  if (!info.isSocket) throw refused("EEXIST", path, "it is no socket");
  try {
    const connection = await Deno.connect({ transport: "unix", path });
    connection.close();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    return removeSocket(path);
  }
  throw refused("EBUSY", path, "another server listens there");
}

function refused(
  code: "EBUSY" | "EEXIST" | "EINVAL",
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
