/**
 * Archives in chunks as small as dockerd sends them, faster than they are
 * unpacked.
 *
 * @module
 */

import { serveDocker } from "../../src/server/docker/serve.ts";
import { assert, assertStringIncludes } from "../assert.ts";
import { TempDir } from "../fixtures.ts";
import { archive, file } from "../tar_builder.ts";
import { ask, Client } from "./client.ts";

const FILES = 20_000;

/**
 * Longest that it may take, in milliseconds: some two seconds by itself, and
 * minutes if each chunk takes a time that grows with what was sent ahead.
 */
const PATIENCE = 30_000;

/** An archive as a chunked body, each header and content a chunk of its own. */
function chunked(bytes: Uint8Array): Uint8Array {
  const blocks = bytes.length / 512;
  const head = new TextEncoder().encode("200\r\n");
  const body = new Uint8Array(blocks * (head.length + 514) + 5);
  for (let i = 0; i < blocks; i++) {
    const at = i * (head.length + 514);
    body.set(head, at);
    body.set(bytes.subarray(i * 512, (i + 1) * 512), at + head.length);
    body.set([13, 10], at + head.length + 512);
  }
  body.set(new TextEncoder().encode("0\r\n\r\n"), body.length - 5);
  return body;
}

Deno.test("The plugin takes many small chunks that are sent ahead, each in the same time", async () => {
  using temp = new TempDir("overlay2_server_");
  temp.useMemory();
  const socket = `${temp.path}/p.sock`;
  const serving = await serveDocker({
    socket,
    metrics: undefined,
    log: { format: "text", quiet: true, write: () => {} },
    storageOpts: [],
    notifySocket: undefined,
  });
  try {
    await ask(
      socket,
      "GraphDriver.Init",
      JSON.stringify({ Home: `${temp.path}/home` }),
    );
    await ask(socket, "GraphDriver.Create", '{"ID":"many"}');
    const files = Array.from({ length: FILES }, (_, i) => file(`f${i}`, "x"));
    const body = chunked(archive(...files));
    using client = await Client.connect(socket);
    const began = performance.now();

    await client.head("GraphDriver.ApplyDiff?id=many&parent=", "chunked");
    const sending = client.send(body);
    const reply = await client.reply();
    await sending;

    assertStringIncludes(reply.body, `"Size":${FILES}`);
    const taken = performance.now() - began;
    assert(taken < PATIENCE, `${taken} ms`);
  } finally {
    await serving.stop(1000);
  }
});
