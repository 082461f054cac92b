/**
 * Bytes from one thread to another, in memory that both see: messages that carry
 * them cost more than what is done with them.
 *
 * The one that gives waits without its event loop, so it must be a thread of its
 * own; the one that takes never waits here.
 *
 * @module
 */

/** Bytes that cross at once. */
const PIECE = 1 << 20;
/** Pieces that may be under way. */
const PIECES = 4;

/** Pieces taken so far; from {@linkcode STOPPED} on nobody takes any more. */
const TAKEN = 0;
/** Pieces given so far. */
const GIVEN = 1;
/** Length of the first piece in memory; the others follow. */
const LENGTHS = 2;
const STOPPED = 1 << 30;

/** What both sides are handed. */
export interface SharedMemory {
  /** The pieces. */
  readonly bytes: SharedArrayBuffer;
  /** Counters and lengths. */
  readonly state: SharedArrayBuffer;
}

/** Makes memory for some MiB that are under way. */
export function sharedMemory(): SharedMemory {
  return {
    bytes: new SharedArrayBuffer(PIECES * PIECE),
    state: new SharedArrayBuffer((LENGTHS + PIECES) * 4),
  };
}

/** Nobody takes any more. */
export class NotTakenError extends Error {
  /** Always `"NotTakenError"`. */
  override readonly name = "NotTakenError";
}

/** The side that gives. */
export class Giver {
  readonly #bytes: Uint8Array;
  readonly #state: Int32Array;
  readonly #onPiece: () => void;
  #filled = 0;

  /**
   * Makes the side that gives.
   *
   * @param memory The same as the other side's.
   * @param onPiece Called when a piece is there to be taken.
   */
  constructor(memory: SharedMemory, onPiece: () => void) {
    this.#bytes = new Uint8Array(memory.bytes);
    this.#state = new Int32Array(memory.state);
    this.#onPiece = onPiece;
  }

  /** Throws if nobody takes any more. @throws {NotTakenError} then. */
  refuseStopped(): void {
    if (Atomics.load(this.#state, TAKEN) >= STOPPED) throw new NotTakenError();
  }

  /** Gives bytes; waits while too many are under way. @throws {NotTakenError} */
  give(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0;) {
      if (this.#filled === 0) this.#waitForRoom();
      const part = rest.subarray(0, PIECE - this.#filled);
      const slot = this.#state[GIVEN]! % PIECES;
      this.#bytes.set(part, slot * PIECE + this.#filled);
      this.#filled += part.length;
      rest = rest.subarray(part.length);
      if (this.#filled === PIECE) this.flush();
    }
  }

  /** Lets what was given be taken, though it fills no piece. */
  flush(): void {
    if (this.#filled === 0) return;
    this.#state[LENGTHS + this.#state[GIVEN]! % PIECES] = this.#filled;
    this.#filled = 0;
    Atomics.add(this.#state, GIVEN, 1);
    this.#onPiece();
  }

  #waitForRoom(): void {
    for (;;) {
      const taken = Atomics.load(this.#state, TAKEN);
      if (taken >= STOPPED) throw new NotTakenError();
      if (this.#state[GIVEN]! - taken < PIECES) return;
      Atomics.wait(this.#state, TAKEN, taken);
    }
  }
}

/** The side that takes. */
export class Taker {
  readonly #bytes: SharedArrayBuffer;
  readonly #state: Int32Array;
  #seen = 0;
  #stopped = false;

  /** Makes the side that takes. */
  constructor(memory: SharedMemory) {
    this.#bytes = memory.bytes;
    this.#state = new Int32Array(memory.state);
  }

  /** The next piece, valid until the next call; `undefined` if none is there. */
  take(): Uint8Array | undefined {
    if (this.#stopped) return undefined;
    this.#giveBack();
    if (Atomics.load(this.#state, GIVEN) === this.#seen) return undefined;
    const slot = this.#seen++ % PIECES;
    const length = this.#state[LENGTHS + slot]!;
    return new Uint8Array(this.#bytes, slot * PIECE, length);
  }

  #giveBack(): void {
    if (Atomics.load(this.#state, TAKEN) === this.#seen) return;
    Atomics.store(this.#state, TAKEN, this.#seen);
    Atomics.notify(this.#state, TAKEN);
  }

  /** Tells the other side that no more will be taken. */
  stop(): void {
    this.#stopped = true;
    Atomics.store(this.#state, TAKEN, STOPPED);
    Atomics.notify(this.#state, TAKEN);
  }
}
