/**
 * Interoperation with `@std/tar`: its archives are applied, ours are read.
 *
 * Needs JSR and root: `deno task test:jsr`.
 *
 * @module
 */

import { init } from "@overlay2/driver";
import { TarStream, type TarStreamInput, UntarStream } from "@std/tar";
import { assertEquals } from "../assert.ts";

const CONTENT = new TextEncoder().encode("hello");

function inputs(): ReadableStream<TarStreamInput> {
  return ReadableStream.from<TarStreamInput>([
    { type: "directory", path: "dir" },
    {
      type: "file",
      path: "dir/file",
      size: CONTENT.length,
      readable: ReadableStream.from([CONTENT.slice()]),
    },
  ]);
}

Deno.test("Driver.applyDiff() takes a TarStream, Driver.diff() is read by UntarStream", async () => {
  const temp = await Deno.makeTempDir();
  try {
    await using driver = await init(`${temp}/overlay2`);
    await driver.create("base");

    const size = await driver.applyDiff(
      "base",
      "",
      inputs().pipeThrough(new TarStream()),
    );

    const found: Record<string, string> = {};
    const entries = driver.diff("base").pipeThrough(new UntarStream());
    for await (const { path, readable } of entries) {
      found[path] = readable ? await new Response(readable).text() : "";
    }
    assertEquals(size, CONTENT.length);
    assertEquals(found, { "dir/": "", "dir/file": "hello" });
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
});
