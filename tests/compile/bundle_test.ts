/**
 * The program in one file with all that it imports.
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import { bundle } from "../../tools/compile.ts";
import { assertEquals } from "../assert.ts";
import { execute, rootTest } from "../cli/program.ts";
import { tarOf } from "../cli/tar_bytes.ts";

rootTest("A bundle unpacks compressed archives on its thread", async (home) => {
  const program = `${home.room}/overlay2.js`;
  await Deno.writeFile(program, await bundle("cli.ts"));
  const packed = new Uint8Array(
    gzipSync(tarOf({ name: "f", content: "text" })),
  );
  const run = (...args: string[]) => [
    Deno.execPath(),
    ...["run", "-A", program, "--home", home.path, ...args],
  ];

  await execute(run("create", "a"));
  const { status, stderr } = await execute(run("apply-diff", "a"), {
    stdin: packed,
  });

  assertEquals([status, stderr], [0, ""]);
  assertEquals(Deno.readTextFileSync(`${home.path}/a/diff/f`), "text");
});
