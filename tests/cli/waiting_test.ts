/**
 * Commands that wait for another process, and are told to give up.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { tryLock } from "../../src/linux/lock.ts";
import { assert, assertEquals } from "../assert.ts";
import { type Home, rootTest } from "./program.ts";
import { tarOf } from "./tar_bytes.ts";

const ARCHIVE = tarOf({ name: "file", content: "text" });
/** A busy machine takes its time; a command that waited on would never end. */
const PATIENCE_MS = 10_000;

/** Commands that need the lock of the layer `top`, or that of the home. */
const WAITERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "top": [
    ["create", "new", "top"],
    ["create-rw", "new", "top"],
    ["get", "top"],
    ["put", "top"],
    ["apply-diff", "top"],
    ["remove", "top"],
  ],
  "l": [
    ["create", "new"],
    ["create-rw", "new", "top"],
    ["apply-diff", "top"],
    ["remove", "top"],
  ],
};

/** Whether another process has a directory open. */
function isOpenElsewhere(path: string): boolean {
  return [...Deno.readDirSync("/proc")].some(({ name }) =>
    /^\d+$/.test(name) && Number(name) !== Deno.pid &&
    descriptorsOf(name).includes(path)
  );
}

function descriptorsOf(pid: string): string[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) =>
      Deno.readLinkSync(`/proc/${pid}/fd/${name}`)
    );
  } catch {
    // It ended, or closed one, in this very moment.
    return [];
  }
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    assert(performance.now() < end, "it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Starts a command, and waits until it waits for a directory. */
async function startWaiting(
  home: Home,
  args: readonly string[],
  path: string,
): Promise<Deno.ChildProcess> {
  const child = home.start(...args);
  if (args[0] === "apply-diff") {
    const writer = child.stdin.getWriter();
    await writer.write(ARCHIVE);
    writer.releaseLock();
  }
  await child.stdin.close();
  await until(() => isOpenElsewhere(path));
  return child;
}

for (const [place, commands] of Object.entries(WAITERS)) {
  rootTest(`Ctrl-C ends commands that wait for ${place}`, async (home) => {
    await home.ok(["create", "base"]);
    await home.ok(["create", "top", "base"]);
    const before = home.listing();
    const path = `${Deno.realPathSync(home.path)}/${place}`;
    using lock = Dir.open(path);
    assert(tryLock(lock.fd, path));

    for (const args of commands) {
      const child = await startWaiting(home, args, path);
      const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
      child.kill("SIGINT");
      const { code, stdout, stderr } = await child.output();
      clearTimeout(timer);
      const text = new TextDecoder().decode(stderr);

      assertEquals([args, code, stdout.length], [args, 130, 0], text);
      assert(/\(ECANCELED\)\n$/.test(text), text);
      assertEquals(home.listing(), before);
      assertEquals(home.mounts(), []);
    }
  });
}

rootTest("a command that waits goes on when it can", async (home) => {
  await home.ok(["create", "base"]);
  const path = `${Deno.realPathSync(home.path)}/base`;
  const lock = Dir.open(path);
  assert(tryLock(lock.fd, path));
  const child = await startWaiting(home, ["create", "top", "base"], path);

  lock[Symbol.dispose]();
  const { code } = await child.output();

  assertEquals(code, 0);
  await home.ok(["exists", "top"]);
});
