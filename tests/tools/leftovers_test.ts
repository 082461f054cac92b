/**
 * Finding what a run left behind.
 *
 * @module
 */

import { assertEquals } from "../assert.ts";
import { leftovers, remove, watch } from "../../tools/leftovers.ts";

async function run(command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args })
    .output();
  const text = new TextDecoder().decode(success ? stdout : stderr).trim();
  if (!success) throw new Error(`Cannot run ${command}: ${text}`);
  return text;
}

async function tempDir(): Promise<{ dir: string } & AsyncDisposable> {
  const dir = await Deno.realPath(
    await Deno.makeTempDir({ prefix: "overlay2_leftovers_" }),
  );
  return {
    dir,
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

Deno.test("leftovers finds nothing after a run that left nothing", async () => {
  await using temp = await tempDir();
  const state = watch(temp.dir, temp.dir, `OVERLAY2_MARK=${temp.dir}`);

  assertEquals(leftovers(state), []);
});

Deno.test("leftovers finds a file and a process, and remove removes them", async () => {
  await using temp = await tempDir();
  const mark = temp.dir;
  const state = watch(temp.dir, temp.dir, `OVERLAY2_MARK=${mark}`);
  const child = new Deno.Command("sleep", {
    args: ["60"],
    env: { OVERLAY2_MARK: mark },
  }).spawn();
  await Deno.mkdir(`${temp.dir}/a/b`, { recursive: true });

  const found = leftovers(state);
  for (const leftover of found) await remove(leftover);
  await child.status;

  assertEquals(found.map(({ kind, what }) => [kind, what]), [
    ["process", `${child.pid}`],
    ["file", `${temp.dir}/a`],
  ]);
  assertEquals(leftovers(state), []);
});

Deno.test(
  "leftovers finds a mount, innermost first, and remove unmounts it",
  { ignore: Deno.uid() !== 0 },
  async () => {
    await using temp = await tempDir();
    const target = `${temp.dir}/a b`;
    const state = watch(temp.dir, temp.dir, "OVERLAY2_MARK=none");
    await Deno.mkdir(target);
    await run("mount", "-t", "tmpfs", "tmpfs", target);
    await Deno.mkdir(`${target}/inner`);
    await run("mount", "-t", "tmpfs", "tmpfs", `${target}/inner`);

    const found = leftovers(state);
    for (const leftover of found) await remove(leftover);

    assertEquals(found.map(({ kind, what }) => [kind, what]), [
      ["mount", `${target}/inner`],
      ["mount", target],
      ["file", target],
    ]);
    assertEquals(leftovers(state), []);
  },
);
