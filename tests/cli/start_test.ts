/**
 * What a short command takes to start: the modules that it loads, and what it
 * asks of the kernel.
 *
 * @module
 */

import { assert, assertEquals } from "../assert.ts";
import { execute, type Home, rootTest } from "./program.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const PARAMETERS = "/sys/module/overlay/parameters";

/** Lines of strace about a command that has to succeed. */
async function trace(
  home: Home,
  calls: string,
  ...args: string[]
): Promise<string[]> {
  const log = `${home.room}/trace`;
  const { status, stderr } = await execute([
    ...["strace", "-f", "-qq", "-s", "4096", "-o", log],
    ...["-e", `trace=${calls}`, "-e", "signal=none"],
    ...home.words(...args),
  ]);
  assertEquals([args, status, stderr], [args, 0, ""]);
  return Deno.readTextFileSync(log).split("\n");
}

/** Modules of this project that a command loads, such as `src/text.ts`; none for a binary. */
async function modules(home: Home, ...args: string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const line of await trace(home, "openat", ...args)) {
    const [, path] = /"([^"]+\.ts)", /.exec(line) ?? [];
    if (path?.startsWith(ROOT)) found.add(path.slice(ROOT.length));
  }
  return [...found].sort();
}

function within(folders: RegExp, paths: readonly string[]): string[] {
  return paths.filter((path) => folders.test(path));
}

rootTest("A command loads no module that it does not need", async (home) => {
  await home.ok(["create", "base"]);
  await home.ok(["create-rw", "work", "base"]);

  const version = await modules(home, "--version");
  assertEquals(within(/^src\/(?!cli|deps|text)/, version), []);
  assert(version.length <= 16, version.join("\n"));
  for (const args of [["exists", "work"], ["get", "work"], ["put", "work"]]) {
    const loaded = await modules(home, ...args);
    assertEquals(
      within(/^src\/(tar|server|check|tree\/(?!owners))/, loaded),
      [],
    );
    assert(loaded.length <= 75, loaded.join("\n"));
  }
  const changes = await modules(home, "changes", "work");
  assertEquals(within(/unpack|reader|archive|manifest/, changes), []);
}, "strace");

/** Whether the kernel tells what a trial mount would otherwise find out. */
function isTold(): boolean {
  return ["metacopy", "redirect_dir"].every((name) =>
    Deno.readTextFileSync(`${PARAMETERS}/${name}`) === "N\n"
  );
}

rootTest(
  "A command that the kernel's parameters are enough for tries nothing out",
  async (home) => {
    await home.ok(["create", "base"]);
    await home.ok(["create-rw", "work", "base"]);
    if (!isTold()) return;

    const calls = "mkdirat,mount,fsmount";
    for (
      const args of [
        ["exists", "work"],
        ["changes", "work"],
        ["diff-size", "work"],
        ["diff", "work", "-o", `${home.room}/diff`],
        ["status"],
        ["metadata", "work"],
      ]
    ) {
      assertEquals((await trace(home, calls, ...args)).join("\n"), "");
    }
  },
  "strace",
);

rootTest(
  "exists looks at the home and at the layer, and that is all",
  async (home) => {
    await home.ok(["create", "base"]);

    const lines = await trace(home, "file,mount", "exists", "base");

    const own = lines.filter((line) =>
      line.includes(`"${home.path}`) || line.includes('"base"')
    ).map((line) => /(\w+)\(.*?"([^"]*)"/.exec(line)!.slice(1, 3).join(" "));
    const looks = own.filter((line) => !line.startsWith("execve"));
    assert(looks.length <= 8, looks.join("\n"));
  },
  "strace",
);
