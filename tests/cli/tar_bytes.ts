/**
 * Small tar archives for the program to unpack, made independently of the
 * sources (POSIX.1-1988 ustar).
 *
 * @module
 */

import { encodeName } from "../../src/text.ts";

/** A member of an archive; a name that ends with `/` is a directory. */
export interface Member {
  readonly name: string;
  readonly content?: string | Uint8Array;
}

/** Bytes of a block. */
const BLOCK = 512;

/** Makes an archive, with its final blocks. */
export function tarOf(...members: Member[]): Uint8Array {
  const parts = members.flatMap((member) => memberParts(member));
  return concat([...parts, new Uint8Array(2 * BLOCK)]);
}

function memberParts({ name, content = "" }: Member): Uint8Array[] {
  const bytes = typeof content === "string" ? encodeName(content) : content;
  const padding = new Uint8Array((BLOCK - bytes.length % BLOCK) % BLOCK);
  return [header(name, bytes.length), bytes, padding];
}

function header(name: string, size: number): Uint8Array {
  const isDirectory = name.endsWith("/");
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => block.set(encodeName(text), at);
  put(0, name);
  put(100, isDirectory ? "0000755\0" : "0000644\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  put(124, `${size.toString(8).padStart(11, "0")}\0`);
  put(136, "14000000000\0");
  put(148, "        ");
  put(156, isDirectory ? "5" : "0");
  put(257, "ustar\x0000");
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

/** Joins pieces. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
