/**
 * Reads what `record.ts` writes.
 *
 * @module
 */

import { crc32, zstdDecompressSync } from "node:zlib";
import { decodeName } from "../text.ts";
import { BLOCK_HEAD, BLOCK_LIMIT, KIND, MAGIC, PATH_LIMIT } from "./record.ts";

/** The next part of an archive. */
export type RecordPart =
  /** Bytes of it, valid until the next part is asked for. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** The file that the parts up to the sum are of. */
  | { readonly kind: "file"; readonly path: string; readonly size: number }
  /** Bytes of the file, from an offset on. */
  | { readonly kind: "data"; readonly offset: number; readonly length: number }
  /** What all these bytes add up to. */
  | { readonly kind: "sum"; readonly crc: number };

/** A record that is damaged. */
export class RecordError extends Error {
  /** Always `"RecordError"`. */
  override readonly name = "RecordError";
}

/** Gives the next bytes of a record: how many were put, 0 at its end. */
export type RecordSource = (into: Uint8Array<ArrayBuffer>) => number;

const CUT = "it is cut short";

/**
 * Reads a record, holding one block of it.
 *
 * @param source Where it comes from.
 * @returns Its parts.
 * @throws {RecordError} if anything of it is not as it was written.
 */
export function* readRecord(source: RecordSource): Generator<RecordPart> {
  const order = new Order();
  for (const text of blocks(source)) {
    const block = new Block(text);
    while (!block.ended) {
      const part = order.take(block.kind(), block);
      if (part !== undefined) yield part;
    }
  }
  if (!order.ended) throw new RecordError(CUT);
}

function* blocks(source: RecordSource): Generator<Uint8Array> {
  const magic = taken(source, new Uint8Array(MAGIC.length));
  if (magic?.every((byte, i) => byte === MAGIC[i]) !== true) {
    throw new RecordError("it does not begin as one");
  }
  for (;;) {
    const head = taken(source, new Uint8Array(BLOCK_HEAD));
    if (head === undefined) return;
    const [stored, length, crc] = [0, 4, 8].map((at) =>
      new DataView(head.buffer).getUint32(at, true)
    ) as [number, number, number];
    // What cannot be compressed becomes a little longer.
    if (length > BLOCK_LIMIT || stored > 2 * BLOCK_LIMIT) throw damaged();
    const bytes = taken(source, new Uint8Array(stored));
    if (bytes === undefined) throw new RecordError(CUT);
    yield expanded(bytes, length, crc);
  }
}

/** Fills a buffer; `undefined` if nothing is left. */
function taken(
  source: RecordSource,
  into: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> | undefined {
  for (let at = 0; at < into.length;) {
    const length = source(into.subarray(at));
    if (length === 0 && at === 0) return undefined;
    if (length === 0) throw new RecordError(CUT);
    at += length;
  }
  return into;
}

function expanded(stored: Uint8Array, length: number, crc: number): Uint8Array {
  let text: Uint8Array;
  try {
    text = zstdDecompressSync(stored, { maxOutputLength: BLOCK_LIMIT });
  } catch {
    throw damaged();
  }
  if (text.length !== length || crc32(text) !== crc) throw damaged();
  return text;
}

function damaged(): RecordError {
  return new RecordError("a block of it is damaged");
}

/** The text of one block. */
class Block {
  readonly #text: Uint8Array;
  #at = 0;

  constructor(text: Uint8Array) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#at === this.#text.length;
  }

  kind(): number {
    return this.bytes(1)[0]!;
  }

  number(): number {
    let value = 0;
    for (let scale = 1;; scale *= 0x80) {
      const byte = this.bytes(1)[0]!;
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) throw damaged();
      if (byte < 0x80) return value;
    }
  }

  bytes(length: number): Uint8Array {
    const bytes = this.#text.subarray(this.#at, this.#at + length);
    if (bytes.length < length) throw damaged();
    this.#at += length;
    return bytes;
  }

  word(): number {
    const { buffer, byteOffset } = this.bytes(4);
    return new DataView(buffer, byteOffset, 4).getUint32(0, true);
  }
}

/** Reads parts, and sees to it that they follow each other as they must. */
class Order {
  /** Size of the file that parts are of; `undefined` outside of one. */
  #size: number | undefined;
  #offset = 0;
  #total = 0;
  ended = false;

  take(kind: number, block: Block): RecordPart | undefined {
    const inside = kind === KIND.data || kind === KIND.sum;
    if (this.ended || inside !== (this.#size !== undefined)) throw damaged();
    switch (kind) {
      case KIND.bytes:
        return this.#bytes(block);
      case KIND.file:
        return this.#file(block);
      case KIND.data:
        return this.#data(block);
      case KIND.sum:
        this.#size = undefined;
        return { kind: "sum", crc: block.word() };
      case KIND.end:
        if (block.number() !== this.#total) throw damaged();
        this.ended = true;
        return undefined;
      default:
        throw damaged();
    }
  }

  #bytes(block: Block): RecordPart {
    const bytes = block.bytes(block.number());
    this.#total += bytes.length;
    return { kind: "bytes", bytes };
  }

  #file(block: Block): RecordPart {
    const length = block.number();
    if (length > PATH_LIMIT) throw damaged();
    const name = block.bytes(length);
    const path = decodeName(name, 0, length);
    this.#size = block.number();
    this.#offset = 0;
    return { kind: "file", path, size: this.#size };
  }

  #data(block: Block): RecordPart {
    const offset = this.#offset + block.number();
    const length = block.number();
    if (offset + length > this.#size!) throw damaged();
    this.#offset = offset + length;
    this.#total += length;
    return { kind: "data", offset, length };
  }
}
