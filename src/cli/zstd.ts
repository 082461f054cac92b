/**
 * Zstandard: any number of frames, one after another (RFC 8878).
 *
 * The decompressor of `node:zlib` stops after the first frame, takes a frame
 * that is cut short for a whole one, and lets an error that arises while its
 * output waits escape from the stream. Here frames are told apart first, and it
 * is fed one block at a time, whose output cannot be more than 128 KiB.
 *
 * @module
 */

import { createZstdDecompress } from "node:zlib";

import { type Chunks, damaged } from "./chunks.ts";
import { Engine, OUTPUT_CHUNK } from "./engine.ts";

/** Magic number of a frame (section 3.1.1), little endian. */
const FRAME = 0xfd2fb528;

/** Magic numbers of skippable frames (section 3.1.2): this and the next 15. */
const SKIPPABLE = 0x184d2a50;

/** Largest block (section 3.1.1.2.4), in bytes. */
const MAX_BLOCK = 1 << 17;

/** Block type whose content is one byte to be repeated (section 3.1.1.2.2). */
const RLE = 1;

/**
 * Unpacks zstd data.
 *
 * @param source One or more frames.
 * @returns What they hold.
 * @throws {DriverError} `EBADMSG` if the data are damaged or cut short, or if
 * something else follows.
 */
export async function* unzstd(source: Chunks): Chunks {
  const bytes = new Bytes(source);
  while (!await bytes.atEnd()) {
    const magic = await bytes.take(4);
    const number = uint32(magic);
    if (number === FRAME) yield* unzstdFrame(bytes, magic);
    else if ((number & ~0xf) === SKIPPABLE) {
      await bytes.skip(uint32(await bytes.take(4)));
    } else throw damaged("zstd", "something else follows its end");
  }
}

async function* unzstdFrame(bytes: Bytes, magic: Uint8Array): Chunks {
  const unzstd = createZstdDecompress({ chunkSize: OUTPUT_CHUNK });
  using engine = new Engine(unzstd, reasonOf);
  const [descriptor] = await bytes.take(1);
  const header = await bytes.take(headerSize(descriptor!));
  yield* await engine.feed(concat(magic, [descriptor!], header));
  for (let last = false; !last;) {
    const head = await bytes.take(3);
    last = (head[0]! & 1) === 1;
    const block = await bytes.take(contentSize(head));
    yield* await engine.feed(concat(head, block));
  }
  if (descriptor! & 4) yield* await engine.feed(await bytes.take(4));
  yield* await engine.finish();
}

/** Size of what follows the descriptor in a frame's header (3.1.1.1). */
function headerSize(descriptor: number): number {
  const single = (descriptor & 0x20) !== 0;
  const dictionaryId = [0, 1, 2, 4][descriptor & 3]!;
  const contentSize = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  return (single ? 0 : 1) + dictionaryId + contentSize;
}

/** Size of what follows a block's header of three bytes (3.1.1.2). */
function contentSize(head: Uint8Array): number {
  const field = head[0]! | head[1]! << 8 | head[2]! << 16;
  const type = field >> 1 & 3;
  const size = field >> 3;
  if (type === 3 || size > MAX_BLOCK) throw damaged("zstd", "it is damaged");
  return type === RLE ? 1 : size;
}

function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

function concat(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function reasonOf(error: Error): Error {
  const text = error.message.split(": ").at(-1)!;
  return damaged("zstd", text.charAt(0).toLowerCase() + text.slice(1), error);
}

/** Takes as many bytes as are asked for, whatever the size of the chunks. */
class Bytes {
  readonly #source: Chunks;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(source: Chunks) {
    this.#source = source;
  }

  /** Whether nothing is left; makes `#chunk` hold at least one byte if not. */
  async atEnd(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#source.next();
      if (done) return true;
      this.#chunk = value;
    }
    return false;
  }

  async take(count: number): Promise<Uint8Array> {
    if (this.#chunk.length >= count) return this.#takeAtMost(count);
    const taken = new Uint8Array(count);
    for (let at = 0; at < count;) {
      if (await this.atEnd()) throw damaged("zstd", "it ends early");
      const part = this.#takeAtMost(count - at);
      taken.set(part, at);
      at += part.length;
    }
    return taken;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      if (await this.atEnd()) throw damaged("zstd", "it ends early");
      left -= this.#takeAtMost(left).length;
    }
  }

  #takeAtMost(count: number): Uint8Array {
    const part = this.#chunk.subarray(0, count);
    this.#chunk = this.#chunk.subarray(part.length);
    return part;
  }
}
