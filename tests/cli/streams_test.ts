/**
 * Bytes in and out: whole, in large pieces, and with an end when asked for.
 *
 * @module
 */

import {
  ClosedPipeError,
  openFile,
  writeAll,
  writeStream,
} from "../../src/cli/streams.ts";
import { CommandError } from "../../src/cli/command.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";

const never = new AbortController().signal;

/** A sink that takes at most `step` bytes at once. */
function slowSink(step: number) {
  const pieces: Uint8Array[] = [];
  return {
    pieces,
    write(bytes: Uint8Array): Promise<number> {
      pieces.push(bytes.slice(0, step));
      return Promise.resolve(Math.min(step, bytes.length));
    },
  };
}

function streamOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks);
}

Deno.test("writeAll goes on after a short write", async () => {
  const sink = slowSink(3);

  await writeAll(sink, new TextEncoder().encode("abcdefgh"), "it");

  const texts = sink.pieces.map((piece) => new TextDecoder().decode(piece));
  assertEquals(texts, ["abc", "def", "gh"]);
});

Deno.test("writeAll waits for a descriptor that is not ready", async () => {
  let tries = 0;
  const sink = {
    write(bytes: Uint8Array): Promise<number> {
      if (++tries < 3) return Promise.reject(new Deno.errors.WouldBlock("no"));
      return Promise.resolve(bytes.length);
    },
  };

  await writeAll(sink, Uint8Array.of(1, 2), "it");

  assertEquals(tries, 3);
});

Deno.test("writeAll tells a closed pipe from other errors", async () => {
  const failing = (error: Error) => ({ write: () => Promise.reject(error) });
  const bytes = Uint8Array.of(1);
  const closed = failing(new Deno.errors.BrokenPipe("Broken pipe"));
  const full = failing(
    Object.assign(new Error("No space left on device (os error 28)"), {
      code: "ENOSPC",
    }),
  );

  await assertRejects(() => writeAll(closed, bytes, "it"), ClosedPipeError);
  const error = await assertRejects(
    () => writeAll(full, bytes, "it"),
    CommandError,
  );
  assertEquals(
    [error.code, error.message],
    ["ENOSPC", "Cannot write it: no space left on device"],
  );
});

Deno.test("writeStream joins small chunks and keeps their order", async () => {
  const chunks = Array.from(
    { length: 1000 },
    (_, i) => new Uint8Array(i).fill(i),
  );
  chunks.splice(500, 0, new Uint8Array(1_000_000).fill(7));
  const sink = slowSink(Infinity);
  const told: number[] = [];

  await writeStream(
    streamOf(...chunks),
    sink,
    "it",
    never,
    (bytes) => told.push(bytes),
  );

  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const joined = await new Blob(sink.pieces.map((p) => new Uint8Array(p)))
    .bytes();
  const expected = await new Blob(chunks).bytes();
  assert(joined.every((byte, i) => byte === expected[i]));
  assertEquals([joined.length, told.at(-1)], [total, total]);
  assert(sink.pieces.length < 12, `${sink.pieces.length} writes`);
});

Deno.test("writeStream cancels its source when a write fails", async () => {
  let cancelled: unknown;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)),
    cancel: (reason) => {
      cancelled = reason;
    },
  });
  const sink = {
    write: () => Promise.reject(new Deno.errors.BrokenPipe("Broken pipe")),
  };

  const error = await assertRejects(
    () => writeStream(stream, sink, "it", never, () => {}),
    ClosedPipeError,
  );
  assertEquals(cancelled, error);
});

Deno.test("writeStream gives up while a write waits", async () => {
  const controller = new AbortController();
  const sink = { write: () => new Promise<number>(() => {}) };
  const stream = streamOf(new Uint8Array(1 << 20));

  setTimeout(() => controller.abort());
  const error = await assertRejects(
    () => writeStream(stream, sink, "it", controller.signal, () => {}),
    CommandError,
  );
  assertEquals(error.code, "ECANCELED");
});

Deno.test("writeStream passes on the error of its source", async () => {
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new RangeError("broken")),
  });

  await assertRejects(
    () => writeStream(stream, slowSink(1), "it", never, () => {}),
    RangeError,
    "broken",
  );
});

Deno.test("openFile reads a file to its end, and knows its size", async () => {
  const path = await Deno.makeTempFile();
  try {
    const content = new Uint8Array(3_000_001).fill(9);
    await Deno.writeFile(path, content);

    const { stream, size } = await openFile(path, never);
    const bytes = await new Response(stream).bytes();

    assertEquals([size, bytes.length], [content.length, content.length]);
    assert(bytes.every((byte) => byte === 9));
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("openFile ends with an error when the user gives up", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, new Uint8Array(3_000_000));
    const controller = new AbortController();
    const { stream } = await openFile(path, controller.signal);
    const reader = stream.getReader();

    await reader.read();
    controller.abort();

    const error = await assertRejects(() => reader.read(), CommandError);
    assertEquals(error.code, "ECANCELED");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("openFile names what prevents it", async () => {
  const missing = await assertRejects(
    () => openFile("/nope/x\n", never),
    CommandError,
  );
  const odd = await assertRejects(
    () => openFile("/tmp/\udcff", never),
    CommandError,
  );

  assertEquals(
    [missing.code, missing.message],
    ["ENOENT", 'Cannot read "/nope/x\\x0a": no such file or directory'],
  );
  assertEquals(
    [odd.code, odd.message],
    ["EILSEQ", 'Cannot read "/tmp/\\xff": it is not UTF-8'],
  );
});
