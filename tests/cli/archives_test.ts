/**
 * Archives in and out: the program as a process, on real files.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { gzipSync, zstdCompressSync } from "node:zlib";

import { encodeName } from "../../src/text.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { execute, type Home, rootTest } from "./program.ts";
import { concat, tarOf } from "./tar_bytes.ts";

const FILES = tarOf(
  { name: "etc/" },
  { name: "etc/hosts", content: "127.0.0.1 localhost\n" },
  { name: "big", content: new Uint8Array(300_000).fill(7) },
);

/** A base layer that holds {@linkcode FILES}. */
async function makeBase(home: Home): Promise<void> {
  await home.ok(["create", "base"]);
  await home.ok(["apply-diff", "base"], FILES);
}

rootTest("apply-diff fills a layer, and prints its size", async (home) => {
  await home.ok(["create", "a"]);
  await home.ok(["create", "b"]);

  const size = await home.ok(["apply-diff", "a"], FILES);
  const json = await home.ok(["apply-diff", "--json", "b", ""], FILES);

  assert(Number(size) >= 300_020, size);
  assertEquals(size, `${Number(size)}\n`);
  assertEquals(JSON.parse(json), { size: Number(size) });
  const path = `${home.path}/a/diff/etc/hosts`;
  assertEquals(await Deno.readTextFile(path), "127.0.0.1 localhost\n");
});

rootTest("diff gives what apply-diff unpacked, if it is kept", async (home) => {
  const odd = concat([FILES, new Uint8Array(7 * 512)]);
  const keep = ["--storage-opt", "overlay2.exact=true"];
  await Deno.writeFile(`${home.room}/in.tar.gz`, gzipSync(odd));
  const out = `${home.room}/out.tar`;
  for (
    const [id, args, stdin] of [
      ["a", [], odd],
      ["b", ["-i", `${home.room}/in.tar.gz`], undefined],
      ["c", [], zstdCompressSync(odd)],
    ] as const
  ) {
    await home.ok(["create", id]);
    await home.ok([...keep, "apply-diff", id, ...args], stdin);

    await home.ok(["diff", id, "-o", out]);

    assertEquals(await Deno.readFile(out), odd);
    assertEquals((await home.run(["check", "--deep"])).status, 0);
  }
  await Deno.writeTextFile(
    `${home.path}/a/diff/etc/hosts`,
    "127.0.0.1 lookalik",
  );

  const { status, stderr } = await home.run(["diff", "a", "-o", out]);

  assertEquals(status, 1);
  assertStringIncludes(stderr, "etc/hosts has 18 bytes and not 20 (EIO)");
});

rootTest("apply-diff reads a file by -i", async (home) => {
  await Deno.writeFile(`${home.room}/layer.tar`, FILES);
  await home.ok(["create", "a"]);
  await home.ok(["create", "b"]);
  await home.ok(["create", "c"]);

  const size = await home.ok([
    "apply-diff",
    "a",
    "-i",
    `${home.room}/layer.tar`,
  ]);
  assertEquals(await home.ok(["apply-diff", "b", "-i", "-"], FILES), size);
  const input = `--input=${home.room}/layer.tar`;
  assertEquals(await home.ok([input, "c"].toSpliced(0, 0, "apply-diff")), size);
  assertEquals(
    await home.ok(["changes", "a"]),
    "A /big\nA /etc\nA /etc/hosts\n",
  );
});

rootTest("apply-diff names an input that is not there", async (home) => {
  await home.ok(["create", "a"]);
  const missing = `${home.room}/nope.tar`;

  const outcome = await home.run(["apply-diff", "a", "-i", missing]);
  const directory = await home.run(["apply-diff", "a", "-i", home.room]);

  assertEquals([outcome.status, outcome.stdout], [1, ""]);
  assertEquals(
    outcome.stderr,
    `overlay2: apply-diff a: Cannot read "${missing}": ` +
      "no such file or directory (ENOENT)\n",
  );
  assertStringIncludes(directory.stderr, "is a directory (EISDIR)\n");
});

for (
  const [name, pack] of [["gzip", gzipSync], [
    "zstd",
    zstdCompressSync,
  ]] as const
) {
  rootTest(`apply-diff recognises ${name}`, async (home) => {
    const half = FILES.length >> 1;
    const parts = [FILES.subarray(0, half), FILES.subarray(half)];
    const packed = concat(parts.map((part) => new Uint8Array(pack(part))));
    await home.ok(["create", "plain"]);
    await home.ok(["create", "packed"]);

    const size = await home.ok(["apply-diff", "plain"], FILES);
    assertEquals(await home.ok(["apply-diff", "packed"], packed), size);
    const both = await Promise.all(
      ["plain", "packed"].map((id) => home.run(["diff", id])),
    );
    assert(Buffer.compare(both[0]!.bytes, both[1]!.bytes) === 0);
  });

  rootTest(
    `apply-diff takes nothing of ${name} data that end early`,
    async (home) => {
      await home.ok(["create", "a"]);
      const before = home.listing();
      const packed = new Uint8Array(pack(FILES));

      const cut = packed.subarray(0, packed.length - 20);
      const { status, stdout, stderr } = await home.run(
        ["apply-diff", "a"],
        { stdin: cut },
      );

      assertEquals([status, stdout], [1, ""]);
      assertEquals(
        stderr,
        `overlay2: apply-diff a: Cannot unpack the ${name} archive: ` +
          "it ends early (EBADMSG)\n",
      );
      assertEquals(home.listing(), before);
    },
  );
}

rootTest("apply-diff names a compression that it cannot undo", async (home) => {
  await home.ok(["create", "a"]);
  const magic = Uint8Array.of(
    0xfd,
    0x37,
    0x7a,
    0x58,
    0x5a,
    0,
    0,
    4,
    0,
    0,
    0,
    0,
  );

  const { status, stderr } = await home.run(
    ["apply-diff", "a"],
    { stdin: magic },
  );

  assertEquals(status, 1);
  assertStringIncludes(stderr, "compressed with xz, and only gzip and zstd");
  assertStringIncludes(stderr, "(ENOTSUP)\n");
});

rootTest(
  "diff writes an archive that makes the same layer again",
  async (home) => {
    await makeBase(home);
    await home.ok(["create", "again"]);

    const { status, bytes, stderr } = await home.run(["diff", "base"]);
    assertEquals([status, stderr], [0, ""]);
    await home.ok(["apply-diff", "again"], bytes);
    const again = await home.run(["diff", "again"]);

    assert(Buffer.compare(bytes, again.bytes) === 0);
  },
);

rootTest("diff -o makes the file when it is complete", async (home) => {
  await makeBase(home);
  const file = `${home.room}/base.tar`;
  const { bytes } = await home.run(["diff", "base"]);

  assertEquals(await home.ok(["diff", "base", "-o", file]), "");
  assertEquals(Buffer.compare(await Deno.readFile(file), bytes), 0);
  await Deno.writeTextFile(file, "old");
  await Deno.chmod(file, 0o640);
  await Deno.symlink(file, `${home.room}/link`);
  await home.ok(["diff", "base", "--output", `${home.room}/link`]);
  assertEquals(Buffer.compare(await Deno.readFile(file), bytes), 0);
  assertEquals(Deno.statSync(file).mode! & 0o777, 0o640);
  assertEquals(await home.ok(["diff", "base", "-o", "/dev/null"]), "");
  assert(Deno.statSync("/dev/null").isCharDevice);
  assertEquals(Deno.readDirSync(home.room).toArray().length, 3);
});

rootTest("diff -o leaves nothing behind when it fails", async (home) => {
  await makeBase(home);
  const file = `${home.room}/base.tar`;
  await Deno.writeTextFile(file, "old");

  const unknown = await home.run(["diff", "nope", "-o", file]);
  const nowhere = await home.run(["diff", "base", "-o", `${home.room}/no/x`]);
  const directory = await home.run(["diff", "base", "-o", home.room]);

  assertEquals([unknown.status, nowhere.status, directory.status], [1, 1, 1]);
  assertStringIncludes(unknown.stderr, "(ENOENT)\n");
  assertStringIncludes(nowhere.stderr, `Cannot write "${home.room}/no/x": `);
  assertStringIncludes(directory.stderr, "is a directory (EISDIR)\n");
  assertEquals(await Deno.readTextFile(file), "old");
  assertEquals(Deno.readDirSync(home.room).toArray().length, 2);
});

rootTest("diff reports that the disk is full", async (home) => {
  await makeBase(home);

  const words = home.words("diff", "base").map((word) => `'${word}'`).join(" ");
  const { status, stderr } = await execute(
    ["sh", "-c", `${words} > /dev/full`],
  );

  assertEquals(status, 1);
  assertStringIncludes(stderr, "overlay2: diff base: Cannot write standard ");
  assertStringIncludes(stderr, "(ENOSPC)\n");
});

rootTest("diff is what tar can list", async (home) => {
  await makeBase(home);

  const { bytes } = await home.run(["diff", "base"]);
  const { stdout } = await execute(["tar", "-t"], { stdin: bytes });

  assertEquals(stdout.trimEnd().split("\n").sort(), [
    "big",
    "etc/",
    "etc/hosts",
  ]);
}, "tar");

rootTest(
  "changes, diff-size and diff compare with any PARENT",
  async (home) => {
    await makeBase(home);
    await home.ok(["create", "empty"]);
    await home.ok(["create-rw", "work", "base"]);
    const path = (await home.ok(["get", "work"])).trimEnd();
    await Deno.remove(`${path}/big`);
    await Deno.writeTextFile(`${path}/etc/hosts`, "changed");
    await Deno.writeTextFile(`${path}/new`, "12345");
    await home.ok(["put", "work"]);

    const lines = "D /big\nC /etc\nC /etc/hosts\nA /new\n";
    assertEquals(await home.ok(["changes", "work"]), lines);
    assertEquals(await home.ok(["changes", "work", "base"]), lines);
    assertEquals(
      await home.ok(["changes", "work", ""]),
      "A /etc\nA /etc/hosts\nA /new\n",
    );
    assertEquals(
      await home.ok(["changes", "work", "empty"]),
      "A /etc\nA /etc/hosts\nA /new\n",
    );
    assertEquals(JSON.parse(await home.ok(["changes", "--json", "work"])), [
      { path: "/big", kind: "D" },
      { path: "/etc", kind: "C" },
      { path: "/etc/hosts", kind: "C" },
      { path: "/new", kind: "A" },
    ]);
    const size = await home.ok(["diff-size", "work"]);
    assert(Number(size) >= 12, size);
    assertEquals(
      JSON.parse(await home.ok(["diff-size", "work", "base", "--json"])),
      { size: Number(size) },
    );
    const whole = await home.run(["diff", "work", ""]);
    assertStringIncludes(whole.stdout, "12345");
    assert(!whole.stdout.includes(".wh."));
    assertStringIncludes((await home.run(["diff", "work"])).stdout, ".wh.big");
    assertEquals(home.mounts(), []);
  },
);

rootTest("diff reports what it leaves out", async (home) => {
  await makeBase(home);
  const path = `${home.path}/base/diff/socket`;
  using _listener = Deno.listen({ transport: "unix", path });

  const plain = await home.run(["diff", "base"]);
  const json = await home.run(["diff", "base", "--json"]);

  assertEquals([plain.status, json.status], [0, 0]);
  assertStringIncludes(plain.stderr, "overlay2: diff base: Left out ");
  assertStringIncludes(plain.stderr, "socket");
  assertEquals(plain.stderr.split("\n").length, 2, plain.stderr);
  const { warning } = JSON.parse(json.stderr);
  assertEquals(plain.stderr, `overlay2: diff base: ${warning.message}\n`);
  assert(!plain.stdout.includes("socket"));
});

rootTest("apply-diff says why standard input cannot be read", async (home) => {
  await home.ok(["create", "a"]);
  const words = home.words("apply-diff", "a").map((word) => `'${word}'`);

  const { status, stderr } = await execute(
    ["sh", "-c", `${words.join(" ")} < /`],
  );

  assertEquals(status, 1);
  assert(
    /^overlay2: apply-diff a: Cannot [^\n]* \(EISDIR\)\n$/.test(stderr),
    stderr,
  );
});

rootTest("names that are not UTF-8 survive all the way", async (home) => {
  const name = "caf\udce9\x01é";
  await home.ok(["create", "a"]);
  await home.ok(["create", "b"]);
  await home.ok(["apply-diff", "a"], tarOf({ name, content: "x" }));

  const changes = await home.run(["changes", "a"]);
  assertEquals(Buffer.compare(changes.bytes, encodeName(`A /${name}\n`)), 0);
  assertEquals(
    await home.ok(["changes", "a", "--json"]),
    '[{"path":"/caf\\udce9\\u0001é","kind":"A"}]\n',
  );
  const { bytes } = await home.run(["diff", "a"]);
  await home.ok(["apply-diff", "b"], bytes);
  assertEquals(await home.ok(["changes", "b"]), `A /${name}\n`);
});

rootTest("messages show names in printable form", async (home) => {
  await home.ok(["create", "a"]);
  const hostile = tarOf({ name: "../\x1b[2J\udcff", content: "x" });

  const { status, stderr } = await home.run(["get", "b\x1b[2J"]);
  assertEquals(status, 1);
  assertStringIncludes(stderr, "overlay2: get b\\x1b[2J: ");
  const escape = await home.run(["apply-diff", "a"], { stdin: hostile });
  assert(!escape.stderr.includes("\x1b"), escape.stderr);
});

rootTest("a layer id that is not UTF-8 is told by its bytes", async (home) => {
  const words = home.words("exists", "x\\377").map((word) =>
    word.includes("\\") ? `"$(printf '${word}')"` : `'${word}'`
  );
  await home.ok(["create", "x\ufffd"]);

  // Deno would take the byte for U+FFFD, and thus for the layer that exists.
  const { status } = await execute(["sh", "-c", words.join(" ")]);
  assertEquals(status, 1);
});
