/**
 * Parts of the program that are loaded when they are needed.
 *
 * @module
 */

import { Later } from "../../src/driver/later.ts";
import { assertEquals } from "../assert.ts";

function countingLater(): { later: Later<number[]>; loads: () => number } {
  let loads = 0;
  const later = new Later(() => {
    loads++;
    return Promise.resolve([1, 2]);
  });
  return { later, loads: () => loads };
}

Deno.test("Later loads when it is first used, and once", async () => {
  const { later, loads } = countingLater();
  assertEquals(loads(), 0);

  const sums = await Promise.all([
    later.use((part) => Promise.resolve(part.length)),
    later.use((part) => Promise.resolve(part.length)),
  ]);

  assertEquals([sums, loads()], [[2, 2], 1]);
});

Deno.test("Later uses at once what is there", async () => {
  const { later } = countingLater();
  await later.load();
  let used = false;

  const using = later.use(() => {
    used = true;
    return Promise.resolve();
  });

  assertEquals(used, true);
  await using;
});

Deno.test("Later tries again what could not be loaded", async () => {
  let tries = 0;
  const later = new Later(() =>
    ++tries === 1 ? Promise.reject(new Error("no")) : Promise.resolve("yes")
  );

  assertEquals(await later.load().catch(({ message }) => message), "no");
  assertEquals(await later.load(), "yes");
});

Deno.test("Later makes a stream at its first read, and passes on its end, error and cancellation", async () => {
  let cancelled: unknown;
  const numbers = (part: number[]) =>
    new ReadableStream<number>({
      pull(controller) {
        const next = part.shift();
        if (next === undefined) controller.close();
        else if (next < 0) controller.error(new Error("negative"));
        else controller.enqueue(next);
      },
      cancel: (reason) => void (cancelled = reason),
    }, { highWaterMark: 0 });
  const laterOf = (...part: number[]) => new Later(() => Promise.resolve(part));

  assertEquals(await Array.fromAsync(laterOf(1, 2).stream(numbers)), [1, 2]);

  const failing = laterOf(1, -1).stream(numbers).getReader();
  assertEquals(await failing.read(), { done: false, value: 1 });
  assertEquals(
    await failing.read().catch(({ message }) => message),
    "negative",
  );

  const left = laterOf(1, 2).stream(numbers).getReader();
  await left.read();
  await left.cancel("enough");
  assertEquals(cancelled, "enough");

  const { later, loads } = countingLater();
  await later.stream(numbers).cancel();
  assertEquals(loads(), 0);
});
