/**
 * Bytes in and out: whole, in large pieces, and with an end when asked for.
 *
 * @module
 */

import {
  ClosedPipeError,
  openFile,
  writeAll,
  writePieces,
} from "../../src/cli/streams.ts";
import { CommandError } from "../../src/cli/command.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { execute } from "./program.ts";

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

/** Makes so many bytes, each telling its place, at most `step` at once. */
function maker(total: number, step: number) {
  let made = 0;
  return (buffer: Uint8Array<ArrayBuffer>): number => {
    const count = Math.min(step, buffer.length, total - made);
    for (let i = 0; i < count; i++) buffer[i] = (made + i) % 251;
    made += count;
    return count;
  };
}

Deno.test("writePieces writes all, in order, and tells how much", async () => {
  const sink = slowSink(100_000);
  const told: number[] = [];

  await writePieces(
    maker(1_000_001, Infinity),
    sink,
    "it",
    never,
    (bytes) => told.push(bytes),
  );

  const all = await new Blob(sink.pieces.map((p) => new Uint8Array(p))).bytes();
  assertEquals([all.length, told.at(-1)], [1_000_001, 1_000_001]);
  assert(all.every((byte, i) => byte === i % 251));
  assert(sink.pieces.length < 20, `${sink.pieces.length} writes`);
});

Deno.test("writePieces ends with the error of a write", async () => {
  const sink = {
    write: () => Promise.reject(new Deno.errors.BrokenPipe("Broken pipe")),
  };
  const endless = maker(Infinity, 1000);

  await assertRejects(
    () => writePieces(endless, sink, "it", never, () => {}),
    ClosedPipeError,
  );
});

Deno.test("writePieces gives up while a write waits", async () => {
  const controller = new AbortController();
  const sink = { write: () => new Promise<number>(() => {}) };
  const endless = maker(Infinity, 1000);

  setTimeout(() => controller.abort());
  const error = await assertRejects(
    () => writePieces(endless, sink, "it", controller.signal, () => {}),
    CommandError,
  );
  assertEquals(error.code, "ECANCELED");
});

Deno.test("writePieces passes on the error of its source", async () => {
  const broken = () => {
    throw new RangeError("broken");
  };

  await assertRejects(
    () => writePieces(broken, slowSink(1), "it", never, () => {}),
    RangeError,
    "broken",
  );
});

Deno.test("openFile reads a file to its end, and knows its size", async () => {
  const path = await Deno.makeTempFile();
  try {
    const content = new Uint8Array(3_000_001).fill(9);
    await Deno.writeFile(path, content);

    const { source, size } = await openFile(path, never);
    let length = 0;
    for (let chunk; (chunk = await source.next()) !== undefined;) {
      assert(chunk.every((byte) => byte === 9));
      length += chunk.length;
    }
    await source.close();

    assertEquals([size, length], [content.length, content.length]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("openFile gives up to wait for a named pipe", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/pipe`;
    assertEquals((await execute(["mkfifo", path])).status, 0);
    const controller = new AbortController();
    // With a writer that says nothing, the pipe opens, and then it is read.
    using writer = await Deno.open(path, { read: true, write: true });
    const { source, size } = await openFile(path, controller.signal);
    writer.writeSync(Uint8Array.of(1, 2));
    assertEquals([await source.next(), size], [Uint8Array.of(1, 2), undefined]);

    setTimeout(() => controller.abort());
    const error = await assertRejects(
      async () => await source.next(),
      CommandError,
    );
    assertEquals(error.code, "ECANCELED");
    writer.writeSync(Uint8Array.of(3));
    await source.close();
  } finally {
    await Deno.remove(directory, { recursive: true });
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
