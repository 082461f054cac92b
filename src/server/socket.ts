/**
 * Places for unix sockets.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { Dir } from "../linux/dir.ts";
import { tryLock } from "../linux/lock.ts";
import { encodeName, printableName } from "../text.ts";

/** Longest path of a unix socket, in bytes. */
const LONGEST_PATH = 107;
/** How long others may take to show a socket in the same directory, in milliseconds. */
const PATIENCE_MS = 2000;
const WAIT_MS = 10;

/**
 * A place for a socket that only its owner may use.
 *
 * Whoever listens begins under another name: so the socket shows when it is
 * ready, with its mode, and a runtime that deletes what it made by its name does
 * not delete that of a successor.
 */
export class SocketPlace implements Disposable {
  readonly #path: string;
  readonly #dir: Dir;
  readonly #name = `.${crypto.randomUUID()}`;
  /** Held until the socket shows. */
  readonly #lock: Dir;
  #inode: number | null = null;

  private constructor(path: string, dir: Dir, lock: Dir) {
    this.#path = path;
    this.#dir = dir;
    this.#lock = lock;
  }

  /**
   * Makes room: a socket that a server left which is gone is removed. Others
   * wait until this one shows.
   *
   * @param path Absolute path of the socket, at most 107 bytes; its directory is
   * made.
   * @throws {DriverError} `EBUSY` if somebody listens there, `EEXIST` if something
   * other than a socket lies there, `EINVAL` if the path cannot be one.
   */
  static async claim(path: string): Promise<SocketPlace> {
    if (!path.startsWith("/") || encodeName(path).length > LONGEST_PATH) {
      const why = `its path must be absolute and at most ${LONGEST_PATH} bytes`;
      throw refused("EINVAL", path, why);
    }
    const above = path.slice(0, path.lastIndexOf("/")) || "/";
    await Deno.mkdir(above, { recursive: true });
    using stack = new DisposableStack();
    const dir = stack.use(Dir.open(above));
    const lock = stack.use(dir.reopen());
    // Of two that start at once, one must not take the other's socket for stale.
    if (!await locked(lock)) {
      throw refused("EBUSY", path, "another server is starting there");
    }
    await removeStale(path);
    stack.move();
    return new SocketPlace(path, dir, lock);
  }

  /** Where to listen, before {@linkcode SocketPlace.show}. */
  get made(): string {
    return `/proc/self/fd/${this.#dir.fd}/${this.#name}`;
  }

  /** Lets others connect. */
  show(): void {
    Deno.chmodSync(this.made, 0o600);
    this.#inode = Deno.lstatSync(this.made).ino;
    const name = this.#path.slice(this.#path.lastIndexOf("/") + 1);
    this.#dir.rename(this.#name, this.#dir, name);
    this.#lock[Symbol.dispose]();
  }

  /** Removes the socket, so that nobody connects any more. */
  hide(): void {
    const now = statSocket(this.#path);
    if (now !== undefined && now.ino === this.#inode) removeSocket(this.#path);
  }

  /** Gives the place up. */
  [Symbol.dispose](): void {
    this.hide();
    this.#lock[Symbol.dispose]();
    this.#dir[Symbol.dispose]();
  }
}

/** Others show their sockets soon. */
async function locked(dir: Dir): Promise<boolean> {
  for (let waited = 0; waited < PATIENCE_MS; waited += WAIT_MS) {
    if (tryLock(dir.fd, dir.path)) return true;
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
  return false;
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
