/**
 * A plugin on a home of its own, asked as dockerd asks it.
 *
 * @module
 */

import { contextOf, type Driver } from "../../src/driver/driver.ts";
import { init } from "../../src/driver/init.ts";
import { Plugin } from "../../src/server/docker/plugin.ts";
import type { Answer } from "../../src/server/watch.ts";
import { bytesOf, TempDir } from "../fixtures.ts";

/** The object in an answer. */
export type Json = Record<string, unknown>;

/** A plugin, without a socket. */
export class TempPlugin implements AsyncDisposable {
  /** Directory that goes away with the test. */
  readonly temp: TempDir = new TempDir("overlay2_server_");
  /** What the plugin warned of. */
  readonly warnings: string[] = [];
  /** The plugin. */
  plugin: Plugin;

  /** Makes one, which has not been told of its home. */
  constructor(storageOpts: readonly string[] = []) {
    this.temp.useMemory();
    this.plugin = this.restarted(storageOpts);
  }

  /** Home of the layers. */
  get home(): string {
    return `${this.temp.path}/data/o2`;
  }

  /** Directory of what the plugin remembers. */
  get memory(): string {
    return `${this.temp.path}/sock.state`;
  }

  /** Another plugin in the place of this one, as after its death. */
  restarted(storageOpts: readonly string[] = []): Plugin {
    return this.plugin = new Plugin({
      memory: this.memory,
      storageOpts,
      onWarning: (message) => void this.warnings.push(message),
    });
  }

  /** Does what dockerd does first. */
  init(fields: Json = {}): Promise<Json> {
    return this.call("Init", { Home: this.home, Opts: null, ...fields });
  }

  /** Sends a request; its body as text is sent as it is. */
  send(
    call: string,
    body: BodyInit | Json | null = null,
  ): Promise<Answer> {
    const plain = body !== null && Object.getPrototypeOf(body) ===
        Object.prototype;
    return this.plugin.answer(
      new Request(`http://plugin/${call}`, {
        method: "POST",
        body: plain ? JSON.stringify(body) + "\n" : body as BodyInit | null,
      }),
    );
  }

  /** The object by which a call of the graph driver is answered. */
  async call(name: string, body: Json = {}): Promise<Json> {
    const { response } = await this.send(`GraphDriver.${name}`, body);
    return await response.json();
  }

  /** Sends an archive. */
  async apply(
    id: string,
    archive: BodyInit | null,
    parent = "",
  ): Promise<Json> {
    const { response } = await this.send(
      `GraphDriver.ApplyDiff?id=${id}&parent=${parent}`,
      archive,
    );
    return await response.json();
  }

  /** Asks for an archive, which has to come. */
  async diff(id: string, parent = ""): Promise<Uint8Array> {
    const { response } = await this.send("GraphDriver.Diff", {
      ID: id,
      Parent: parent,
    });
    return await bytesOf(response.body!);
  }

  /** Another driver on the same home. */
  driver(): Promise<Driver> {
    return init(this.home);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plugin.settle();
    this.temp[Symbol.dispose]();
  }
}

/** Ids of the layers of a home. */
export async function layersOf(plugin: TempPlugin): Promise<string[]> {
  return contextOf(await plugin.driver()).store.list().sort();
}

/** The bytes, and then a connection that breaks. */
export function brokenAfter(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (sent) throw new Error("connection reset");
      sent = true;
      controller.enqueue(bytes);
    },
  });
}
