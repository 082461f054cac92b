/**
 * gzip: any number of members, one after another (RFC 1952).
 *
 * @module
 */

import { createGunzip } from "node:zlib";

import { type Chunks, damaged } from "./chunks.ts";
import { Engine, OUTPUT_CHUNK } from "./engine.ts";

/** Bytes per step: gzip makes at most a thousand times as many of them. */
const STEP = 1 << 14;

/**
 * Unpacks gzip data.
 *
 * @param source One or more members; zeros may follow, as tapes have them.
 * @returns What they hold.
 * @throws {DriverError} `EBADMSG` if the data are damaged or cut short, or if
 * something else follows.
 */
export async function* gunzip(source: Chunks): Chunks {
  const gunzip = createGunzip({ chunkSize: OUTPUT_CHUNK });
  using engine = new Engine(gunzip, reasonOf);
  let fed = 0;
  for await (const piece of pieces(source)) {
    // Once the engine has left some input unused, it takes no more.
    if (engine.used === fed) {
      yield* await engine.feed(piece);
      fed += piece.length;
      checkPadding(piece.subarray(piece.length - (fed - engine.used)));
    } else checkPadding(piece);
  }
  yield* await engine.finish();
}

async function* pieces(source: Chunks): Chunks {
  for await (const chunk of source) {
    for (let i = 0; i < chunk.length; i += STEP) {
      yield chunk.subarray(i, i + STEP);
    }
  }
}

function checkPadding(bytes: Uint8Array): void {
  if (bytes.some((byte) => byte !== 0)) {
    throw damaged("gzip", "something else follows its end");
  }
}

const REASONS: Readonly<Record<string, string>> = {
  Z_BUF_ERROR: "it ends early",
  Z_DATA_ERROR: "it is damaged",
};

function reasonOf(error: Error): Error {
  const code = "code" in error ? String(error.code) : "";
  return damaged("gzip", REASONS[code] ?? error.message, error);
}
