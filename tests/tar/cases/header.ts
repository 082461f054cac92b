/**
 * Archives about the header block: types, names, numbers, checksums, formats.
 *
 * @module
 */

import { base256, file, GNU, header, join, octal } from "../fixture.ts";
import { withTrailer } from "./trailer.ts";

const STAR_END = { 508: "tar\0" };

/** Sums the bytes as signed ones, as Sun's tar did. */
function signedChecksum(block: Uint8Array<ArrayBuffer>): Uint8Array {
  block.fill(0x20, 148, 156);
  const sum = block.reduce(
    (sum, byte) => sum + byte - (byte > 127 ? 256 : 0),
    0,
  );
  const text = sum.toString(8).padStart(6, "0") + "\0 ";
  block.set(new TextEncoder().encode(text), 148);
  return block;
}

/** Archives by name. */
export const HEADERS: Record<string, Uint8Array> = withTrailer({
  "every type": join(
    ...[..."0123456789ABDMNV\xff\0z"].map((type, i) =>
      header({ name: `n${i}`, type, linkname: "t" })
    ),
  ),
  "NUL type with a slash is a directory": header({ name: "d/", type: "\0" }),
  "NUL type without a slash is a file": file({ name: "d", type: "\0" }, "x"),
  "file type with a slash": header({ name: "d/", type: "0" }),
  "contiguous file": file({ name: "c", type: "7" }, "body"),
  "header-only types have no content": join(
    ...[..."123456"].map((type) => header({ name: "n", type, size: 99 })),
  ),
  "v7": file({ name: "v7", magic: "", uid: " 12 \0   " }, "x"),
  "v7 has no device fields": header({ type: "3", magic: "", devmajor: "x" }),
  "ustar prefix": header({ name: "name", prefix: "dir/sub" }),
  "ustar with another version": header({ magic: "ustar\0  ", prefix: "p" }),
  "almost GNU magic is v7": header({ magic: "ustar  x", prefix: "p" }),
  "full fields without NUL": header({
    name: "n".repeat(100),
    linkname: "l".repeat(100),
    prefix: "p".repeat(155),
    type: "2",
  }),
  "names that are not UTF-8": join(
    header({ name: "a\udcff/b\udcc3" }),
    header({ name: "é☺", linkname: "\udc80", type: "2", prefix: "\udcfe" }),
  ),
  "empty name": header({ name: "" }),
  "numbers in many forms": header({
    mode: "  755 \0 ",
    uid: "\0\0 17\0x7",
    gid: new Uint8Array(8),
    mtime: "77777777777 ",
  }),
  "file type bits in the mode": header({ mode: "0100644\0" }),
  "base-256 numbers": header({
    mode: base256(0o755n, 8),
    uid: base256(3000000n, 8),
    gid: base256(2n ** 32n, 8),
    mtime: base256(2n ** 40n, 12),
    devmajor: base256(7n, 8),
  }),
  "negative base-256 numbers": header({
    uid: base256(-1n, 8),
    mtime: base256(-2n, 12),
    mode: base256(-1n, 8),
  }),
  "base-256 of 63 bits": header({ mtime: base256(2n ** 63n - 1n, 12) }),
  "base-256 of 64 bits": header({ mtime: base256(2n ** 63n, 12) }),
  "base-256 of many bits": header({ mtime: base256(2n ** 80n, 12) }),
  "lowest base-256": header({ mtime: base256(-(2n ** 63n), 12) }),
  "below the lowest base-256": header({
    mtime: base256(-(2n ** 63n) - 1n, 12),
  }),
  "negative size": header({ size: base256(-1n, 12) }),
  "negative size of a directory": header({
    type: "5",
    size: base256(-1n, 12),
  }),
  "size of 62 bits": header({ size: base256(2n ** 62n, 12) }),
  "size of 62 bits of a directory": header({
    type: "5",
    size: base256(2n ** 62n, 12),
  }),
  "size is text": header({ size: "abc" }),
  "mode is text": header({ mode: "rwxr-xr-" }),
  "octal with digit 8": header({ uid: "0000008\0" }),
  "octal with a sign": header({ uid: "-000001\0" }),
  "device number is text": header({ devmajor: "x" }),
  "device numbers": join(
    header({ type: "3", devmajor: "0000001\0", devminor: "0000003\0" }),
    header({ type: "4", devmajor: base256(0xffffffffn, 8) }),
  ),
  "device number too large": header({
    type: "3",
    devmajor: base256(1n << 32n, 8),
  }),
  "device number negative": header({ type: "4", devminor: base256(-1n, 8) }),
  "device number too large, of a file": header({
    devmajor: base256(1n << 32n, 8),
  }),
  "wrong checksum": header({ name: "a" }).fill(0x39, 148, 154),
  "checksum is text": header({ name: "a" }).fill(0x78, 148, 156),
  "checksum of signed bytes": signedChecksum(header({ name: "é☺" })),
  "checksum in another form": header({ name: "a" }).map((byte, i) =>
    i === 154 ? 0x20 : i === 155 ? 0 : byte
  ),
  "GNU times": header({ magic: GNU, at: { 345: octal(1), 357: octal(2) } }),
  "prefix in a GNU header": header({ magic: GNU, at: { 345: "dir/name" } }),
  "prefix in a GNU header, not ASCII": header({ magic: GNU, at: { 345: "é" } }),
  "star": header({
    name: "a",
    prefix: "p",
    at: { ...STAR_END, 476: octal(5), 488: octal(6) },
  }),
  "star with a bad time": header({ at: { ...STAR_END, 488: "x" } }),
  "star without times": header({ at: STAR_END }),
});
