/**
 * The content of a sparse file: stored bytes and the holes between them.
 *
 * @module
 */

import type { TarSink } from "./sink.ts";
import type { SparseMap } from "./sparse.ts";

/** Hands the stored bytes of a sparse file on, with the holes between them. */
export class SparseContent {
  readonly #map: SparseMap;
  readonly #size: number;
  readonly #sink: TarSink;
  /** Index of the piece that the next stored byte belongs to. */
  #piece = 0;
  /** Offset of that byte in the file. */
  #position = 0;

  /**
   * Makes the content of one file.
   *
   * @param map Where its data lies; it has been checked.
   * @param size Size of the file with its holes, in bytes.
   * @param sink Who takes data and holes.
   */
  constructor(map: SparseMap, size: number, sink: TarSink) {
    this.#map = map;
    this.#size = size;
    this.#sink = sink;
  }

  /** Reports the hole before the next data, if there is one. */
  skip(): void {
    const map = this.#map;
    while (this.#piece < map.length && map[this.#piece + 1] === 0) {
      this.#piece += 2;
    }
    const more = this.#piece < map.length;
    const next = more ? map[this.#piece]! : this.#size;
    if (next > this.#position) this.#sink.hole(next - this.#position);
    this.#position = next;
  }

  /**
   * Takes stored bytes; there are never more than the map has room for.
   *
   * @param bytes Bytes that contain them.
   * @param start Offset of the first.
   * @param end Offset after the last.
   */
  push(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end;) {
      const pieceEnd = this.#map[this.#piece]! + this.#map[this.#piece + 1]!;
      const length = Math.min(end - at, pieceEnd - this.#position);
      this.#sink.data(bytes.subarray(at, at + length));
      at += length;
      this.#position += length;
      if (this.#position === pieceEnd) {
        this.#piece += 2;
        this.skip();
      }
    }
  }
}
