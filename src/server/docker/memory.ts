/**
 * What a plugin has to know after it was started anew.
 *
 * It lies beside the socket, which no more than it outlives the machine.
 *
 * @module
 */

import { DriverError, messageOf } from "../../errors.ts";
import type { DrainedSource } from "./bodies.ts";
import { parseBody, type Setup, setupOf } from "./protocol.ts";

/** What is known of an archive that was sent. */
interface Transfer {
  /** Its first block, in hexadecimal digits, if so much of it came. */
  readonly start?: string;
  /** What was answered, once all of it was received: the layer's size, ... */
  readonly size?: number;
  /** ... or why it could not be unpacked. */
  readonly error?: string;
}

/** Bytes that are enough to tell the beginning of an archive from its middle. */
const BLOCK = 512;

/** Files in a directory of their own. */
export class Memory {
  readonly #dir: string;
  readonly #transfers: Map<string, Transfer>;
  /** Layers that this plugin made for the dockerd that speaks to it. */
  readonly #made = new Set<string>();
  /** Whether that dockerd spoke to an earlier plugin before. */
  #inherited: boolean;

  /**
   * Opens the memory of an earlier plugin, or a new one.
   *
   * @param dir Absolute path; made, with what is above, for its owner alone.
   */
  constructor(dir: string) {
    this.#dir = dir;
    Deno.mkdirSync(this.#transferDir, { recursive: true, mode: 0o700 });
    this.#transfers = new Map(
      [...Deno.readDirSync(this.#transferDir)].map((
        { name },
      ) => [name, readTransfer(this.#transferFile(name))]),
    );
    this.#inherited = exists(this.#setupFile);
  }

  get #transferDir(): string {
    return `${this.#dir}/transfers`;
  }

  get #setupFile(): string {
    return `${this.#dir}/init.json`;
  }

  #transferFile(id: string): string {
    return `${this.#transferDir}/${id}`;
  }

  /**
   * Reads what dockerd said at `Init`. It says so once, however often the plugin
   * starts.
   *
   * @returns The setup; `undefined` if there was none.
   * @throws {DriverError} `EINVAL` if the file is malformed.
   */
  readSetup(): Setup | undefined {
    try {
      return setupOf(parseBody(Deno.readTextFileSync(this.#setupFile)));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /**
   * Remembers what dockerd said at `Init`, in one step, and forgets what an
   * earlier dockerd sent.
   *
   * @param body What it said.
   */
  writeSetup(body: Readonly<Record<string, unknown>>): void {
    this.#write(this.#setupFile, body);
    for (const id of this.#transfers.keys()) this.#forget(id);
    this.#inherited = false;
  }

  /** Begins anew with a layer that was made. */
  noteMade(id: string): void {
    this.#forget(id);
    this.#made.add(id);
  }

  /** Forgets a layer that was removed. */
  noteGone(id: string): void {
    this.#forget(id);
    this.#made.delete(id);
  }

  #forget(id: string): void {
    if (!this.#transfers.delete(id)) return;
    Deno.removeSync(this.#transferFile(id));
  }

  /** Forgets it if it came through: dockerd goes on, and will not send it again. */
  settle(id: string): void {
    const transfer = this.#transfers.get(id);
    if (transfer !== undefined && isWhole(transfer)) this.#forget(id);
  }

  /**
   * Receives an archive.
   *
   * When a connection breaks, dockerd sends again what it has left: nothing if
   * only the answer was lost, else the rest of an archive whose beginning is
   * gone. The first is answered as before, the second must not pass for a whole
   * archive. Nor must what comes for a layer of an earlier plugin, which may have
   * ended with the beginning before it could take note of it.
   *
   * @param id Id of the layer that it is for.
   * @param source Gives the archive.
   * @param apply Unpacks it; gives the size.
   * @throws {DriverError} `EBADMSG` for the rest of an archive.
   */
  async receive(
    id: string,
    source: DrainedSource,
    apply: () => Promise<number>,
  ): Promise<number> {
    const noted = this.#transfers.get(id);
    if (noted === undefined) this.#remember(id, {});
    const mayHaveBegun = this.#inherited && !this.#made.has(id);
    const earlier = noted ?? (mayHaveBegun ? {} : undefined);
    const block = await source.start(BLOCK);
    if (block.length === 0 && earlier !== undefined) return sizeAgain(earlier);
    const start = block.length === BLOCK ? block.toHex() : undefined;
    refuseRest(earlier, start);
    const transfer = start === undefined ? {} : { start };
    this.#remember(id, transfer);
    try {
      const size = await apply();
      this.#remember(id, { ...transfer, size });
      return size;
    } catch (error) {
      if (await source.drain()) {
        this.#remember(id, { ...transfer, error: messageOf(error) });
      }
      throw error;
    }
  }

  #remember(id: string, transfer: Transfer): void {
    this.#transfers.set(id, transfer);
    this.#write(this.#transferFile(id), transfer);
  }

  #write(path: string, value: unknown): void {
    const temporary = `${this.#dir}/new`;
    Deno.writeTextFileSync(temporary, JSON.stringify(value), { mode: 0o600 });
    Deno.renameSync(temporary, path);
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The answer to a transfer whose whole archive came before. */
function sizeAgain({ size, error }: Transfer): number {
  if (size !== undefined) return size;
  throw error === undefined ? onlyRest() : new DriverError("EBADMSG", error);
}

function refuseRest(
  earlier: Transfer | undefined,
  start: string | undefined,
): void {
  if (earlier === undefined || isWhole(earlier)) return;
  if (start === undefined || start !== earlier.start) throw onlyRest();
}

function isWhole({ size, error }: Transfer): boolean {
  return size !== undefined || error !== undefined;
}

function onlyRest(): DriverError {
  return new DriverError(
    "EBADMSG",
    "Cannot unpack the archive: its beginning was sent over a connection that broke, or may have been, and only the rest comes now",
  );
}

/** A file that cannot be read is of a transfer that did not come through. */
function readTransfer(path: string): Transfer {
  try {
    const { start, size, error } = parseBody(Deno.readTextFileSync(path));
    return {
      ...typeof start === "string" && { start },
      ...typeof size === "number" && { size },
      ...typeof error === "string" && { error },
    };
  } catch {
    return {};
  }
}
