/**
 * Archives on their way to every kind of output, and from every kind of input.
 *
 * @module
 */

import { Buffer } from "node:buffer";

import { assert, assertEquals } from "../assert.ts";
import { execute, type Home, rootTest } from "./program.ts";
import { tarOf } from "./tar_bytes.ts";

const CONTENT = new Uint8Array(5_000_000).map((_, i) => (i * 13) >> 5);
const LARGE = tarOf(
  { name: "a", content: "small" },
  { name: "b", content: CONTENT },
  { name: "c", content: CONTENT.subarray(1, 300_002) },
  { name: "d", content: "small" },
);

async function makeLayer(home: Home): Promise<void> {
  await Deno.writeFile(`${home.room}/in`, LARGE);
  await home.ok(["create", "a"]);
  await home.ok(["apply-diff", "a", "-i", `${home.room}/in`]);
}

/** Runs a line of the shell, in which `$1` and `$2` are the program's files. */
async function shell(home: Home, line: string): Promise<void> {
  const script = line.replaceAll("overlay2", '"$@"');
  const words = ["sh", "-c", `cd ${home.room}; ${script}`, "sh"];
  const outcome = await execute([...words, ...home.words()]);
  assertEquals(
    { line, status: outcome.status, stderr: outcome.stderr },
    { line, status: 0, stderr: "" },
  );
}

const OUTPUTS: Readonly<Record<string, string>> = {
  "a pipe": "overlay2 diff a | cat >out",
  "a slow pipe":
    "overlay2 diff a | { sleep 0.3; dd bs=1000 status=none; } >out",
  "a file on standard output": "overlay2 diff a >out",
  "the end of a file": "printf '' >out; overlay2 diff a >>out",
  "a file by name": "overlay2 diff a -o out",
  "a named pipe": "mkfifo p; cat p >out & overlay2 diff a -o p; wait",
  "a pipe by its path": "overlay2 diff a -o /dev/stdout | cat >out",
};

for (const [name, line] of Object.entries(OUTPUTS)) {
  rootTest(`diff gives the same bytes to ${name}`, async (home) => {
    await makeLayer(home);
    const { bytes } = await home.run(["diff", "a"]);

    await shell(home, line);

    const out = await Deno.readFile(`${home.room}/out`);
    assertEquals(out.length, bytes.length);
    assert(Buffer.compare(out, bytes) === 0);
  });
}

rootTest("diff ends with the error of any output", async (home) => {
  await makeLayer(home);
  const full = await execute([
    "sh",
    "-c",
    '"$@" >/dev/full',
    "sh",
    ...home.words("diff", "a"),
  ]);
  assertEquals(full.status, 1);
  assertEquals(
    full.stderr,
    "overlay2: diff a: Cannot write standard output: no space left on device (ENOSPC)\n",
  );

  const { status, stderr } = await home.run(["diff", "a", "-o", "/dev/full"]);
  assertEquals(status, 1);
  assertEquals(
    stderr,
    'overlay2: diff a: Cannot write "/dev/full": no space left on device (ENOSPC)\n',
  );
});

rootTest("diff ends in silence when nobody reads on", async (home) => {
  await makeLayer(home);
  const { stdout, stderr } = await execute([
    "sh",
    "-c",
    '"$@" | head -c 1000 | wc -c',
    "sh",
    ...home.words("diff", "a"),
  ]);

  assertEquals([stdout.trim(), stderr], ["1000", ""]);
});

const INPUTS: Readonly<Record<string, string>> = {
  "a pipe": "cat in | overlay2 apply-diff b >size",
  "a file on standard input": "overlay2 apply-diff b <in >size",
  "a file by name": "overlay2 apply-diff b -i in >size",
  "a named pipe":
    "mkfifo p; cat in >p & overlay2 apply-diff b -i p >size; wait",
};

for (const [name, line] of Object.entries(INPUTS)) {
  rootTest(`apply-diff makes the same layer of ${name}`, async (home) => {
    await makeLayer(home);
    await home.ok(["create", "b"]);

    await shell(home, line);

    const outcomes = [
      await home.run(["diff", "a"]),
      await home.run(["diff", "b"]),
    ];
    assert(Buffer.compare(outcomes[0]!.bytes, outcomes[1]!.bytes) === 0);
    const size = await Deno.readTextFile(`${home.room}/size`);
    assertEquals(Number(size), 5_300_011);
  });
}

rootTest(
  "apply-diff reads standard input from where it stands",
  async (home) => {
    await Deno.writeFile(
      `${home.room}/in`,
      Uint8Array.from([...new Uint8Array(1000).fill(1), ...LARGE]),
    );
    await home.ok(["create", "b"]);

    const line = "{ head -c 1000 >skipped; overlay2 apply-diff b >size; } <in";
    await shell(
      home,
      line.replace("head -c 1000", "dd bs=1000 count=1 status=none"),
    );

    const b = await Deno.readFile(`${home.path}/b/diff/b`);
    assert(Buffer.compare(b, CONTENT) === 0);
  },
);
