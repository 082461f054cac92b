/**
 * An archive in chunks: large content is read on two threads.
 *
 * @module
 */

import { Chunks } from "../../src/driver/chunks.ts";
import { AT_FDCWD, O_RDONLY } from "../../src/linux/constants.ts";
import { closeFd, openAt } from "../../src/linux/file.ts";
import { Archive, type ArchiveItem, bareItem } from "../../src/tree/archive.ts";
import { assert, assertEquals } from "../assert.ts";
import { assertCode, TempDir } from "../fixtures.ts";
import { join } from "../tar/fixture.ts";

const MIB = 1 << 20;
const HEAD = new Uint8Array(512).fill(1);
const END = new Uint8Array(1024).fill(2);

/** Content that is not the same anywhere. */
function content(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const words = new Uint32Array(bytes.buffer, 0, length >> 2);
  for (let i = 0; i < words.length; i++) words[i] = i * 2654435761;
  return bytes;
}

/** An archive of one file, whose size is what was written at first. */
async function withFile(
  bytes: Uint8Array,
  task: (chunks: Chunks, path: string) => Promise<void>,
): Promise<void> {
  using temp = new TempDir();
  const path = `${temp.path}/file`;
  Deno.writeFileSync(path, bytes);
  const fd = openAt({ fd: AT_FDCWD, path: "" }, path, O_RDONLY);
  try {
    const size = bytes.length;
    const items: ArchiveItem[] = [
      { head: HEAD, fd, size, padding: 3, path },
      bareItem(END),
    ];
    using archive = new Archive(items.values());
    const chunks = new Chunks(archive);
    await task(chunks, path);
    await chunks.settle();
  } finally {
    closeFd(fd);
  }
}

async function drain(chunks: Chunks): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (;;) {
    const chunk = await chunks.next();
    if (chunk === undefined) return found;
    found.push(chunk);
  }
}

for (const size of [100, 2 * MIB - 1, 2 * MIB, 3 * MIB, 9 * MIB + 777]) {
  Deno.test(`Chunks of ${size} bytes are the archive, in order`, async () => {
    const bytes = content(size);
    await withFile(bytes, async (chunks) => {
      const found = await drain(chunks);

      const all = join(...found);
      const whole = join(HEAD, bytes, new Uint8Array(3), END);
      assertEquals(all.length, whole.length);
      assert(all.every((byte, i) => byte === whole[i]), "other bytes");
      assert(found.every(({ length }) => length <= MIB), "too large");
      const buffers = new Set(found.map(({ buffer }) => buffer));
      assertEquals(buffers.size, found.length);
    });
  });
}

for (const left of [0, 3 * MIB, 9 * MIB]) {
  Deno.test(`Chunks of a file that is cut at ${left} bytes meanwhile fail`, async () => {
    await withFile(content(20 * MIB), async (chunks, path) => {
      await chunks.next();
      await chunks.next();
      Deno.truncateSync(path, left);

      await assertCode(() => drain(chunks), "EIO");
    });
  });
}

Deno.test("Chunks that nobody asks for any more are waited for", async () => {
  await withFile(content(20 * MIB), async (chunks) => {
    await chunks.next();
    await chunks.next();

    await chunks.settle();

    assertEquals((await drain(chunks)).length > 0, true);
  });
});
