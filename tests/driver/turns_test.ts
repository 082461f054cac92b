import { assert } from "../assert.ts";
import { tempDriver } from "../fixtures.ts";
import { archive, file } from "../tar_builder.ts";

/**
 * Longest that a socket may wait for an answer, in milliseconds. Alone it takes
 * less than one, on a busy machine up to 80, and over 300 if turns are given to
 * timers only.
 */
const PATIENCE = 200;

/** Asks a server of this process from another thread, until told to stop. */
function client(port: number): Worker {
  const program = `
    let worst = 0;
    let on = true;
    self.onmessage = () => { on = false; };
    const socket = await Deno.connect({ port: ${port} });
    const byte = new Uint8Array(1);
    while (on) {
      const start = performance.now();
      await socket.write(byte);
      await socket.read(byte);
      worst = Math.max(worst, performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    socket.close();
    self.postMessage(worst);
  `;
  const url = `data:application/javascript,${encodeURIComponent(program)}`;
  return new Worker(url, { type: "module" });
}

/** Runs `task` while a socket of this process is asked; gives the longest wait. */
async function longestWait(task: () => Promise<unknown>): Promise<number> {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const worker = client((listener.addr as Deno.NetAddr).port);
  using connection = await listener.accept();
  const serving = connection.readable.pipeTo(connection.writable)
    .catch(() => {});
  const answer = new Promise<number>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
  });
  await task();
  worker.postMessage("stop");
  const worst = await answer;
  await serving;
  worker.terminate();
  return worst;
}

Deno.test({
  name: "Driver gives sockets a turn during long work",
  // The server's streams close with the client, which is another thread.
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    await using temp = await tempDriver();
    const { driver } = temp;
    const many = archive(
      ...Array.from({ length: 20_000 }, (_, i) => file(`f${i}`)),
    );
    const jobs: Record<string, () => Promise<unknown>> = {
      applyDiff: () =>
        driver.applyDiff("many", "", new Blob([many as BlobPart]).stream()),
      changes: () => driver.changes("many"),
      diffSize: () => driver.diffSize("many"),
      diff: () => driver.diff("many").pipeTo(new WritableStream()),
      remove: () => driver.remove("many"),
    };

    // A busy machine may stop the whole process; a fault of ours shows each time.
    const waits: Record<string, number> = {};
    for (let attempt = 0; attempt < 3; attempt++) {
      await driver.create("many");
      for (const [name, job] of Object.entries(jobs)) {
        const wait = await longestWait(job);
        waits[name] = Math.min(waits[name] ?? Infinity, wait);
      }
    }

    for (const [name, wait] of Object.entries(waits)) {
      assert(wait < PATIENCE, `${name}: ${wait} ms; ${JSON.stringify(waits)}`);
    }
  },
});
