/**
 * Small inputs that unpack to enormous ones: time, memory, and limits.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { gzipSync, zstdCompressSync } from "node:zlib";

import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { header, join, pax } from "../tar/fixture.ts";
import { type Home, rootTest } from "./program.ts";
import { tarOf } from "./tar_bytes.ts";

const MEBIBYTE = 1 << 20;
/** What compresses best, in one member of gzip or one frame of zstd. */
const PIECE = 64 * MEBIBYTE;

type Pack = (bytes: Uint8Array) => Uint8Array;
const PACKERS: Readonly<Record<string, Pack>> = {
  gzip: (bytes) => gzipSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
};

/** An archive of one file of zeros, compressed piece by piece. */
function bomb(pack: Pack, pieces: number): Uint8Array {
  const size = (pieces * PIECE).toString(8).padStart(12, "0");
  const piece = pack(new Uint8Array(PIECE));
  return Buffer.concat([
    pack(header({ name: "zeros", size })),
    ...Array.from({ length: pieces }, () => piece),
    pack(new Uint8Array(1024)),
  ]);
}

/** Most memory that a process has had so far, in bytes; 0 once it is gone. */
function peakOf(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Runs the program on an input, and watches its memory. */
async function watch(
  home: Home,
  args: readonly string[],
  input: Uint8Array,
): Promise<{ status: number; stderr: string; peak: number }> {
  await Deno.writeFile(`${home.room}/input`, input);
  const child = home.start(...args, "-i", `${home.room}/input`);
  await child.stdin.close();
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid));
  }, 10);
  const { code, stderr } = await child.output();
  clearInterval(timer);
  return { status: code, stderr: new TextDecoder().decode(stderr), peak };
}

for (const [name, pack] of Object.entries(PACKERS)) {
  rootTest(
    `apply-diff --max-size ends a ${name} bomb early, and leaves nothing of it`,
    async (home) => {
      await home.ok(["create", "a"]);
      const before = home.listing();
      const bytes = bomb(pack, 512);
      assert(bytes.length < 40 * MEBIBYTE, `${bytes.length}`);
      const start = performance.now();

      const { status, stderr, peak } = await watch(
        home,
        ["apply-diff", "a", "--max-size", "8M"],
        bytes,
      );

      assertEquals(
        [status, stderr],
        [
          1,
          "overlay2: apply-diff a: Cannot unpack the archive: " +
          "it holds more than 8388608 bytes (EFBIG)\n",
        ],
      );
      assertEquals(home.listing(), before);
      assert(peak < 256 * MEBIBYTE, `${peak} bytes of memory`);
      // All 32 GiB would take a minute at the very least.
      assert(performance.now() - start < 30_000);
    },
  );

  rootTest(
    `apply-diff of ${name} data takes no more memory the more they unpack to`,
    async (home) => {
      const peaks: number[] = [];
      for (const [id, pieces] of [["a", 1], ["b", 8]] as const) {
        await home.ok(["create", id]);
        const { status, stderr, peak } = await watch(
          home,
          ["apply-diff", id],
          bomb(pack, pieces),
        );
        assertEquals([status, stderr], [0, ""]);
        const { size } = Deno.statSync(`${home.path}/${id}/diff/zeros`);
        assertEquals(size, pieces * PIECE);
        await home.ok(["remove", id]);
        peaks.push(peak);
      }

      assert(peaks[1]! - peaks[0]! < 64 * MEBIBYTE, peaks.join());
      assert(peaks[1]! < 256 * MEBIBYTE, peaks.join());
    },
  );
}

rootTest(
  "apply-diff --max-entries ends an archive of many files",
  async (home) => {
    await home.ok(["create", "a"]);
    const before = home.listing();
    const files = Array.from(
      { length: 1001 },
      (_, i) => ({ name: `file-${i}` }),
    );

    const many = await home.run(
      ["apply-diff", "a", "--max-entries", "1000"],
      { stdin: tarOf(...files) },
    );
    const left = home.listing();
    await home.ok(
      ["apply-diff", "a", "--max-entries=1000"],
      tarOf(...files.slice(1)),
    );

    assertEquals(
      [many.status, many.stderr],
      [
        1,
        "overlay2: apply-diff a: Cannot unpack the archive: " +
        "it holds more than 1000 entries (EFBIG)\n",
      ],
    );
    assertEquals(left, before);
  },
);

rootTest(
  "apply-diff --max-size counts the holes of sparse files",
  async (home) => {
    await home.ok(["create", "a"]);
    const before = home.listing();
    const size = 2 ** 40;
    const sparse = join(
      pax(
        ["GNU.sparse.map", `${size},0`],
        ["GNU.sparse.numblocks", "1"],
        ["GNU.sparse.size", `${size}`],
      ),
      header({ name: "hole" }),
      new Uint8Array(1024),
    );

    const refused = await home.run(
      ["apply-diff", "a", "--max-size", "1023G"],
      { stdin: sparse },
    );
    assertEquals(refused.status, 1);
    assertStringIncludes(refused.stderr, "(EFBIG)\n");
    assertEquals(home.listing(), before);
    await home.ok(["apply-diff", "a", "--max-size", "1025G"], sparse);
    assertEquals(Deno.statSync(`${home.path}/a/diff/hole`).size, size);
  },
);

rootTest("apply-diff takes only limits that are numbers", async (home) => {
  await home.ok(["create", "a"]);
  for (
    const option of [
      ...["--max-size=", "--max-size=many", "--max-size=-1", "--max-size=1X"],
      ...["--max-entries=", "--max-entries=-1", "--max-entries=1.5"],
    ]
  ) {
    const { status, stderr } = await home.run(
      ["apply-diff", "a", option],
      { stdin: tarOf({ name: "x" }) },
    );
    assertEquals(status, 2, option);
    assertStringIncludes(stderr, option.split("=")[0]!);
  }
});
