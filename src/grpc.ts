/**
 * The typed face of `@grpc/grpc-js`: a server of calls whose messages are bytes.
 *
 * Beside `src/deps.ts` the only file under `src` that imports bare specifiers.
 * It takes a quarter of a second to load, so only what serves gRPC imports it. The
 * version stands here: what `deno.json` names would be fetched by every command.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  Server,
  ServerCredentials,
} from "npm:@grpc/grpc-js@1.14.7";

/** Codes of gRPC that a call may fail with. */
export const GRPC_CODES = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  DATA_LOSS: 15,
} as const;

/** Name of a code. */
export type GrpcCode = keyof typeof GRPC_CODES;

/** Why a call failed, as the client is told. */
export interface GrpcFault {
  /** Name of the code. */
  readonly code: GrpcCode;
  /** What is wrong. */
  readonly message: string;
}

/** Answers a call: one message, or several. */
export type Answer =
  | { readonly one: (request: Uint8Array) => Promise<Uint8Array> }
  | { readonly many: (request: Uint8Array) => Promise<Uint8Array[]> };

/** A service: its full name, and what answers its calls, by their names. */
export interface GrpcService {
  /** Name such as `"package.v1.Service"`. */
  readonly name: string;
  /** What answers each call. */
  readonly calls: Readonly<Record<string, Answer>>;
  /** Says what the client is told of an error. */
  readonly faultOf: (error: unknown) => GrpcFault;
}

/** A gRPC server at work. */
export interface GrpcListening {
  /** Takes no more calls, and waits until those that came are answered. */
  stop(): Promise<void>;
  /** Closes all connections. */
  close(): void;
}

/**
 * Serves on a unix socket that is free.
 *
 * @param path Absolute path of the socket.
 * @param services What is served.
 */
export async function listenGrpc(
  path: string,
  services: readonly GrpcService[],
): Promise<GrpcListening> {
  const server = new Server();
  for (const service of services) add(server, service);
  await bind(server, path);
  return { stop: () => stop(server), close: () => server.forceShutdown() };
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const credentials = ServerCredentials.createInsecure();
    server.bindAsync(`unix:${path}`, credentials, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.tryShutdown((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

type Bytes = Uint8Array;

function add(server: Server, { name, calls, faultOf }: GrpcService): void {
  const methods: Record<string, MethodDefinition<Bytes, Bytes>> = {};
  const handlers: Record<
    string,
    handleUnaryCall<Bytes, Bytes> | handleServerStreamingCall<Bytes, Bytes>
  > = {};
  for (const [call, answer] of Object.entries(calls)) {
    methods[call] = definition(`/${name}/${call}`, "many" in answer);
    handlers[call] = "many" in answer
      ? streaming(answer.many, faultOf)
      : unary(answer.one, faultOf);
  }
  server.addService(methods, handlers);
}

function definition(
  path: string,
  responseStream: boolean,
): MethodDefinition<Bytes, Bytes> {
  const serialize = (bytes: Bytes) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const deserialize = (bytes: Buffer): Bytes => bytes;
  return {
    path,
    requestStream: false,
    responseStream,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  };
}

function unary(
  answer: (request: Bytes) => Promise<Bytes>,
  faultOf: GrpcService["faultOf"],
): handleUnaryCall<Bytes, Bytes> {
  return (call, done) => {
    answer(call.request).then(
      (bytes) => done(null, bytes),
      (error: unknown) => done(statusOf(faultOf(error))),
    );
  };
}

function streaming(
  answer: (request: Bytes) => Promise<Bytes[]>,
  faultOf: GrpcService["faultOf"],
): handleServerStreamingCall<Bytes, Bytes> {
  return (call) => {
    answer(call.request).then(
      (messages) => {
        for (const message of messages) call.write(message);
        call.end();
      },
      (error: unknown) => void call.emit("error", statusOf(faultOf(error))),
    );
  };
}

function statusOf(
  { code, message }: GrpcFault,
): { code: number; details: string } {
  return { code: GRPC_CODES[code], details: message };
}
