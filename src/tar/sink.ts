/**
 * Who takes what the reader finds.
 *
 * @module
 */

import type { TarEntry } from "./entry.ts";

/**
 * Takes the entries of an archive, in their order.
 *
 * Each entry is one call of `entry`, then calls of `data` and `hole` that
 * together make up its content, then one call of `end`.
 */
export interface TarSink {
  /**
   * Takes the header of the next entry.
   *
   * @param entry Fields of the entry; the sink may keep and change it.
   */
  entry(entry: TarEntry): void;
  /**
   * Takes the next bytes of the content.
   *
   * @param bytes A view that is valid during the call only.
   */
  data(bytes: Uint8Array): void;
  /**
   * Takes a stretch of zeros that the archive does not carry.
   *
   * @param length Length of the stretch in bytes, at least 1.
   */
  hole(length: number): void;
  /**
   * Whether there is work to do before more is taken: the reader then stops, and
   * goes on at the next push.
   */
  readonly busy?: boolean;
  /** Is told that the content is complete, also if there was none. */
  end(): void;
}
