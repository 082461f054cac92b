/**
 * A client of the snapshot service that fits into the virtual machine, where no
 * file with the service's description is.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Client, credentials } from "npm:@grpc/grpc-js@1.14.7";
import { SERVICE } from "../../../src/server/containerd/service.ts";
import {
  fieldsOf,
  Message,
  textOf,
} from "../../../src/server/containerd/wire.ts";

/** Milliseconds after which a call counts as hanging. */
const PATIENCE_MS = 60_000;

/** A snapshot as the server lists it. */
export interface Listed {
  readonly name: string;
  readonly parent: string;
  readonly committed: boolean;
}

const COMMITTED = 3;

/** Calls the service. */
export class SnapshotClient implements Disposable {
  readonly #client: Client;

  /** Connects to a socket, when the first call is made. */
  constructor(socket: string) {
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure());
  }

  #call(name: string, request = new Message()): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        `/${SERVICE}/${name}`,
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes) => bytes,
        request.bytes,
        { deadline: Date.now() + PATIENCE_MS },
        (error, answer) => error ? reject(error) : resolve(answer!),
      );
    });
  }

  /** Makes a snapshot to be written to; gives the directory of its own files. */
  async prepare(key: string, parent: string): Promise<string> {
    return upperOf(
      await this.#call("Prepare", keyOf(key).text(3, parent)),
    );
  }

  /** Tells again where the files of an active snapshot are. */
  async mounts(key: string): Promise<string> {
    return upperOf(await this.#call("Mounts", keyOf(key)));
  }

  /** Where the files of a committed snapshot are. */
  async files(name: string): Promise<string> {
    const key = `look at ${name}`;
    const mounts = await this.#call("View", keyOf(key).text(3, name));
    await this.remove(key);
    return nearestOf(mounts);
  }

  async commit(key: string, name: string): Promise<void> {
    await this.#call("Commit", keyOf(name).text(3, key));
  }

  async remove(key: string): Promise<void> {
    await this.#call("Remove", keyOf(key));
  }

  async cleanup(): Promise<void> {
    await this.#call("Cleanup");
  }

  /** All snapshots. */
  list(): Promise<Listed[]> {
    return new Promise((resolve, reject) => {
      const stream = this.#client.makeServerStreamRequest(
        `/${SERVICE}/List`,
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes) => bytes,
        new Uint8Array(),
        { deadline: Date.now() + PATIENCE_MS },
      );
      const found: Listed[] = [];
      stream.on("data", (page: Uint8Array) => {
        for (const { bytes } of fieldsOf(page)) found.push(listed(bytes));
      });
      stream.on("error", reject);
      stream.on("end", () => resolve(found));
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** A request about one snapshot. */
function keyOf(key: string): Message {
  return new Message().text(2, key);
}

function listed(info: Uint8Array): Listed {
  const text = (number: number) => {
    const field = [...fieldsOf(info)].find((each) => each.number === number);
    return field === undefined ? "" : textOf(field.bytes);
  };
  return {
    name: text(1),
    parent: text(2),
    committed: kindOf(info) === COMMITTED,
  };
}

/** Field 3, a number, after texts that are shorter than 128 bytes. */
function kindOf(info: Uint8Array): number {
  const KEY = 3 * 8;
  let at = 0;
  while (at < info.length && info[at] !== KEY) at += 2 + info[at + 1]!;
  return info[at + 1] ?? 0;
}

/** Source and options of the only mount of an answer. */
function mountOf(answer: Uint8Array): { source: string; options: string[] } {
  const [mount] = [...fieldsOf(answer)];
  const fields = [...fieldsOf(mount!.bytes)];
  const texts = (number: number) =>
    fields.filter((field) => field.number === number)
      .map(({ bytes }) => textOf(bytes));
  return { source: texts(2)[0]!, options: texts(4) };
}

function optionOf(options: readonly string[], name: string): string {
  const start = `${name}=`;
  const option = options.find((each) => each.startsWith(start));
  if (option === undefined) throw new Error(`no ${name} in ${options}`);
  return option.slice(start.length);
}

function upperOf(answer: Uint8Array): string {
  const { source, options } = mountOf(answer);
  return source === "overlay" ? optionOf(options, "upperdir") : source;
}

function nearestOf(answer: Uint8Array): string {
  const { source, options } = mountOf(answer);
  if (source !== "overlay") return source;
  return optionOf(options, "lowerdir").split(":")[0]!;
}
