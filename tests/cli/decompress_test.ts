/**
 * Compressed input: whole, in odd pieces, damaged, cut short, continued.
 *
 * @module
 */

import { constants, gzipSync, zstdCompressSync } from "node:zlib";

import { openArchive } from "../../src/cli/archive_input.ts";
import { CommandError } from "../../src/cli/command.ts";
import { startThread } from "../../src/cli/decompress_thread.ts";
import { fileSource, type Source } from "../../src/driver/source.ts";
import { DriverError } from "../../src/errors.ts";
import { AT_FDCWD, O_RDONLY } from "../../src/linux/constants.ts";
import { closeFd, openAt } from "../../src/linux/file.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";

const NEVER = new AbortController().signal;
const ZEROS = new Uint8Array(3_000_000);
const NOISE = noise(400_000);
const TEXT = new TextEncoder().encode("many words ".repeat(20_000));

/** Bytes that do not compress, the same in every run. */
function noise(size: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 16;
  });
}

function gzip(data: Uint8Array): Uint8Array {
  return new Uint8Array(gzipSync(data));
}

function zstd(data: Uint8Array): Uint8Array {
  const params = { [constants.ZSTD_c_checksumFlag]: 1 };
  const chunkSize = 1 << 23;
  return new Uint8Array(zstdCompressSync(data, { params, chunkSize }));
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** Gives `bytes` in pieces of `step` bytes, in a buffer that is used again. */
function sourceOf(bytes: Uint8Array, step: number): Source {
  const buffer = new Uint8Array(step);
  let at = 0;
  return {
    next() {
      const part = bytes.subarray(at, at += step);
      buffer.set(part);
      return at - step >= bytes.length
        ? undefined
        : buffer.subarray(0, part.length);
    },
    close() {},
  };
}

/** All that a source gives. */
async function drain(source: Source): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  try {
    for (;;) {
      const chunk = await source.next();
      if (chunk === undefined) break;
      parts.push(new Uint8Array(chunk));
    }
  } finally {
    await source.close();
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Sends `bytes` through on this thread, in pieces of `step` bytes. */
async function through(bytes: Uint8Array, step: number): Promise<Uint8Array> {
  const input = { source: sourceOf(bytes, step), size: bytes.length };
  return await drain((await openArchive(input, NEVER)).source);
}

/** Sends `bytes` through on another thread, from a file. */
async function throughThread(bytes: Uint8Array): Promise<Uint8Array> {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, bytes);
  const input = { source: fileSource(path, path), size: undefined };
  await Deno.remove(path);
  return await drain((await openArchive(input, NEVER)).source);
}

async function assertDamaged(bytes: Uint8Array, part: string): Promise<void> {
  const ways = [
    () => through(bytes, bytes.length),
    () => through(bytes, 1000),
    () => throughThread(bytes),
  ];
  for (const way of ways) {
    const error = await assertRejects(way, DriverError, part);
    assertEquals(error.code, "EBADMSG");
  }
}

/** Compares without the cost of a deep comparison. */
function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  assertEquals(actual.length, expected.length);
  assert(actual.every((byte, i) => byte === expected[i]), "bytes differ");
}

for (const [name, pack] of [["gzip", gzip], ["zstd", zstd]] as const) {
  Deno.test(`decompress unpacks ${name} in pieces of any size`, async () => {
    for (const data of [ZEROS, NOISE, TEXT, new Uint8Array(0)]) {
      const packed = pack(data);
      for (const step of [packed.length, 65536, 4096, 7]) {
        assertSame(await through(packed, step), data);
      }
      assertSame(await throughThread(packed), data);
    }
  });

  Deno.test(`decompress unpacks ${name} data joined to more of it`, async () => {
    const packed = concat(pack(TEXT), pack(new Uint8Array(0)), pack(ZEROS));
    for (const step of [packed.length, pack(TEXT).length, 1000, 1]) {
      assertSame(await through(packed, step), concat(TEXT, ZEROS));
    }
    assertSame(await throughThread(packed), concat(TEXT, ZEROS));
  });

  Deno.test(`decompress refuses ${name} data that end early`, async () => {
    for (const data of [ZEROS, NOISE, TEXT]) {
      const packed = pack(data);
      for (const lost of [1, 4, 5, 9, packed.length >> 1, packed.length - 12]) {
        const cut = packed.subarray(0, packed.length - lost);
        await assertDamaged(cut, "it ends early");
      }
    }
  });

  Deno.test(`decompress refuses a second ${name} part that ends early`, async () => {
    const packed = concat(pack(TEXT), pack(NOISE).subarray(0, 300_000));
    await assertDamaged(packed, "it ends early");
  });

  Deno.test(`decompress refuses ${name} data followed by others`, async () => {
    const garbage = new TextEncoder().encode("something else ".repeat(200));
    await assertDamaged(
      concat(pack(TEXT), garbage),
      `Cannot unpack the ${name}`,
    );
  });

  Deno.test(`decompress refuses ${name} data with a wrong bit`, async () => {
    for (const data of [ZEROS, NOISE, TEXT]) {
      const packed = pack(data);
      for (const at of [packed.length >> 1, packed.length - 1]) {
        const wrong = packed.slice();
        wrong[at]! ^= 0x10;
        await assertDamaged(wrong, `Cannot unpack the ${name} archive`);
      }
    }
  });
}

Deno.test("decompress ignores zeros after gzip data, and nothing else", async () => {
  const zeros = new Uint8Array(40_000);
  assertSame(await through(concat(gzip(TEXT), zeros), 1000), TEXT);
  const late = concat(gzip(TEXT), zeros, gzip(TEXT));
  await assertDamaged(late, "something else follows its end");
});

Deno.test("decompress skips the skippable frames of zstd", async () => {
  const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9);
  const packed = concat(skippable, zstd(TEXT), skippable, zstd(NOISE));
  for (const step of [packed.length, 5]) {
    assertSame(await through(packed, step), concat(TEXT, NOISE));
  }
  await assertDamaged(concat(zstd(TEXT), skippable.subarray(0, 10)), "early");
});

Deno.test("decompress unpacks zstd blocks that are not compressed", async () => {
  // A frame by hand (RFC 8878): one raw block "abc", one block of "d" 70,000
  // times, which is the last; the size of the content is not told.
  const header = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
  const raw = [3 << 3 & 0xff, 0, 0, 0x61, 0x62, 0x63];
  const field = 70_000 << 3 | 1 << 1 | 1;
  const rle = [field & 0xff, field >> 8 & 0xff, field >> 16, 0x64];
  const packed = Uint8Array.from([...header, ...raw, ...rle]);
  const expected = concat(
    new TextEncoder().encode("abc"),
    new Uint8Array(70_000).fill(0x64),
  );
  for (const step of [packed.length, 1]) {
    assertSame(await through(packed, step), expected);
  }
  const reserved = packed.slice();
  reserved[6]! |= 3 << 1;
  await assertDamaged(reserved, "it is damaged");
});

Deno.test("decompress refuses zstd data that take too much memory", async () => {
  // 100,000 times "d", in a window of 2^27 bytes and of more (RFC 8878, 3.1.1.1.2).
  const field = 100_000 << 3 | 1 << 1 | 1;
  const rle = [field & 0xff, field >> 8 & 0xff, field >> 16, 0x64];
  const frame = (log: number) =>
    Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, ...rle]);

  assertEquals((await through(frame(27), 1000)).length, 100_000);
  for (const log of [28, 31, 41]) {
    await assertDamaged(frame(log), "too much memory");
  }
});

Deno.test("decompress passes on what is not compressed", async () => {
  for (const data of [NOISE, TEXT, new Uint8Array(0), Uint8Array.of(0x1f)]) {
    assertSame(await through(data, 1000), data);
  }
  const name = new TextEncoder().encode("BZh is the name of this file");
  assertSame(await through(name, 3), name);
});

Deno.test("decompress names a compression that is not supported", async () => {
  const magics = {
    bzip2: [0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
    xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    lz4: [0x04, 0x22, 0x4d, 0x18],
  };
  for (const [name, magic] of Object.entries(magics)) {
    const bytes = Uint8Array.from([...magic, ...new Array(100).fill(0)]);
    const error = await assertRejects(
      () => through(bytes, 3),
      CommandError,
      `compressed with ${name}`,
    );
    assertEquals(error.code, "ENOTSUP");
  }
});

Deno.test("decompress closes its input", async () => {
  for (const bytes of [gzip(NOISE), zstd(NOISE), NOISE]) {
    let closed = 0;
    const input = { ...sourceOf(bytes, 50_000), close: () => void closed++ };
    const { source } = await openArchive({ source: input, size: 1 }, NEVER);
    await source.next();

    await source.close();

    assertEquals(closed, 1);
  }
});

Deno.test("decompress fails with its input", async () => {
  const bytes = gzip(NOISE);
  let pieces = 0;
  const input: Source = {
    next() {
      if (++pieces === 3) throw new RangeError("no more");
      return bytes.subarray(0, 1000);
    },
    close() {},
  };

  const { source } = await openArchive({ source: input, size: 1 }, NEVER);

  await assertRejects(() => drain(source), RangeError, "no more");
});

Deno.test("a thread fails with its input", async () => {
  const directory = openAt({ fd: AT_FDCWD, path: "" }, "/", O_RDONLY);
  const head = gzip(NOISE).subarray(0, 1000);
  const thread = startThread(
    { compression: "gzip", head, fd: directory },
    NEVER,
  );

  await assertRejects(() => drain(thread), Error, "is a directory");

  closeFd(directory);
});

Deno.test("a thread that is closed ends, with more to give or waiting", async () => {
  const head = gzip(concat(NOISE, ZEROS, ZEROS));
  const waiting = new Deno.Command("cat", { stdin: "piped", stdout: "piped" });
  await using process = waiting.spawn();
  const pipe = openAt(
    { fd: AT_FDCWD, path: "" },
    `/proc/${process.pid}/fd/1`,
    O_RDONLY,
  );
  const some = head.subarray(0, 300_000);
  const threads = [
    startThread({ compression: "gzip", head, fd: pipe }, NEVER),
    startThread({ compression: "gzip", head: some, fd: pipe }, NEVER),
  ];

  for (const thread of threads) {
    await thread.next();
    await thread.close();
  }

  closeFd(pipe);
  await process.stdin.close();
  await process.stdout.cancel();
  await process.status;
});

Deno.test("decompress takes empty chunks for nothing", async () => {
  for (const pack of [gzip, zstd]) {
    const none = new Uint8Array(0);
    const chunks = [none, pack(TEXT), none, none, pack(NOISE), none];
    const input = { next: () => chunks.shift(), close() {} };

    const { source } = await openArchive({ source: input, size: 1 }, NEVER);

    assertSame(await drain(source), concat(TEXT, NOISE));
  }
});
