/**
 * `deno task compile`.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "../assert.ts";

const COMPILE = new URL("../../tools/compile.ts", import.meta.url).pathname;

Deno.test("compile names DENORT_BIN and --portable in one line when the runtime cannot be downloaded", async () => {
  const dir = await Deno.makeTempDir({ prefix: "overlay2_compile_" });
  try {
    await Deno.writeTextFile(`${dir}/program.js`, "console.log(1);");

    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", COMPILE, "-o", "program", "program.js"],
      cwd: dir,
      // Nobody listens there, so that no network is reached from anywhere.
      env: { DENO_DIR: `${dir}/cache`, HTTPS_PROXY: "http://127.0.0.1:9" },
    }).output();

    const text = new TextDecoder().decode(stderr);
    assertEquals(code, 1);
    assertEquals(text.trimEnd().split("\n").length, 1);
    assertStringIncludes(text, "DENORT_BIN");
    assertStringIncludes(text, "deno task compile --portable");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("compile reports a mistake in the program as it is", async () => {
  const dir = await Deno.makeTempDir({ prefix: "overlay2_compile_" });
  try {
    await Deno.writeTextFile(`${dir}/program.js`, 'import "./missing.js";');

    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", COMPILE, "--portable", "-o", "program", "program.js"],
      cwd: dir,
    }).output();

    assertEquals(code, 1);
    assertStringIncludes(new TextDecoder().decode(stderr), "missing.js");
    assertEquals([...Deno.readDirSync(dir)].map((entry) => entry.name), [
      "program.js",
    ]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
