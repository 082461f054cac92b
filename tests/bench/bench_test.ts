/**
 * `deno task bench`: that it runs, not how fast anything is.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "../assert.ts";

const BENCH = new URL("../../bench/main.ts", import.meta.url).pathname;

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function bench(...args: string[]): Promise<Run> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", BENCH, ...args],
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

function lacking(): string | undefined {
  if (Deno.uid() !== 0) return "root";
  const hasDisks = ["/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4"].some((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
  return hasDisks ? undefined : "mkfs.ext4";
}

const lack = lacking();

Deno.test({
  name: "bench --quick measures every row, and shows them again as Markdown" +
    (lack ? ` (skipped: needs ${lack})` : ""),
  ignore: lack !== undefined,
  async fn() {
    const dir = await Deno.makeTempDir({ prefix: "overlay2_bench_" });
    try {
      const output = `${dir}/results.json`;
      const listed = await bench("--list");
      const names = listed.stdout.trim().split("\n").slice(0, -1)
        .filter((name) => !name.endsWith(", from binary"));

      const run = await bench("--quick", "--output", output);
      const shown = await bench("--show", "--markdown", "--output", output);

      assertEquals(run.code, 0, run.stderr);
      const { rows, durability } = JSON.parse(await Deno.readTextFile(output));
      assert(names.length > 50);
      assertEquals(names.filter((name) => rows[name] === undefined), []);
      assertEquals(durability.length, 3);
      for (const name of names) {
        assert(rows[name].contenders.ours.median > 0, name);
        assertStringIncludes(run.stdout, name);
        assertStringIncludes(shown.stdout, `| ${name} |`);
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});

Deno.test("bench explains itself, and refuses options that there are not", async () => {
  const help = await bench("--help");
  const wrong = await bench("--slow");
  const rounds = await bench("--rounds", "0");

  assertEquals(help.code, 0);
  assertStringIncludes(help.stdout, "Usage: deno task bench");
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.stderr, "--slow");
  assertEquals(rounds.code, 2);
});
