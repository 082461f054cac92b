/**
 * Modules of the runtime in a bundle.
 *
 * @module
 */

import { assert, assertEquals } from "../assert.ts";
import { bundle } from "../../tools/compile.ts";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;

/** Uses functions, classes and constants of the runtime, and says what it got. */
const PROGRAM = `
import { gzipSync, gunzipSync as open } from "node:zlib";
import { EventEmitter } from "node:events";
import { Buffer } from "node:buffer";
class Own extends EventEmitter {}
const own = new Own();
let heard = "";
own.on("told", (text) => heard = text);
own.emit("told", "yes");
console.log(JSON.stringify([
  new TextDecoder().decode(open(gzipSync("bytes"))),
  heard,
  own instanceof EventEmitter,
  Buffer.from("ab") instanceof Buffer,
  Buffer.poolSize > 0,
]));
`;

async function run(path: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", path],
    stderr: "inherit",
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("A bundle uses functions and classes of the runtime that it loads late", async () => {
  const dir = await Deno.makeTempDir({ prefix: "overlay2_late_" });
  try {
    await Deno.writeTextFile(`${dir}/program.ts`, PROGRAM);
    const text = new TextDecoder().decode(await bundle(`${dir}/program.ts`));
    await Deno.writeTextFile(`${dir}/bundle.js`, text);

    assert(!/^import /m.test(text), text);
    const expected = JSON.stringify(["bytes", "yes", true, true, true]);
    assertEquals(await run(`${dir}/program.ts`), expected);
    assertEquals(await run(`${dir}/bundle.js`), expected);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("The bundled command imports nothing when it starts", async () => {
  const text = new TextDecoder().decode(await bundle(CLI));

  assertEquals(text.match(/^import .*$/gm) ?? [], []);
});
