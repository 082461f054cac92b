/**
 * Ctrl-C, SIGTERM, closed pipes and terminals, with the program as a process.
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { execute, type Home, rootTest } from "./program.ts";
import { tarOf } from "./tar_bytes.ts";

const BIG = tarOf(
  { name: "first", content: "done" },
  { name: "second", content: new Uint8Array(8_000_000).fill(3) },
  { name: "third", content: "never read" },
);

/** Waits until something is true. */
async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!condition()) {
    assert(performance.now() < end, "it did not happen within 20 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Starts an apply-diff, and waits until it has unpacked the first file. */
async function startApply(
  home: Home,
  id: string,
  part: Uint8Array = BIG.subarray(0, 3_000_000),
): Promise<Deno.ChildProcess> {
  const child = home.start("apply-diff", id);
  const writer = child.stdin.getWriter();
  await writer.write(part);
  writer.releaseLock();
  await until(() => home.listing().some((line) => line.endsWith("/first")));
  return child;
}

/** Waits for the end, with standard input still open. */
async function ended(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  await child.stdin.close().catch(() => {});
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  rootTest(`${signal} during apply-diff leaves nothing`, async (home) => {
    await home.ok(["create", "base"]);
    await home.ok(["create", "app", "base"]);
    for (const id of ["app", "base"]) {
      if (id === "base") await home.ok(["remove", "app"]);
      const before = home.listing();

      const child = await startApply(home, id);
      child.kill(signal);
      const { code, stdout, stderr } = await ended(child);

      assertEquals([code, stdout], [status, ""]);
      assert(
        new RegExp(`^overlay2: apply-diff ${id}: Cannot .*\\(ECANCELED\\)\n$`)
          .test(stderr),
        stderr,
      );
      assertEquals(home.listing(), before);
      assertEquals(home.mounts(), []);
      await home.ok(["apply-diff", id], BIG);
    }
  });
}

rootTest(
  "Ctrl-C ends the waiting for more of a compressed archive",
  async (home) => {
    await home.ok(["create", "base"]);
    const before = home.listing();
    const packed = new Uint8Array(gzipSync(BIG));

    const child = await startApply(home, "base", packed.subarray(0, -100));
    child.kill("SIGINT");
    const { code, stderr } = await ended(child);

    assertEquals(code, 130);
    assertStringIncludes(stderr, "interrupted (ECANCELED)");
    assertEquals(home.listing(), before);
  },
);

rootTest("a second Ctrl-C changes nothing", async (home) => {
  await home.ok(["create", "base"]);
  const before = home.listing();

  const child = await startApply(home, "base");
  for (let i = 0; i < 20; i++) child.kill("SIGINT");
  const { code, stderr } = await ended(child);

  assertEquals(code, 130);
  assertEquals(stderr.split("\n").length, 2, stderr);
  assertEquals(home.listing(), before);
});

rootTest("Ctrl-C ends a diff that nobody reads", async (home) => {
  await home.ok(["create", "base"]);
  await home.ok(["apply-diff", "base"], BIG);

  const child = home.start("diff", "base");
  await child.stdin.close();
  const reader = child.stdout.getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 200));
  child.kill("SIGINT");
  const { code } = await child.status;
  await reader.cancel();
  const stderr = await new Response(child.stderr).text();

  assertEquals(code, 130);
  assertEquals(
    stderr,
    "overlay2: diff base: Cannot go on: interrupted (ECANCELED)\n",
  );
});

rootTest("a reader that leaves ends diff without a word", async (home) => {
  await home.ok(["create", "base"]);
  await home.ok(["apply-diff", "base"], BIG);

  const child = home.start("diff", "base");
  await child.stdin.close();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const [{ code }, stderr] = await Promise.all([
    child.status,
    new Response(child.stderr).text(),
  ]);

  assertEquals([code, stderr], [141, ""]);
});

rootTest("a reader that leaves ends any command quietly", async (home) => {
  await home.ok(["create", "base"]);
  await home.ok(["create-rw", "work", "base"]);

  for (const args of [["status"], ["--help"], ["get", "work"]]) {
    const child = home.start(...args);
    await Promise.all([child.stdin.close(), child.stdout.cancel()]);
    const stderr = await new Response(child.stderr).text();
    const { code } = await child.status;
    assertEquals([args, code, stderr], [args, 141, ""]);
  }
  // A mount whose path could not be told is taken back.
  assertEquals(home.mounts(), []);
});

/** Runs words on a terminal of their own; what they print comes back. */
function onTerminal(words: readonly string[] | string) {
  const line = typeof words === "string"
    ? words
    : words.map((word) => `'${word}'`).join(" ");
  return execute(["script", "-qec", line, "/dev/null"]);
}

rootTest("diff refuses to write to a terminal", async (home) => {
  await home.ok(["create", "base"]);

  const { status, stdout } = await onTerminal(home.words("diff", "base"));

  assertEquals(status, 2);
  assertStringIncludes(stdout, "overlay2: diff: Cannot write an archive to a ");
  assertStringIncludes(stdout, "-o");
  assertStringIncludes(stdout, "(EUSAGE)");
}, "script");

rootTest("apply-diff refuses to read from a terminal", async (home) => {
  await home.ok(["create", "base"]);

  const { status, stdout } = await onTerminal(home.words("apply-diff", "base"));

  assertEquals(status, 2);
  assertStringIncludes(stdout, "overlay2: apply-diff: Cannot read an archive ");
  assertStringIncludes(stdout, "-i");
}, "script");

/** Applies an archive that takes a while to arrive, on a terminal. */
async function slowApply(home: Home, ...options: string[]): Promise<string> {
  const file = `${home.room}/big.tar`;
  await Deno.writeFile(file, BIG);
  const words = home.words(...options, "apply-diff", "base");
  const line = words.map((word) => `'${word}'`).join(" ");
  const half = BIG.length >> 1;
  const slow = `(head -c ${half} ${file}; sleep 2; tail -c +${
    half + 1
  } ${file})`;
  const { status, stdout } = await onTerminal(`${slow} | ${line} | cat`);
  assertEquals(status, 0);
  return stdout;
}

rootTest("long work tells a terminal how far it is", async (home) => {
  await home.ok(["create", "base"]);

  const output = await slowApply(home);

  const told = /[|\/-] apply-diff base, 1 s, 4\.0 MB, \d entries/;
  assert(told.test(output), JSON.stringify(output));
  const [, result] = output.split("\r\x1b[K").slice(-2);
  assert(/^\d+\r\n$/.test(result!), JSON.stringify(output.slice(-40)));
}, "script");

rootTest("-q keeps progress quiet", async (home) => {
  await home.ok(["create", "base"]);

  const output = await slowApply(home, "-q");

  assert(/^\d+\r\n$/.test(output), JSON.stringify(output));
}, "script");
