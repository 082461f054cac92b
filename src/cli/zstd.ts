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
import { ZstdFrame } from "./zstd_frame.ts";

/** Magic number of a frame (section 3.1.1), little endian. */
const FRAME = 0xfd2fb528;

/** Magic numbers of skippable frames (section 3.1.2): this and the next 15. */
const SKIPPABLE = 0x184d2a50;

/**
 * Unpacks zstd data.
 *
 * @param source One or more frames; a chunk is not looked at any more when the
 * next one is asked for.
 * @returns What they hold.
 * @throws {DriverError} `EBADMSG` if the data are damaged or cut short, or if
 * something else follows.
 */
export async function* unzstd(source: Chunks): Chunks {
  const bytes = new Bytes(source);
  while ((await bytes.some()).length > 0) {
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
  yield* await engine.feed(magic);
  for (const frame = new ZstdFrame(); !frame.ended;) {
    const length = frame.pass(await bytes.needed());
    yield* await engine.feed(await bytes.take(length));
  }
  yield* await engine.finish();
}

function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
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

  /** Some of the bytes that come next, which are still to be taken; none at the end. */
  async some(): Promise<Uint8Array> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#source.next();
      if (done) break;
      this.#chunk = value;
    }
    return this.#chunk;
  }

  /** Like {@linkcode Bytes.some}, where the data may not end. */
  async needed(): Promise<Uint8Array> {
    const bytes = await this.some();
    if (bytes.length === 0) throw damaged("zstd", "it ends early");
    return bytes;
  }

  async take(count: number): Promise<Uint8Array> {
    if (this.#chunk.length >= count) return this.#takeAtMost(count);
    const taken = new Uint8Array(count);
    for (let at = 0; at < count;) {
      await this.needed();
      const part = this.#takeAtMost(count - at);
      taken.set(part, at);
      at += part.length;
    }
    return taken;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      await this.needed();
      left -= this.#takeAtMost(left).length;
    }
  }

  #takeAtMost(count: number): Uint8Array {
    const part = this.#chunk.subarray(0, count);
    this.#chunk = this.#chunk.subarray(part.length);
    return part;
  }
}
