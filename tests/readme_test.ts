/**
 * The README's shell example, run as it stands. (Its module example is run by
 * `deno test --doc`.)
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "./assert.ts";
import { PROGRAM } from "./cli/program.ts";

const README = new URL("../README.md", import.meta.url);

/** The block that follows a heading. */
function blockAfter(text: string, heading: string): string {
  const from = text.indexOf(heading);
  const [, block] = /```sh\n(.*?)```/s.exec(text.slice(from)) ?? [];
  if (from < 0 || block === undefined) {
    throw new Error(`README.md has no example under "${heading}"`);
  }
  return block;
}

/** Makes a directory with a command `overlay2` that runs the program under test. */
async function commandDir(temp: string): Promise<string> {
  const words = PROGRAM.map((word) => `'${word}'`).join(" ");
  const script = `#!/bin/sh\nexec ${words} "$@"\n`;
  await Deno.writeTextFile(`${temp}/overlay2`, script, { mode: 0o755 });
  return temp;
}

Deno.test({
  name: "README: the shell example runs and shows what changed",
  ignore: Deno.uid() !== 0, // it mounts
  async fn() {
    const temp = await Deno.makeTempDir({ prefix: "overlay2_readme_" });
    try {
      const path = `${await commandDir(temp)}:${Deno.env.get("PATH")}`;
      const example = blockAfter(
        await Deno.readTextFile(README),
        "## As a command",
      );
      const { code, stdout, stderr } = await new Deno.Command("bash", {
        args: ["-e", "-o", "pipefail", "-c", example],
        env: { PATH: path, TMPDIR: temp },
      }).output();
      const shown = new TextDecoder().decode(stdout);

      assertEquals(new TextDecoder().decode(stderr), "");
      assertEquals(code, 0);
      assertStringIncludes(shown, "A /greeting\n");
      assertStringIncludes(shown, " greeting\n");
    } finally {
      await Deno.remove(temp, { recursive: true });
    }
  },
});
