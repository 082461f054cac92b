/**
 * Content that moves on other threads, and waiting for pipes.
 *
 * @module
 */

import {
  O_CREAT,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
} from "../../src/linux/constants.ts";
import {
  copyPiece,
  pipePiece,
  positionOf,
  seekFd,
  skipFd,
  writePiece,
} from "../../src/linux/copy.ts";
import { Dir } from "../../src/linux/dir.ts";
import { closeFd, openAt, readFd, writeFd } from "../../src/linux/file.ts";
import {
  readable,
  untilReadable,
  widenPipe,
  writable,
} from "../../src/linux/poll.ts";
import { assert, assertEquals } from "../assert.ts";
import { assertCode, TempDir, turn } from "../fixtures.ts";

const O_RDWR = 2;
const O_APPEND = 0o2000;

/** Descriptors below a directory of their own. */
class Files implements Disposable {
  readonly temp = new TempDir("overlay2_copy_");
  readonly dir: Dir = Dir.open(this.temp.path);
  readonly #open: number[] = [];

  open(name: string, flags: number): number {
    const fd = openAt(this.dir, name, flags, 0o600);
    this.#open.push(fd);
    return fd;
  }

  /** A file that holds `bytes`, open for reading. */
  holding(name: string, bytes: Uint8Array): number {
    Deno.writeFileSync(`${this.temp.path}/${name}`, bytes);
    return this.open(name, O_RDONLY);
  }

  read(name: string): Uint8Array {
    return Deno.readFileSync(`${this.temp.path}/${name}`);
  }

  /** Both ends of a named pipe; no end waits for the other to be opened. */
  pipe(flags = 0): { reader: number; writer: number } {
    this.dir.mknod("pipe", 0o010600, 0n);
    const reader = this.open("pipe", O_RDWR);
    return { reader, writer: this.open("pipe", O_WRONLY | flags) };
  }

  close(fd: number): void {
    this.#open.splice(this.#open.indexOf(fd), 1);
    closeFd(fd);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open) closeFd(fd);
    this.dir[Symbol.dispose]();
    this.temp[Symbol.dispose]();
  }
}

const DIGITS = new TextEncoder().encode("0123456789");

Deno.test("copyPiece() moves from an offset to where the output stands", async () => {
  using files = new Files();
  const from = files.holding("from", DIGITS);
  const out = files.open("out", O_WRONLY | O_CREAT);
  writeFd(out, Uint8Array.of(0x61), "out");

  assertEquals(await copyPiece(out, { fd: from, offset: 4 }, 3, "out"), 3);
  assertEquals(await copyPiece(out, { fd: from, offset: 8 }, 99, "out"), 2);
  assertEquals(await copyPiece(out, { fd: from, offset: 10 }, 99, "out"), 0);

  assertEquals(new TextDecoder().decode(files.read("out")), "a45689");
  assertEquals(positionOf(from, "from"), 0);
});

Deno.test("copyPiece() and writePiece() tell what the kernel says", async () => {
  using files = new Files();
  const from = { fd: files.holding("from", DIGITS), offset: 0 };
  const closed = await assertCode(() => copyPiece(9999, from, 1, "x"), "EBADF");
  assertEquals(closed.message, "Cannot sendfile x: bad file descriptor");
  await assertCode(() => writePiece(9999, DIGITS, "x"), "EBADF");

  const full = files.open("/dev/full", O_WRONLY);
  await assertCode(() => writePiece(full, DIGITS, "x"), "ENOSPC");
  const end = files.open("end", O_WRONLY | O_CREAT | O_APPEND);
  await assertCode(() => copyPiece(end, from, 1, "x"), "EINVAL");

  const { reader, writer } = files.pipe();
  files.close(reader);
  await assertCode(() => copyPiece(writer, from, 1, "x"), "EPIPE");
  await assertCode(() => writePiece(writer, DIGITS, "x"), "EPIPE");
});

Deno.test("A pipe that does not block is waited for", async () => {
  using files = new Files();
  const bytes = new Uint8Array(300_000).map((_, i) => i % 251);
  const from = files.holding("from", bytes);
  const { reader, writer } = files.pipe(O_NONBLOCK);
  assertEquals([readable(reader), writable(writer)], [false, true]);
  const read: number[] = [];
  const buffer = new Uint8Array(50_000);
  const drain = () => {
    const count = readFd(reader, buffer, "pipe");
    read.push(...buffer.subarray(0, count));
  };

  for (let at = 0; at < bytes.length;) {
    const timer = setTimeout(drain, 5);
    at += at % 2
      ? await writePiece(writer, bytes.subarray(at), "pipe")
      : await copyPiece(writer, { fd: from, offset: at }, 70_000, "pipe");
    clearTimeout(timer);
  }
  while (readable(reader)) drain();

  assertEquals(Uint8Array.from(read), bytes);
});

Deno.test("pipePiece() fills a pipe, and waits for room once it is full", async () => {
  using files = new Files();
  const bytes = new Uint8Array(200_000).map((_, i) => i % 249);
  const from = files.holding("from", bytes);
  const { reader, writer } = files.pipe();
  const read: number[] = [];
  const buffer = new Uint8Array(1 << 20);

  for (let at = 0; at < bytes.length;) {
    const place = { fd: from, offset: at };
    const moving = pipePiece(writer, place, bytes.length, "pipe");
    // Later: a full pipe is waited for elsewhere.
    await turn(5);
    const count = readFd(reader, buffer, "pipe");
    read.push(...buffer.subarray(0, count));
    at += await moving;
  }
  while (readable(reader)) {
    read.push(...buffer.subarray(0, readFd(reader, buffer, "pipe")));
  }

  assertEquals(Uint8Array.from(read), bytes);
  const end = { fd: from, offset: bytes.length };
  assertEquals(await pipePiece(writer, end, 1, "pipe"), 0);
  files.close(reader);
  const start = { fd: from, offset: 0 };
  await assertCode(() => pipePiece(writer, start, 1, "pipe"), "EPIPE");
});

Deno.test("readable() and writable() say that a file does not wait", () => {
  using files = new Files();
  const fd = files.open("file", O_RDWR | O_CREAT);

  assertEquals([readable(fd), writable(fd)], [true, true]);
});

Deno.test("untilReadable() ends when bytes come, or after a while", async () => {
  using files = new Files();
  const { reader, writer } = files.pipe();

  await untilReadable(reader);
  assertEquals(readable(reader), false);

  const waiting = untilReadable(reader);
  await turn();
  writeFd(writer, DIGITS, "pipe");
  await waiting;
  assert(readable(reader));
});

Deno.test("widenPipe() lets a pipe hold 1 MiB and leaves a file alone", async () => {
  using files = new Files();
  const { reader, writer } = files.pipe(O_NONBLOCK);

  widenPipe(writer);
  widenPipe(files.open("file", O_RDWR | O_CREAT));

  let held = 0;
  const bytes = new Uint8Array(1 << 18);
  for (let i = 0; i < 4; i++) held += await writePiece(writer, bytes, "pipe");
  assertEquals([held, writable(writer)], [1 << 20, false]);
  assert(readable(reader));
});

Deno.test("A position is told and moved, forward and to a place", async () => {
  using files = new Files();
  const fd = files.holding("from", DIGITS);

  seekFd(fd, 7, "from");
  skipFd(fd, 2, "from");

  assertEquals(positionOf(fd, "from"), 9);
  await assertCode(() => seekFd(9999, 1, "x"), "EBADF");
  await assertCode(() => skipFd(9999, 1, "x"), "EBADF");
  await assertCode(() => positionOf(9999, "x"), "EBADF");
});
