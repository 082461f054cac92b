/**
 * Archives that are damaged in every place.
 *
 * @module
 */

import { END, sign } from "./fixture.ts";

/** Offsets of the blocks whose checksum can be corrected after a change. */
function headerOffsets(archive: Uint8Array): number[] {
  const offsets: number[] = [];
  for (let at = 0; at + 512 <= archive.length; at += 512) {
    const block = archive.slice(at, at + 512);
    const signed = sign(block.slice());
    const same = block.every((byte, i) =>
      byte === signed[i] || i >= 148 && i < 156
    );
    const sum = String.fromCharCode(...block.subarray(148, 154));
    if (same && sum === String.fromCharCode(...signed.subarray(148, 154))) {
      offsets.push(at);
    }
  }
  return offsets;
}

/** Whether a byte is content, or the padding after it by a little. */
function matters(archive: Uint8Array, at: number): boolean {
  return archive.subarray(at - 2, at + 1).some((byte) => byte !== 0);
}

/** The archive with each byte changed in turn, checksums corrected. */
export function* mutations(
  archive: Uint8Array,
): Generator<[string, Uint8Array]> {
  const headers = headerOffsets(archive);
  const end = archive.length - END.length;
  for (let at = 0; at < end; at++) {
    const block = at - at % 512;
    const isHeader = headers.includes(block);
    if (!isHeader && !matters(archive, at)) continue;
    const inChecksum = at - block >= 148 && at - block < 156;
    for (const mask of [0x01, 0x90, archive[at]! ^ 0x2d]) {
      if (mask === 0) continue;
      const changed = archive.slice();
      changed[at]! ^= mask;
      if (isHeader && !inChecksum) sign(changed.subarray(block, block + 512));
      yield [`byte ${at} ^ ${mask}`, changed];
    }
  }
}

/** The archive cut at each byte. */
export function* cuts(archive: Uint8Array): Generator<[string, Uint8Array]> {
  for (let length = 0; length < archive.length; length++) {
    yield [`first ${length} bytes`, archive.subarray(0, length)];
  }
}
