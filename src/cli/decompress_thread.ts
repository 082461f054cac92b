/**
 * Decompression on a thread of its own, while what it gives is being unpacked.
 *
 * This module is both sides: loaded by a thread that {@linkcode onThread}
 * started, it does the work. Bytes cross in shared memory, since messages that
 * carry them cost more than the decompression.
 *
 * @module
 */

import { DriverError } from "../errors.ts";
import type { Chunks } from "./chunks.ts";

/** Compressions that can be undone. */
export type Compression = "gzip" | "zstd";

const NAME = "overlay2 decompression";
/** Bytes that cross at once. */
const PIECE = 1 << 18;
/** Pieces under way to the thread, and from it. */
const PIECES = { input: 2, output: 8 };

/** What the thread is told. */
type Order =
  | { readonly kind: "start"; readonly job: Job }
  | { readonly kind: "input"; readonly slot: number; readonly length: number }
  | { readonly kind: "taken"; readonly slot: number };

/** What the thread needs to know, and the memory that both sides see. */
interface Job {
  readonly compression: Compression;
  readonly input: SharedArrayBuffer;
  readonly output: SharedArrayBuffer;
}

/** What the thread answers. */
type Answer =
  | { readonly kind: "output"; readonly slot: number; readonly length: number }
  | { readonly kind: "hungry"; readonly slot: number }
  | { readonly kind: "end" }
  | {
    readonly kind: "fault";
    readonly code: string | undefined;
    readonly message: string;
  };

/** Undoes a compression on this thread. */
export async function onThisThread(
  compression: Compression,
  source: Chunks,
): Promise<Chunks> {
  return compression === "gzip"
    ? (await import("./gzip.ts")).gunzip(source)
    : (await import("./zstd.ts")).unzstd(source);
}

/**
 * Undoes a compression on another thread; memory is bounded.
 *
 * @param compression How the data are compressed.
 * @param source The data.
 * @returns What they hold. Ending it early ends the thread.
 * @throws {DriverError} `EBADMSG` if the data are damaged or cut short.
 */
export async function* onThread(
  compression: Compression,
  source: Chunks,
): Chunks {
  const job: Job = {
    compression,
    input: new SharedArrayBuffer(PIECES.input * PIECE),
    output: new SharedArrayBuffer(PIECES.output * PIECE),
  };
  const thread = new Worker(import.meta.url, { type: "module", name: NAME });
  const tell = (order: Order) => thread.postMessage(order);
  const answers = answersOf(thread);
  const feeder = new Feeder(source, job.input, tell);
  try {
    tell({ kind: "start", job });
    for (;;) {
      const answer = await Promise.race([answers.take(), feeder.failure]);
      if (answer.kind === "hungry") feeder.feed(answer.slot);
      else if (answer.kind === "end") return;
      else if (answer.kind === "fault") throw faultOf(answer);
      else {
        const { slot, length } = answer;
        const piece = slotOf(job.output, slot, length).slice();
        tell({ kind: "taken", slot });
        yield piece;
      }
    }
  } finally {
    thread.terminate();
  }
}

function slotOf(
  memory: SharedArrayBuffer,
  slot: number,
  length = PIECE,
): Uint8Array {
  return new Uint8Array(memory, slot * PIECE, length);
}

function answersOf(thread: Worker): Queue<Answer> {
  const answers = new Queue<Answer>();
  thread.onmessage = ({ data }: MessageEvent<Answer>) => answers.put(data);
  thread.onerror = (event) => {
    event.preventDefault();
    const { message } = event;
    answers.put({ kind: "fault", code: undefined, message });
  };
  return answers;
}

function faultOf(
  { code, message }: { code: string | undefined; message: string },
): Error {
  return code === undefined
    ? new Error(message)
    : new DriverError(code as DriverError["code"], message);
}

/** Puts the source's bytes where the thread finds them, one piece at a time. */
class Feeder {
  readonly #source: Chunks;
  readonly #memory: SharedArrayBuffer;
  readonly #tell: (order: Order) => void;
  readonly #failed = Promise.withResolvers<never>();
  #feeding: Promise<void> = Promise.resolve();
  #rest: Uint8Array = new Uint8Array();

  constructor(
    source: Chunks,
    memory: SharedArrayBuffer,
    tell: (order: Order) => void,
  ) {
    this.#source = source;
    this.#memory = memory;
    this.#tell = tell;
    this.failure.catch(() => {});
  }

  /** Fails with what the source fails with. */
  get failure(): Promise<never> {
    return this.#failed.promise;
  }

  /** Fills a slot, after those that were asked for before. */
  feed(slot: number): void {
    this.#feeding = this.#feeding
      .then(() => this.#fill(slot))
      .catch(this.#failed.reject);
  }

  async #fill(slot: number): Promise<void> {
    // A chunk of nothing is not the end, which is what no bytes say.
    while (this.#rest.length === 0) {
      const { done, value } = await this.#source.next();
      if (done) break;
      this.#rest = value;
    }
    const part = this.#rest.subarray(0, PIECE);
    slotOf(this.#memory, slot).set(part);
    this.#rest = this.#rest.subarray(part.length);
    this.#tell({ kind: "input", slot, length: part.length });
  }
}

/** Values in their order, for one who waits for them. */
class Queue<T> {
  readonly #values: T[] = [];
  #wake: () => void = () => {};

  put(value: T): void {
    this.#values.push(value);
    this.#wake();
  }

  async take(): Promise<T> {
    while (this.#values.length === 0) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#values.shift()!;
  }
}

/** The thread's side. */
interface Scope {
  readonly name: string;
  onmessage: (event: MessageEvent<Order>) => void;
  postMessage(answer: Answer): void;
}

function serve(scope: Scope): void {
  const inputs = new Queue<{ slot: number; length: number }>();
  const free = new Queue<number>();
  for (let slot = 0; slot < PIECES.output; slot++) free.put(slot);
  scope.onmessage = ({ data }) => {
    if (data.kind === "input") inputs.put(data);
    else if (data.kind === "taken") free.put(data.slot);
    else {
      work(scope, data.job, inputs, free).catch((error) => {
        const code = error instanceof DriverError ? error.code : undefined;
        scope.postMessage({ kind: "fault", code, message: `${error.message}` });
      });
    }
  };
}

async function work(
  scope: Scope,
  { compression, input, output }: Job,
  inputs: Queue<{ slot: number; length: number }>,
  free: Queue<number>,
): Promise<void> {
  const source = inputsOf(scope, input, inputs);
  let slot = await free.take();
  let filled = 0;
  for await (let rest of await onThisThread(compression, source)) {
    while (rest.length > 0) {
      const part = rest.subarray(0, PIECE - filled);
      slotOf(output, slot).set(part, filled);
      rest = rest.subarray(part.length);
      if ((filled += part.length) < PIECE) continue;
      scope.postMessage({ kind: "output", slot, length: filled });
      [slot, filled] = [await free.take(), 0];
    }
  }
  if (filled > 0) scope.postMessage({ kind: "output", slot, length: filled });
  scope.postMessage({ kind: "end" });
}

async function* inputsOf(
  scope: Scope,
  memory: SharedArrayBuffer,
  inputs: Queue<{ slot: number; length: number }>,
): Chunks {
  for (let slot = 0; slot < PIECES.input; slot++) {
    scope.postMessage({ kind: "hungry", slot });
  }
  for (;;) {
    const { slot, length } = await inputs.take();
    if (length === 0) return;
    const bytes = slotOf(memory, slot, length).slice();
    scope.postMessage({ kind: "hungry", slot });
    yield bytes;
  }
}

const scope = globalThis as unknown as Scope;
if ("WorkerGlobalScope" in globalThis && scope.name === NAME) serve(scope);
