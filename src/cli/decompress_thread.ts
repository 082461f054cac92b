/**
 * Decompression on a thread of its own, while what it gives is being unpacked.
 *
 * This module is both sides: loaded by a thread that {@linkcode startThread}
 * started, it does the work, from reading the input on.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import { readFd } from "../linux/file.ts";
import { readable, waitReadable } from "../linux/poll.ts";
import type { Chunks } from "./chunks.ts";
import { type Compression, decompress } from "./decompress.ts";
import {
  Giver,
  type SharedMemory,
  sharedMemory,
  Taker,
} from "./shared_pieces.ts";
import { orGivenUp } from "./streams.ts";

const NAME = "overlay2 decompression";
/** Bytes of the input that are read at once. */
const PIECE = 1 << 18;

/** What is to be done. */
export interface Job {
  /** How the data are compressed. */
  readonly compression: Compression;
  /** Their first bytes. */
  readonly head: Uint8Array;
  /** Descriptor that gives the others; used until the thread is closed. */
  readonly fd: number;
}

/** What the thread is told. */
interface Order extends Job {
  /** Where it puts what it makes. */
  readonly memory: SharedMemory;
  /** Number of bytes of the input that have been read, for others to see. */
  readonly read: BigInt64Array;
}

/** What the thread tells: that something can be taken, or how it all went. */
type Message = "piece" | Verdict;

interface Verdict {
  readonly fault?: { readonly code: string | undefined; message: string };
}

/** A thread that decompresses. */
export interface Thread {
  /** The next bytes, valid until the next call; `undefined` at the end. */
  next(): Uint8Array | Promise<Uint8Array | undefined>;
  /** How many bytes of the input it has read. */
  bytesRead(): number;
  /** Ends it, wherever it is. */
  close(): Promise<void>;
}

/**
 * Undoes a compression on another thread; memory is bounded.
 *
 * @param job The data.
 * @param signal Ends the waiting for bytes that do not come.
 * @returns What they hold. It fails with `EBADMSG` if they are damaged or cut
 * short, and with what reading fails with.
 */
export function startThread(job: Job, signal: AbortSignal): Thread {
  const memory = sharedMemory();
  const read = new BigInt64Array(new SharedArrayBuffer(8));
  const taker = new Taker(memory);
  const worker = new Worker(import.meta.url, { type: "module", name: NAME });
  const heard = new Heard(worker);
  worker.postMessage({ ...job, memory, read } satisfies Order);
  const wait = async () => {
    for (;;) {
      const verdict = heard.verdict;
      const piece = taker.take();
      if (piece !== undefined) return piece;
      if (verdict !== undefined) return refuse(verdict);
      await orGivenUp(heard.next, signal);
    }
  };
  return {
    next: () => taker.take() ?? wait(),
    bytesRead: () => Number(Atomics.load(read, 0)),
    async close() {
      taker.stop();
      while (heard.verdict === undefined) await heard.next;
    },
  };
}

/** What a thread says; it ends with its verdict. */
class Heard {
  verdict: Verdict | undefined;
  /** Settles with the next message. */
  next!: Promise<void>;
  #wake!: () => void;

  constructor(worker: Worker) {
    this.#listen();
    worker.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data !== "piece") this.#end(worker, data);
      this.#wake();
      this.#listen();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const { message } = event;
      this.#end(worker, { fault: { code: undefined, message } });
      this.#wake();
    };
  }

  #listen(): void {
    ({ promise: this.next, resolve: this.#wake } = Promise.withResolvers());
  }

  #end(worker: Worker, verdict: Verdict): void {
    this.verdict = verdict;
    worker.terminate();
  }
}

function refuse({ fault }: Verdict): undefined {
  if (fault === undefined) return undefined;
  const { code, message } = fault;
  throw code === undefined
    ? new Error(message)
    : new DriverError(code as DriverError["code"], message);
}

/** The thread's side. */
interface Scope {
  readonly name: string;
  onmessage: (event: MessageEvent<Order>) => void;
  postMessage(message: Message): void;
}

function serve(scope: Scope): void {
  scope.onmessage = async ({ data }) => {
    const giver = new Giver(data.memory, () => scope.postMessage("piece"));
    scope.postMessage(await work(data, giver));
  };
}

async function work(order: Order, giver: Giver): Promise<Verdict> {
  try {
    const input = inputOf(order, giver);
    for await (const chunk of await decompress(order.compression, input)) {
      giver.give(chunk);
    }
    giver.flush();
    return {};
  } catch (error) {
    const code = error instanceof DriverError ? error.code : undefined;
    return { fault: { code, message: (error as Error).message } };
  }
}

async function* inputOf({ fd, head, read }: Order, giver: Giver): Chunks {
  const buffer = new Uint8Array(PIECE);
  let piece = head;
  while (piece.length > 0) {
    Atomics.add(read, 0, BigInt(piece.length));
    yield piece;
    // What comes late must not hold up what is there.
    if (!readable(fd)) giver.flush();
    while (!waitReadable(fd)) giver.refuseStopped();
    piece = buffer.subarray(0, readFd(fd, buffer, "the archive"));
  }
}

const scope = globalThis as unknown as Scope;
if ("WorkerGlobalScope" in globalThis && scope.name === NAME) serve(scope);
