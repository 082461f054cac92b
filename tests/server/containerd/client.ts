/**
 * A client of the snapshot service, that encodes by another library than the
 * server.
 *
 * @module
 */

import {
  Client,
  credentials,
  type Metadata,
  type MethodDefinition,
} from "npm:@grpc/grpc-js@1.14.7";
import { loadSync } from "npm:@grpc/proto-loader@0.8.1";
import { assert, assertEquals, fail } from "../../assert.ts";

/** Full name of the service. */
const SERVICE = "containerd.services.snapshots.v1.Snapshots";

const definitions = loadSync(
  new URL("snapshots.proto", import.meta.url).pathname,
  { keepCase: false, longs: Number, enums: String, defaults: true },
);

/** A method of the service: its path and its encoding. */
export type Method = MethodDefinition<object, unknown>;

/** Methods by name. */
export function method(name: string): Method {
  const service = definitions[SERVICE];
  assert(service !== undefined && !("format" in service));
  const found = (service as Record<string, Method>)[name];
  assert(found !== undefined, name);
  return found;
}

/** A mount that containerd would make. */
export interface Mount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** A moment. */
export interface Time {
  readonly seconds: number;
  readonly nanos: number;
}

/** What is known of a snapshot. */
export interface Info {
  readonly name: string;
  readonly parent: string;
  readonly kind: string;
  readonly createdAt: Time;
  readonly updatedAt: Time;
  readonly labels: Readonly<Record<string, string>>;
}

/** Labels by name. */
export type Labels = Readonly<Record<string, string>>;

/** Calls the service as containerd does. */
export class Snapshots implements Disposable {
  readonly #client: Client;

  /** Connects to a socket, when the first call is made. */
  constructor(socket: string) {
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure());
  }

  /** Makes any call. */
  call(name: string, request: object): Promise<unknown> {
    const { path, requestSerialize, responseDeserialize } = method(name);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        (error, answer) => error ? reject(error) : resolve(answer),
      );
    });
  }

  async prepare(key: string, parent = "", labels: Labels = {}) {
    const request = { snapshotter: "x", key, parent, labels };
    const answer = await this.call("Prepare", request);
    return (answer as { mounts: Mount[] }).mounts;
  }

  async view(key: string, parent = "", labels: Labels = {}) {
    const request = { snapshotter: "x", key, parent, labels };
    const answer = await this.call("View", request);
    return (answer as { mounts: Mount[] }).mounts;
  }

  async mounts(key: string) {
    const answer = await this.call("Mounts", { key });
    return (answer as { mounts: Mount[] }).mounts;
  }

  async commit(name: string, key: string, labels: Labels = {}) {
    await this.call("Commit", { name, key, labels });
  }

  async remove(key: string) {
    await this.call("Remove", { key });
  }

  async stat(key: string) {
    return (await this.call("Stat", { key }) as { info: Info }).info;
  }

  /** Changes labels; other fields of the request are as containerd sends them. */
  async update(name: string, labels: Labels, paths: readonly string[] = []) {
    const never = { seconds: -62135596800, nanos: 0 };
    const info = { name, labels, createdAt: never, updatedAt: never };
    const request = { info, updateMask: { paths } };
    return (await this.call("Update", request) as { info: Info }).info;
  }

  async usage(key: string) {
    const usage = await this.call("Usage", { key });
    return usage as { size: number; inodes: number };
  }

  async cleanup() {
    await this.call("Cleanup", {});
  }

  /** Messages of a list. */
  pages(...filters: string[]): Promise<Info[][]> {
    const { path, requestSerialize, responseDeserialize } = method("List");
    return new Promise((resolve, reject) => {
      const stream = this.#client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { filters },
      );
      const found: Info[][] = [];
      stream.on("data", ({ info }: { info: Info[] }) => found.push(info));
      stream.on("error", reject);
      stream.on("end", () => resolve(found));
    });
  }

  async list(...filters: string[]) {
    return (await this.pages(...filters)).flat();
  }

  async names(...filters: string[]) {
    return (await this.list(...filters)).map(({ name }) => name);
  }

  [Symbol.dispose]() {
    this.#client.close();
  }
}

/** Codes of gRPC. */
export const UNKNOWN = 2;
export const NOT_FOUND = 5;
export const ALREADY_EXISTS = 6;
export const FAILED_PRECONDITION = 9;
export const INVALID_ARGUMENT = 3;
export const UNIMPLEMENTED = 12;

/** Fails unless a call is refused with `code`; gives what the client is told. */
export async function assertFault(
  call: Promise<unknown>,
  code: number,
): Promise<string> {
  try {
    await call;
  } catch (error) {
    assert(error instanceof Error && "code" in error, `${error}`);
    assertEquals(error.code, code, error.message);
    const { details } = error as Error & {
      details?: string;
      metadata?: Metadata;
    };
    return details ?? "";
  }
  fail(`Expected code ${code}, but nothing was refused`);
}
