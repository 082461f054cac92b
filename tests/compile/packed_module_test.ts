/**
 * A module that is packed into a bundle.
 *
 * @module
 */

import { assertEquals } from "../assert.ts";
import { bundle } from "../../tools/compile.ts";
import { withPackedModule } from "../../tools/packed_module.ts";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;

Deno.test("A packed module gives what the module gives, each time", async () => {
  const program = `
    const first = await import("./part.ts");
    const again = async () => (await import("./part.ts")).text;
    console.log(first.text, first.add(2, 3), await again());
  `;
  const module = `
    import { sep } from "node:path";
    export const text = "ü" + sep;
    export const add = (a, b) => a + b;
  `;

  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", withPackedModule(program, "./part.ts", module)],
    stderr: "inherit",
  }).output();

  assertEquals(new TextDecoder().decode(stdout), "ü/ 5 ü/\n");
});

Deno.test("The bundled command reads no gRPC when it starts", async () => {
  const text = new TextDecoder().decode(await bundle(CLI));

  assertEquals(text.includes('__unpacked("'), true);
  assertEquals(text.includes("Http2Subchannel"), false);
});
