/**
 * One request and its answer, between `node:http` and the web's types.
 *
 * `Deno.serve` takes a time for each chunk that grows with what was received
 * ahead, and dockerd sends archives in chunks as small as their headers: some
 * hundred times slower than this.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Answers a request.
 *
 * @param incoming The request.
 * @param outgoing Where the answer goes.
 * @param answer Makes it.
 */
export async function exchange(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: (request: Request) => Response | Promise<Response>,
): Promise<void> {
  // Also for a client that goes away before there is an answer.
  const gone = new Promise<void>((resolve) => outgoing.once("close", resolve));
  const response = await answer(requestOf(incoming));
  for (const [name, value] of response.headers) outgoing.setHeader(name, value);
  outgoing.statusCode = response.status;
  // Texts are small and sent at once; an archive has no type.
  const stream = response.headers.has("content-type") ? null : response.body;
  if (stream !== null) return await send(stream, outgoing, gone);
  const bytes = new Uint8Array(await response.arrayBuffer());
  outgoing.setHeader("content-length", bytes.length);
  const sent = new Promise<void>((resolve) => outgoing.once("finish", resolve));
  outgoing.end(bytes);
  await Promise.race([sent, gone]);
}

function requestOf(incoming: IncomingMessage): Request {
  const { method = "GET", url = "/" } = incoming;
  const bare = method === "GET" || method === "HEAD";
  return new Request(`http://socket${url.slice(url.indexOf("/"))}`, {
    method,
    body: bare ? null : bodyOf(incoming),
  });
}

/** The body at its reader's pace; it fails if the client goes away before its end. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = incoming[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await chunks.next();
      if (!done) return controller.enqueue(value);
      if (!incoming.complete) throw new Error("connection closed");
      controller.close();
    },
  }, { highWaterMark: 0 });
}

/** Sends a body; one that fails breaks the connection, so that nobody takes it for whole. */
async function send(
  body: ReadableStream<Uint8Array>,
  outgoing: ServerResponse,
  gone: Promise<void>,
): Promise<void> {
  const reader = body.getReader();
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), gone]);
      if (next === undefined) throw new Error("connection closed");
      if (next.done) break;
      if (!outgoing.write(next.value)) await drained(outgoing, gone);
    }
    const sent = new Promise<void>((resolve) =>
      outgoing.once("finish", resolve)
    );
    outgoing.end();
    await Promise.race([sent, gone]);
  } catch (error) {
    outgoing.destroy();
    await reader.cancel(error).catch(() => {});
  }
}

async function drained(
  outgoing: ServerResponse,
  gone: Promise<void>,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  outgoing.once("drain", resolve);
  await Promise.race([promise, gone]);
}
