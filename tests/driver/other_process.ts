/**
 * Another process at work on the home of a test.
 *
 * @module
 */

import { init } from "../../mod.ts";
import { Dir } from "../../src/linux/dir.ts";
import { hasCode } from "../../src/linux/errno.ts";
import { tryLock } from "../../src/linux/lock.ts";
import { streamOf } from "../fixtures.ts";
import { archive, file } from "../tar_builder.ts";

const [home, job, id = "base", parent = ""] = Deno.args as [
  string,
  keyof typeof jobs,
  string?,
  string?,
];

/** Runs a call that may be refused because of the other process. */
async function mayFail(
  task: () => Promise<unknown>,
  ...codes: string[]
): Promise<void> {
  try {
    await task();
  } catch (error) {
    if (!hasCode(error, ...codes)) throw error;
  }
}

async function work(): Promise<void> {
  await using driver = await init(home);
  for (let i = 0; i < 60; i++) {
    await mayFail(() => driver.create("shared", "base"), "EEXIST");
    const own = `other-${i}`;
    await driver.create(own, "base");
    await driver.applyDiff(own, "base", streamOf(archive(file("f", "x"))));
    await driver.get(own);
    await mayFail(() => driver.changes("shared"), "ENOENT", "EIO");
    await driver.put(own);
    await driver.remove(own);
    await mayFail(() => driver.remove("shared"), "ENOENT", "EBUSY");
  }
}

/** Fills a layer for ever, until somebody ends the process. */
async function apply(id: string, parent: string): Promise<void> {
  const driver = await init(home);
  let count = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const bytes = archive(file(`file-${count++}`, "x".repeat(2000)));
      controller.enqueue(bytes.subarray(0, bytes.length - 1024));
    },
  });
  await driver.applyDiff(id, parent, stream, {
    onProgress: () => Deno.stdout.writeSync(new Uint8Array([0x2e])),
  });
}

/** Makes and removes a layer and its parent, again and again. */
async function churn(): Promise<void> {
  const driver = await init(home);
  for (let i = 0; i < 1500; i++) {
    await driver.create("parent", "base");
    await driver.create("child", "parent");
    // So that somebody sees it whole, too.
    if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    await driver.remove("child");
    await driver.remove("parent");
  }
}

/** Takes the locks of the layer `base` and of the home, and keeps them. */
async function hold(): Promise<void> {
  for (const name of ["base", "l"]) {
    const dir = Dir.open(`${home}/${name}`);
    if (!tryLock(dir.fd, name)) throw new Error(`${name} is locked`);
  }
  Deno.stdout.writeSync(new Uint8Array([0x2e]));
  await new Promise((resolve) => setTimeout(resolve, 60_000));
}

const jobs = { work, apply: () => apply(id, parent), churn, hold };
await jobs[job]();
