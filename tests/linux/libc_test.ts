/**
 * Functions of libc, called so often that the way in which they are called
 * changes.
 *
 * @module
 */

import { AT_FDCWD } from "../../src/linux/constants.ts";
import { cString, lastErrno, libc } from "../../src/linux/libc.ts?fresh";
import { assertEquals } from "../assert.ts";

const EBADF = 9;
const ENOENT = 2;
const TIMES = 100;

Deno.test("errno of each call is its own, from the first call on", () => {
  const wanted: number[][] = [];
  const told: number[][] = [];
  for (let i = 0; i < TIMES; i++) {
    const path = cString(`/missing/${i}`);
    const opened = libc.openat(AT_FDCWD, path, 0, 0);
    const openErrno = lastErrno();
    const closed = libc.close(-1);
    told.push([opened, openErrno, closed, lastErrno()]);
    wanted.push([-1, ENOENT, -1, EBADF]);
  }
  assertEquals(told, wanted);
});

Deno.test("what a call writes and answers arrives, from the first call on", () => {
  const buffer = new Uint8Array(256);
  const part = buffer.subarray(16, 16 + 200);
  const { length } = Deno.readLinkSync("/proc/self/exe");
  for (let i = 0; i < TIMES; i++) {
    buffer.fill(0);
    const path = cString("/proc/self/exe");
    assertEquals(libc.readlinkat(AT_FDCWD, path, part, 200n), length);
    assertEquals(buffer[15], 0);
    assertEquals(buffer[16], "/".charCodeAt(0));
    assertEquals(buffer[16 + length], 0);
  }
});

Deno.test("a function keeps its arguments of 64 bits, from the first call on", () => {
  const fd = libc.openat(AT_FDCWD, cString("/proc/self/exe"), 0, 0);
  const far = 5n * 2n ** 32n + 1n;
  try {
    for (let i = 0; i < TIMES; i++) assertEquals(libc.lseek(fd, far, 0), far);
  } finally {
    libc.close(fd);
  }
});
