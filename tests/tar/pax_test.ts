import { Malformed } from "../../src/tar/error.ts";
import {
  formatPaxRecord,
  formatPaxTime,
  parsePax,
  paxText,
} from "../../src/tar/pax.ts";
import { encodeName } from "../../src/text.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { join, record } from "./fixture.ts";

Deno.test("parsePax() keeps values as bytes, newlines and equals signs too", () => {
  const value = new Uint8Array([10, 61, 0, 255, 128, 10]);

  const records = parsePax(join(
    record("SCHILY.xattr.user.a", value),
    record("path", "a=b\nc"),
  ));

  assertEquals(records.get("SCHILY.xattr.user.a"), value);
  assertEquals(paxText(records, "path"), "a=b\nc");
});

Deno.test("parsePax() lets the last record of a key count", () => {
  const records = parsePax(join(record("uid", "1"), record("uid", "")));

  assertEquals(paxText(records, "uid"), "");
});

Deno.test("parsePax() joins the pairs of sparse format 0.0", () => {
  const records = parsePax(join(
    record("GNU.sparse.offset", "0"),
    record("GNU.sparse.numbytes", "5"),
    record("GNU.sparse.offset", "9"),
    record("GNU.sparse.numbytes", "1"),
  ));

  assertEquals([...records.keys()], ["GNU.sparse.map"]);
  assertEquals(paxText(records, "GNU.sparse.map"), "0,5,9,1");
});

Deno.test("parsePax() refuses a record whose length is wrong", () => {
  const bodies = ["10 path=ab\n", "12 path=ab\n", "99 path=ab\n", "0 a=b\n"]
    .concat(["x path=ab\n", "-11 path=ab\n", " path=ab\n", "11 path=ab "]);
  for (const body of bodies) {
    assertThrows(
      () => parsePax(encodeName(body)),
      Malformed,
      "wrong length",
      body,
    );
  }
});

Deno.test("parsePax() refuses NUL in names, not in other values", () => {
  for (const key of ["path", "linkpath", "uname", "gname"]) {
    const body = record(key, "a\0b");
    assertThrows(() => parsePax(body), Malformed, "NUL", key);
  }
  assertThrows(() => parsePax(record("a\0b", "x")), Malformed, "NUL");
  assertEquals(paxText(parsePax(record("comment", "a\0b")), "comment"), "a\0b");
});

Deno.test("parsePax() refuses a record without key", () => {
  assertThrows(() => parsePax(record("", "x")), Malformed, "no key");
  assertThrows(() => parsePax(encodeName("9 abcdef\n")), Malformed, "no key");
});

Deno.test("formatPaxRecord() counts the digits of its own length", () => {
  for (let length = 0; length < 1100; length++) {
    const made = formatPaxRecord("key", new Uint8Array(length));

    assertEquals(Number.parseInt(new TextDecoder().decode(made)), made.length);
    assertEquals(parsePax(made).get("key"), new Uint8Array(length));
  }
});

Deno.test("formatPaxRecord() refuses what parsePax() would refuse", () => {
  const value = encodeName("a\0b");

  assertThrows(() => formatPaxRecord("a=b", value), RangeError);
  assertThrows(() => formatPaxRecord("a\0b", value), RangeError);
  assertThrows(() => formatPaxRecord("path", value), RangeError);
});

Deno.test("formatPaxTime() counts fractions away from zero", () => {
  const format = (seconds: number, nanoseconds: number) =>
    formatPaxTime({ seconds, nanoseconds });

  assertEquals(format(5, 0), "5");
  assertEquals(format(5, 250_000_000), "5.25");
  assertEquals(format(5, 1), "5.000000001");
  assertEquals(format(-1, 0), "-1");
  assertEquals(format(-1, 750_000_000), "-0.25");
  assertEquals(format(-3, 500_000_000), "-2.5");
});
