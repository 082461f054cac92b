/**
 * Random archives, the same for the same seed: first by a grammar, then damaged.
 *
 * @module
 */

import { encodeName } from "../../src/text.ts";
import { END, file as rawFile, join, record, sign } from "../tar/fixture.ts";
import type { Choices } from "./choices.ts";
import { HEADER_ONLY } from "../../src/tar/limits.ts";
import { type Draft, encode } from "./entries.ts";
import { randomMarker, randomPath, randomTarget } from "./names.ts";

/** An archive in pieces: entries with their extended headers, then its end. */
export type Parts = readonly Uint8Array[];

const SIZES = [0, 0, 1, 5, 511, 512, 513, 5000, 70_000];

function content(random: Choices): Uint8Array {
  return encodeName(`${random.below(10)}`.repeat(random.pick(SIZES)));
}

/** One entry; `names` are those of earlier files, which links may name. */
function draft(random: Choices, names: string[], outside: string): Draft {
  const draft: Draft = {
    name: randomPath(random),
    type: "0",
    linkname: "",
    content: new Uint8Array(0),
    records: [],
  };
  switch (random.below(16)) {
    case 0:
    case 1:
    case 2:
      draft.content = content(random);
      // A file where others expect a directory ends most archives.
      if (!random.odd(2)) draft.name = draft.name.replace(/[abstu]$/, "c");
      break;
    case 3:
    case 4:
      draft.type = "5";
      if (!random.oneIn(3)) draft.name += "/";
      break;
    case 5:
    case 6:
      draft.type = "2";
      draft.linkname = randomTarget(random, outside);
      break;
    case 7:
    case 8:
      if (names.length === 0 && !random.odd(2)) break;
      draft.type = "1";
      draft.linkname = names.length > 0 && !random.odd(6)
        ? random.pick(names)
        : randomTarget(random, outside);
      break;
    case 9:
      draft.type = random.pick(["3", "4", "6"]);
      break;
    case 10:
      draft.type = random.pick([...random.odd(4) ? "123456g7SZ" : "\0"]);
      draft.linkname = randomTarget(random, outside);
      if (!HEADER_ONLY.has(draft.type)) draft.content = content(random);
      break;
    default:
      draft.name = randomMarker(random);
      if (random.oneIn(8)) draft.type = random.pick([..."0123456"]);
  }
  if (draft.type === "0" && draft.content.length > 0) names.push(draft.name);
  return draft;
}

/** Headers that no entry follows, or that speak of all of them. */
function stray(random: Choices): Uint8Array {
  const path = randomPath(random);
  return random.pick([
    () => rawFile({ name: "g", type: "g" }, record("path", path)),
    () => rawFile({ name: "g", type: "g" }, record("size", "5")),
    () => rawFile({ name: "x", type: "x" }, record("path", path)),
    () => rawFile({ name: "L", type: "L" }, `${path}\0`),
    () => rawFile({ name: "K", type: "K" }, `${path}\0`),
    () => new Uint8Array(512),
  ])();
}

/** Offsets of the blocks of a part that are headers with a right checksum. */
function headers(part: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 0; at + 512 <= part.length; at += 512) {
    const block = part.subarray(at, at + 512);
    const sum = sign(block.slice()).subarray(148, 154);
    if (sum.every((byte, i) => byte === block[148 + i])) found.push(at);
  }
  return found;
}

const BYTES = [0, 0x2e, 0x2f, 0x20, 0x2d, 0x30, 0x37, 0x3d, 0x0a, 0x80, 0xff];

/** Changes a byte, in a header mostly with the checksum put right. */
function damageByte(random: Choices, part: Uint8Array): void {
  if (part.length === 0) return;
  const at = random.below(part.length);
  const found = headers(part);
  part[at] = random.oneIn(3) ? random.below(256) : random.pick(BYTES);
  if (random.oneIn(10)) return;
  for (const start of found) sign(part.subarray(start, start + 512));
}

/** Damages an archive: bytes, blocks, the order of its entries, its end. */
function damage(random: Choices, parts: Uint8Array[]): void {
  const at = random.below(parts.length);
  const part = parts[at]!;
  switch (random.below(8)) {
    case 0:
      parts.splice(at, 1);
      break;
    case 1:
      parts.push(parts.splice(at, 1)[0]!);
      break;
    case 2:
      parts[at] = part.slice(0, random.below(part.length + 1));
      break;
    case 3:
      parts[at] = part.slice(0, 512 * random.below(part.length / 512 + 1));
      break;
    case 4:
      parts.splice(at, 0, random.pick(parts).slice());
      break;
    default:
      for (let i = 1 + random.below(4); i > 0; i--) damageByte(random, part);
  }
}

/**
 * Makes an archive.
 *
 * @param random Where the choices come from; how many it makes does not depend
 * on `outside`.
 * @param outside Absolute path of what the archive tries to reach.
 */
export function randomArchive(random: Choices, outside: string): Parts {
  const parts: Uint8Array[] = [];
  const names: string[] = [];
  for (let count = 1 + random.below(14); count > 0; count--) {
    if (random.odd(50)) parts.push(stray(random));
    parts.push(encode(random, draft(random, names, outside)));
  }
  if (!random.odd(20)) parts.push(END.slice());
  if (random.odd(40)) parts.push(encodeName("rubbish"));
  if (random.odd(3)) {
    for (let i = 1 + random.below(2); i > 0 && parts.length > 0; i--) {
      damage(random, parts);
    }
  }
  return parts;
}

/** Mixes the numbers of a run and of a case into a seed. */
export function seedOf(seed: number, number: number): number {
  const mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) +
    Math.imul(number + 1, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** All bytes of an archive. */
export function bytesOfParts(parts: Parts): Uint8Array<ArrayBuffer> {
  return join(...parts);
}
