import {
  checksumMatches,
  decodeHeader,
  padding,
  sumBlock,
} from "../../src/tar/header.ts";
import { assertEquals } from "../assert.ts";
import { GNU, header, join, octal } from "./fixture.ts";

Deno.test("padding() fills up to a multiple of 512", () => {
  assertEquals([0, 1, 511, 512, 513].map(padding), [0, 511, 1, 0, 511]);
  assertEquals(padding(2 ** 53 - 1), 1);
});

Deno.test("sumBlock() is 0 for zeros only", () => {
  const block = new Uint8Array(1024);
  assertEquals(sumBlock(block, 512), 0);

  block[1023] = 1;

  assertEquals(sumBlock(block, 512), 1);
  assertEquals(sumBlock(block, 0), 0);
});

Deno.test("checksumMatches() notices a change of any byte", () => {
  const block = header({ name: "name", linkname: "é" });
  assertEquals(checksumMatches(block, 0, sumBlock(block, 0)), true);
  for (let i = 0; i < 512; i++) {
    const changed = block.slice();
    changed[i]! ^= 0x02;
    const matches = checksumMatches(changed, 0, sumBlock(changed, 0));
    // What follows the checksum's NUL does not count.
    assertEquals(matches, i === 155, `byte ${i}`);
  }
});

Deno.test("decodeHeader() reads a block in the middle of others", () => {
  const block = header({
    name: "name",
    prefix: "dir",
    linkname: "target",
    type: "1",
    mode: "0104755\0",
    uid: "0001750\0",
    gid: "0000144\0",
    size: 99,
    mtime: octal(1700000000),
    devmajor: "0000010\0",
    devminor: "0000003\0",
  });

  const { entry, format } = decodeHeader(join("x".repeat(99), block, "y"), 99);

  assertEquals(format, "ustar");
  assertEquals(entry, {
    name: "dir/name",
    type: "1",
    linkname: "target",
    size: 99,
    mode: 0o4755,
    uid: 1000,
    gid: 100,
    mtime: { seconds: 1700000000, nanoseconds: 0 },
    atime: undefined,
    devmajor: 8,
    devminor: 3,
    xattrs: undefined,
  });
});

Deno.test("decodeHeader() prefers names that were told before", () => {
  const block = header({ name: "short", linkname: "short", prefix: "dir" });

  const { entry } = decodeHeader(block, 0, "long", "target");

  assertEquals([entry.name, entry.linkname], ["long", "target"]);
});

Deno.test("decodeHeader() tells the formats apart by their magic", () => {
  const formatOf = (fields: Parameters<typeof header>[0]) =>
    decodeHeader(header(fields), 0).format;

  assertEquals(formatOf({}), "ustar");
  assertEquals(formatOf({ magic: GNU }), "gnu");
  assertEquals(formatOf({ magic: "" }), "v7");
  assertEquals(formatOf({ magic: "ustar 00" }), "v7");
  assertEquals(formatOf({ at: { 508: "tar\0" } }), "star");
});

Deno.test("decodeHeader() takes text in the place of GNU times for a prefix", () => {
  const times = header({ name: "n", magic: GNU, at: { 345: octal(8) } });
  const prefix = header({ name: "n", magic: GNU, at: { 345: "some/dir" } });

  assertEquals(decodeHeader(times, 0).entry.atime?.seconds, 8);
  assertEquals(decodeHeader(times, 0).entry.name, "n");
  assertEquals(decodeHeader(prefix, 0).entry.atime, undefined);
  assertEquals(decodeHeader(prefix, 0).entry.name, "some/dir/n");
});
