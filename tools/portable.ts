/**
 * Packs a program and the `deno` that runs it into one executable file.
 *
 * The file is `portable.sh`, filled up to {@linkcode HEADER_SIZE}, then the
 * program as one JavaScript module, then the gzipped binary. What happens when
 * it is started is told there.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** Size in bytes of the script at the beginning of a portable file. */
export const HEADER_SIZE = 8192;

/** What goes into a portable file. */
export interface PortableParts {
  /** Version of the program, for the reader of the script. */
  readonly version: string;
  /** The program: one module without imports that would need a network. */
  readonly program: Uint8Array;
  /** The binary that runs it. */
  readonly deno: Uint8Array;
}

/**
 * Packs `parts` into the bytes of an executable file.
 *
 * @param parts What to pack; the same parts give the same bytes.
 * @returns The file's content; the file needs mode `0o755`.
 */
export function packPortable(parts: PortableParts): Uint8Array<ArrayBuffer> {
  const header = encodeHeader({
    VERSION: parts.version,
    HEADER: `${HEADER_SIZE}`,
    MAIN_SIZE: `${parts.program.length}`,
    MAIN_SUM: sha256(parts.program),
    DENO_SIZE: `${parts.deno.length}`,
    DENO_SUM: sha256(parts.deno),
  });
  return concat([header, parts.program, gzipSync(parts.deno)]);
}

function encodeHeader(
  values: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const template = Deno.readTextFileSync(
    new URL("portable.sh", import.meta.url),
  );
  const script = template.replace(
    /@([A-Z_]+)@/g,
    (mark, name: string) => values[name] ?? mark,
  );
  const bytes = new TextEncoder().encode(script);
  if (bytes.length > HEADER_SIZE) {
    throw new RangeError(
      `Cannot pack: the script has ${bytes.length} bytes, above ${HEADER_SIZE}`,
    );
  }
  const header = new Uint8Array(HEADER_SIZE).fill(0x0a);
  header.set(bytes);
  return header;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
