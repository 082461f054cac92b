/**
 * Bytes that are made piece by piece, on their way to an output.
 *
 * @module
 */

import { CommandError } from "../../src/cli/command.ts";
import { type Pieces, writePieces } from "../../src/cli/pieces.ts";
import { ClosedPipeError, type Sink } from "../../src/cli/streams.ts";
import { SyscallError } from "../../src/linux/errno.ts";
import type { Body } from "../../src/tree/archive.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";

const never = new AbortController().signal;

/** A run of bytes, each telling its place, with large content at one place. */
class Maker implements Pieces {
  #made = 0;
  readonly #total: number;
  readonly #step: number;
  readonly #content: { readonly from: number; readonly to: number };

  constructor(total: number, step: number, from = total, to = total) {
    this.#total = total;
    this.#step = step;
    this.#content = { from, to };
  }

  fill(buffer: Uint8Array<ArrayBuffer>, large: number): number {
    const { from, to } = this.#content;
    const stops = to - from >= large;
    if (stops && this.#made >= from && this.#made < to) return 0;
    const end = stops && this.#made < from ? from : this.#total;
    const count = Math.min(this.#step, buffer.length, end - this.#made);
    for (let i = 0; i < count; i++) buffer[i] = (this.#made + i) % 251;
    this.#made += count;
    return count;
  }

  get body(): Body | undefined {
    const { from, to } = this.#content;
    if (this.#made < from || this.#made >= to) return undefined;
    const length = to - this.#made;
    return { fd: -1, path: "it", offset: this.#made, length };
  }

  passBody(length: number): void {
    if (length === 0) throw new RangeError("no more");
    this.#made += length;
  }
}

/** A sink that takes at most `step` bytes at once, content too if told so. */
function slowSink(step: number, takes = false) {
  const pieces: Uint8Array[] = [];
  const kinds: string[] = [];
  const sink: Sink = {
    write(bytes) {
      kinds.push("write");
      pieces.push(bytes.slice(0, step));
      return Promise.resolve(Math.min(step, bytes.length));
    },
  };
  const take = ({ offset, length }: Body) => {
    kinds.push("take");
    const count = Math.min(step, length);
    pieces.push(
      Uint8Array.from({ length: count }, (_, i) => (offset + i) % 251),
    );
    return Promise.resolve(count);
  };
  return { pieces, kinds, sink: takes ? { ...sink, take } : sink };
}

async function assertWhole(pieces: Uint8Array[], total: number) {
  const all = await new Blob(pieces.map((p) => new Uint8Array(p))).bytes();
  assertEquals(all.length, total);
  assert(all.every((byte, i) => byte === i % 251), "other bytes");
}

Deno.test("writePieces writes all, in order, and tells how much", async () => {
  const { sink, pieces } = slowSink(300_000);
  const told: number[] = [];

  await writePieces(
    new Maker(3_000_001, Infinity),
    sink,
    "it",
    never,
    (bytes) => told.push(bytes),
  );

  await assertWhole(pieces, 3_000_001);
  assertEquals(told.at(-1), 3_000_001);
  assertEquals(told.toSorted((a, b) => a - b), told);
  assert(pieces.length < 20, `${pieces.length} writes`);
});

Deno.test("writePieces leaves large content to an output that takes it", async () => {
  const { sink, pieces, kinds } = slowSink(400_000, true);

  const maker = new Maker(1_700_000, Infinity, 1000, 1_200_000);
  await writePieces(maker, sink, "it", never, () => {});

  await assertWhole(pieces, 1_700_000);
  assertEquals(
    kinds,
    ["write", "take", "take", "take", "write", "write"],
  );
});

Deno.test("writePieces writes content itself if the output refuses it", async () => {
  const { sink, pieces, kinds } = slowSink(Infinity);
  let tries = 0;
  const take = () => {
    tries++;
    return Promise.reject(new SyscallError("sendfile", 22, "it"));
  };

  const maker = new Maker(4_000_000, Infinity, 1000, 3_900_000);
  await writePieces(maker, { ...sink, take }, "it", never, () => {});

  await assertWhole(pieces, 4_000_000);
  assertEquals([tries, kinds.length], [1, 5]);
});

Deno.test("writePieces ends when content is shorter than it should be", async () => {
  const { sink } = slowSink(Infinity);
  const maker = new Maker(4_000_000, Infinity, 1000, 3_900_000);

  await assertRejects(
    () =>
      writePieces(
        maker,
        { ...sink, take: () => Promise.resolve(0) },
        "it",
        never,
        () => {},
      ),
    RangeError,
    "no more",
  );
});

const endless = () => new Maker(Infinity, 1000);

for (
  const [name, error] of [
    ["the runtime", new Deno.errors.BrokenPipe("Broken pipe")],
    ["the kernel", new SyscallError("write", 32, "it")],
  ] as const
) {
  Deno.test(`writePieces ends when ${name} says that nobody reads`, async () => {
    const closed = { write: () => Promise.reject(error) };

    await assertRejects(
      () => writePieces(endless(), closed, "it", never, () => {}),
      ClosedPipeError,
    );
  });
}

Deno.test("writePieces names the output that content does not go to", async () => {
  const { sink } = slowSink(Infinity);
  const maker = new Maker(4_000_000, Infinity, 1000, 3_900_000);
  const full = new SyscallError("sendfile", 28, "a file");
  const take = () => Promise.reject(full);

  const error = await assertRejects(
    () => writePieces(maker, { ...sink, take }, "it", never, () => {}),
    CommandError,
  );

  assertEquals(error.message, "Cannot write it: no space left on device");
});

Deno.test("writePieces gives up while a write waits", async () => {
  const controller = new AbortController();
  const sink = { write: () => new Promise<number>(() => {}) };

  setTimeout(() => controller.abort());
  const error = await assertRejects(
    () => writePieces(endless(), sink, "it", controller.signal, () => {}),
    CommandError,
  );
  assertEquals(error.code, "ECANCELED");
});

Deno.test("writePieces passes on the error of its source", async () => {
  const broken: Pieces = {
    fill() {
      throw new RangeError("broken");
    },
    body: undefined,
    passBody() {},
  };

  await assertRejects(
    () => writePieces(broken, slowSink(1).sink, "it", never, () => {}),
    RangeError,
    "broken",
  );
});
