/**
 * `overlay2 serve` as a process.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { Snapshots } from "../server/containerd/client.ts";
import { type Home, rootTest } from "./program.ts";

/** Waits until somebody listens; fails if the program ends before. */
async function listening(
  socket: string,
  program: Deno.ChildProcess,
): Promise<void> {
  let ended = false;
  program.status.then(() => ended = true);
  for (;;) {
    assert(!ended, "The program ended before it listened");
    try {
      (await Deno.connect({ transport: "unix", path: socket })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function serving(
  home: Home,
  args: readonly string[],
  task: (socket: string) => Promise<void>,
): Promise<Deno.CommandOutput> {
  const socket = `${home.room}/socket`;
  const program = home.start("serve", "containerd", "-s", socket, ...args);
  try {
    await program.stdin.close();
    await listening(socket, program);
    await task(socket);
  } finally {
    program.kill("SIGTERM");
  }
  return await program.output();
}

rootTest(
  "serve containerd keeps snapshots until SIGTERM, and again after it",
  async (home) => {
    const outcome = await serving(
      home,
      ["--log-format", "json"],
      async (socket) => {
        using client = new Snapshots(socket);
        const mounts = await client.prepare("key");
        assertStringIncludes(mounts[0]!.source, `${home.path}/`);
      },
    );
    assertEquals(outcome.code, 0);
    assertEquals(new TextDecoder().decode(outcome.stdout), "");
    const events = new TextDecoder().decode(outcome.stderr).trim().split("\n")
      .map((line) => JSON.parse(line).event);
    assertEquals(events, ["listening", "Prepare", "stopped"]);
    await serving(home, [], async (socket) => {
      using client = new Snapshots(socket);
      assertEquals(await client.names(), ["key"]);
    });
    assertEquals(await home.ok(["check", "--quiet"]), "");
  },
);

rootTest("serve refuses an engine that it does not know", async (home) => {
  const { status, stderr } = await home.run(["serve", "podman"]);
  assertEquals(status, 2);
  assertStringIncludes(stderr, "ENGINE is docker or containerd");
});
