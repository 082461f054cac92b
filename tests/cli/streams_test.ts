/**
 * Bytes in and out: whole, in large pieces, and with an end when asked for.
 *
 * @module
 */

import { ClosedPipeError, openFile, writeAll } from "../../src/cli/streams.ts";
import { CommandError } from "../../src/cli/command.ts";
// Loaded here: a library that a test opens counts as leaked.
import "../../src/driver/source.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { assertCode, openDescriptors } from "../fixtures.ts";
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
    await assertCode(() => source.next(), "ECANCELED");
    writer.writeSync(Uint8Array.of(3));
    await source.close();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("openFile reads a named pipe to its end, though its writer has left", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/pipe`;
    assertEquals((await execute(["mkfifo", path])).status, 0);
    const writer = await Deno.open(path, { read: true, write: true });
    const before = openDescriptors();
    const { source } = await openFile(path, never);
    writer.writeSync(Uint8Array.of(1, 2, 3));
    writer.close();

    assertEquals(await source.next(), Uint8Array.of(1, 2, 3));
    assertEquals(await source.next(), undefined);
    await source.close();
    assertEquals(openDescriptors(), before - 1);
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
