/**
 * Many commands in one process.
 *
 * @module
 */

import type { Answer } from "../../src/cli/batch.ts";
import { linesOf } from "../../src/cli/lines.ts";
import { encodeName } from "../../src/text.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { archive, file } from "../tar_builder.ts";
import { type Home, rootTest } from "./program.ts";

/** Runs lines as one batch. */
async function batch(home: Home, ...lines: string[]): Promise<Answer[]> {
  const input = encodeName(lines.join("\n"));
  const { status, stdout, stderr } = await home.run(["batch"], {
    stdin: input,
  });
  assertEquals([status, stderr], [0, ""]);
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("linesOf() joins lines that come in pieces", async () => {
  const text = encodeName("one\ntwo \udcff\n\nlast");
  for (const size of [1, 2, 3, 5, 100]) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < text.length; at += size) {
      pieces.push(text.subarray(at, at + size));
    }
    const source = { next: () => pieces.shift(), close() {} };
    const lines = (await Array.fromAsync(linesOf(source))).flat();
    assertEquals(lines, ["one", "two \udcff", "", "last"], `${size}`);
  }
});

rootTest(
  "batch answers each command in order, and goes on after errors",
  async (home) => {
    const tar = `${home.room}/a.tar`;
    Deno.writeFileSync(tar, archive(file("f", "12345")));

    const answers = await batch(
      home,
      "exists base",
      "create base",
      "# a comment, and an empty line",
      "",
      `apply-diff base -i "${tar}"`,
      '["create-rw", "a b", "base"]',
      "get 'a b'",
      "get none",
      "changes base",
      "nonsense",
      "create 'unclosed",
      "put a\\ b",
      "remove 'a b' none other base",
      "exists base",
    );

    const path = `${home.path}/a b/merged`;
    assertEquals(
      answers.map(({ status, result, error, errors }) => [
        status,
        result ?? null,
        error?.code ?? null,
        errors?.map(({ id }) => id) ?? null,
      ]),
      [
        [1, null, "ENOENT", null],
        [0, null, null, null],
        [0, { size: 5 }, null, null],
        [0, null, null, null],
        [0, { path }, null, null],
        [1, null, "ENOENT", null],
        [0, [{ path: "/f", kind: "A" }], null, null],
        [2, null, "EUSAGE", null],
        [2, null, "EUSAGE", null],
        [0, null, null, null],
        [1, null, "ENOENT", ["none", "other"]],
        [1, { exists: false }, null, null],
      ],
    );
    assertEquals(answers[5]!.error!.command, "get");
    assertEquals(answers[5]!.error!.id, "none");
  },
);

rootTest("batch answers a line before the next one is there", async (home) => {
  await using child = home.start("batch");
  const writer = child.stdin.getWriter();
  const reader = child.stdout.getReader();
  for (const id of ["one", "two", "three"]) {
    await writer.write(encodeName(`create ${id}\n`));
    const { value } = await reader.read();
    assertEquals(new TextDecoder().decode(value), '{"status":0}\n');
  }
  await writer.close();
  await reader.cancel();
  await child.stderr.cancel();
  assertEquals((await child.status).code, 0);
});

rootTest(
  "batch keeps what it mounted, whatever fails afterwards",
  async (home) => {
    await batch(home, "create base", "create-rw top base");

    await batch(home, "get top", "get none", "create top");

    assertEquals(home.mounts(), [`${home.path}/top/merged`]);
    await home.ok(["put", "top"]);
  },
);

rootTest(
  "batch counts uses across its lines, also after init",
  async (home) => {
    await batch(home, "create base", "create-rw top base");

    await batch(home, "get top", "init", "get top", "put top");
    assertEquals(home.mounts().length, 1);
    await home.ok(["put", "top"]);
  },
);

rootTest(
  "batch passes its options on to every line, which may add its own",
  async (home) => {
    const lines = encodeName(
      `create base\nstatus --home ${home.room}/other\nstatus --storage-opt no.such=1\n` +
        `create x --home ${home.room}/other\n`,
    );
    const { stdout } = await home.run(
      ["--storage-opt", "overlay2.sync=strict", "batch"],
      { stdin: lines },
    );

    const answers: Answer[] = stdout.trimEnd().split("\n")
      .map((line) => JSON.parse(line));
    assertEquals(answers.map(({ status }) => status), [0, 0, 1, 0]);
    assertEquals(answers[2]!.error!.code, "EINVAL");
    assert(Deno.statSync(`${home.room}/other/x/diff`).isDirectory);
  },
);

rootTest(
  "batch takes no archive from its input and gives none to its output",
  async (home) => {
    const answers = await batch(
      home,
      "create base",
      "apply-diff base",
      "diff base",
      "diff base -o -",
      "batch",
    );

    for (const { status, error } of answers.slice(1)) {
      assertEquals([status, error?.code], [2, "EUSAGE"]);
      assertStringIncludes(error!.message, "batch");
    }
  },
);

rootTest(
  "batch tells warnings with the answer they belong to",
  async (home) => {
    const tar = `${home.room}/cut.tar`;
    Deno.writeFileSync(tar, archive(file("f", "x")).subarray(0, 1024));

    const answers = await batch(
      home,
      "create base",
      `apply-diff base -i ${tar}`,
      "exists base",
    );

    assertEquals(answers.map(({ warnings }) => warnings?.length ?? 0), [
      0,
      1,
      0,
    ]);
    assertStringIncludes(answers[1]!.warnings![0]!, "no end mark");
  },
);

rootTest(
  "batch that is interrupted has done what it answered, and ends with 130",
  async (home) => {
    await using child = home.start("batch");
    const writer = child.stdin.getWriter();
    const reader = child.stdout.getReader();
    await writer.write(encodeName("create base\n"));
    await reader.read();

    child.kill("SIGINT");

    assertEquals((await child.status).code, 130);
    await reader.cancel();
    await child.stderr.cancel();
    await writer.close().catch(() => {});
    assertEquals(await home.ok(["exists", "base"]), "");
  },
);
