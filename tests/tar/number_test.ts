import {
  fitsOctal,
  parseDecimal,
  parseNumeric,
  parseOctal,
  readNumeric,
  writeOctal,
} from "../../src/tar/number.ts";
import { Malformed } from "../../src/tar/error.ts";
import { assertEquals, assertThrows } from "../assert.ts";
import { base256 } from "./fixture.ts";

function octal(text: string): number {
  const bytes = new TextEncoder().encode(`77${text}77`);
  return parseOctal(bytes, 2, text.length);
}

Deno.test("parseOctal() skips spaces and NULs around the digits", () => {
  assertEquals(octal("0000644\0"), 0o644);
  assertEquals(octal("  644 \0 "), 0o644);
  assertEquals(octal("\0\0 644"), 0o644);
  assertEquals(octal("77777777777 "), 0o77777777777);
});

Deno.test("parseOctal() takes an empty field for 0", () => {
  assertEquals(octal("\0\0\0"), 0);
  assertEquals(octal("   "), 0);
});

Deno.test("parseOctal() ignores what follows a NUL", () => {
  assertEquals(octal("12\x0034 "), 0o12);
});

Deno.test("parseOctal() refuses anything but octal digits", () => {
  for (const text of ["8", "-1", "+1", "1 2", "12 \x003", "x", "0x1", "1.5"]) {
    assertEquals(octal(text), NaN, text);
  }
});

Deno.test("parseNumeric() reads base-256, positive and negative", () => {
  for (const value of [0n, 1n, 255n, 256n, 3000000n, 2n ** 53n - 1n]) {
    assertEquals(parseNumeric(base256(value, 12), 0, 12), Number(value));
    assertEquals(parseNumeric(base256(value, 8), 0, 8), Number(value));
    assertEquals(
      parseNumeric(base256(-value - 1n, 12), 0, 12),
      -Number(value) - 1,
    );
  }
});

Deno.test("parseNumeric() refuses base-256 beyond 64 bits", () => {
  const numeric = (value: bigint) => parseNumeric(base256(value, 12), 0, 12);

  assertEquals(numeric(2n ** 63n - 1n), 2 ** 63);
  assertEquals(numeric(2n ** 63n), NaN);
  assertEquals(numeric(2n ** 64n), NaN);
  assertEquals(numeric(2n ** 90n), NaN);
  assertEquals(numeric(-(2n ** 63n)), -(2 ** 63));
  assertEquals(numeric(-(2n ** 63n) - 1n), NaN);
});

Deno.test("readNumeric() names the field that is no number", () => {
  const bytes = new TextEncoder().encode("abc");

  assertThrows(
    () => readNumeric(bytes, 0, 3, "the size"),
    Malformed,
    "the size",
  );
});

Deno.test("parseDecimal() reads digits with sign and zeros", () => {
  assertEquals(parseDecimal("0"), 0);
  assertEquals(parseDecimal("-0"), 0);
  assertEquals(parseDecimal("+12"), 12);
  assertEquals(parseDecimal("-0012"), -12);
  assertEquals(parseDecimal("0".repeat(50) + "9"), 9);
  assertEquals(parseDecimal("9007199254740991"), 9007199254740991);
});

Deno.test("parseDecimal() refuses what needs more than 64 bits", () => {
  assertEquals(parseDecimal("9223372036854775807"), 2 ** 63);
  assertEquals(parseDecimal("9223372036854775808"), NaN);
  assertEquals(parseDecimal("-9223372036854775808"), -(2 ** 63));
  assertEquals(parseDecimal("-9223372036854775809"), NaN);
  assertEquals(parseDecimal("9".repeat(1000)), NaN);
});

Deno.test("parseDecimal() refuses other text", () => {
  for (
    const text of ["", "-", "+", "1 ", " 1", "1_0", "0x1", "1e3", "١", "--1"]
  ) {
    assertEquals(parseDecimal(text), NaN, text);
  }
});

Deno.test("writeOctal() writes what parseOctal() reads, and sums it up", () => {
  for (const value of [0, 7, 8, 0o7777777, 2 ** 31, 2 ** 32 + 5, 2 ** 33 - 1]) {
    const field = new Uint8Array(14).fill(0xee);

    const sum = writeOctal(field, 1, 12, value);

    const digits = new TextDecoder().decode(field.subarray(1, 12));
    assertEquals(digits, value.toString(8).padStart(11, "0"));
    assertEquals(
      sum,
      field.subarray(1, 12).reduce((sum, byte) => sum + byte, 0),
    );
    assertEquals([field[0], field[12], field[13]], [0xee, 0xee, 0xee]);
  }
});

Deno.test("fitsOctal() leaves room for the final NUL", () => {
  assertEquals(fitsOctal(0o7777777, 8), true);
  assertEquals(fitsOctal(0o10000000, 8), false);
  assertEquals(fitsOctal(2 ** 33 - 1, 12), true);
  assertEquals(fitsOctal(2 ** 33, 12), false);
  assertEquals(fitsOctal(-1, 8), false);
});
