/**
 * Answers that are written while others are being found.
 *
 * @module
 */

import { Answers } from "../../src/cli/answers.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { turn } from "../fixtures.ts";

/** A writer whose writes are done when the test says so. */
function slowWriter() {
  const texts: string[] = [];
  const done: (() => void)[] = [];
  return {
    texts,
    finish: () => done.shift()?.(),
    write(bytes: Uint8Array): Promise<void> {
      texts.push(new TextDecoder().decode(bytes));
      return new Promise((resolve) => done.push(resolve));
    },
  };
}

Deno.test("Answers go out at once, and together while one is on its way", async () => {
  const writer = slowWriter();
  const answers = new Answers(writer.write);

  for (const value of [1, 2, { three: 3 }]) await answers.add(value);
  assertEquals(writer.texts, ["1\n"]);
  writer.finish();
  await turn();
  assertEquals(writer.texts, ["1\n", '2\n{"three":3}\n']);

  await answers.add(4);
  const flushed = answers.flush();
  writer.finish();
  await turn();
  writer.finish();
  await flushed;
  assertEquals(writer.texts.at(-1), "4\n");
});

Deno.test("Answers wait when nobody reads them", async () => {
  const writer = slowWriter();
  const answers = new Answers(writer.write);
  await answers.add("x");

  let added = false;
  const adding = answers.add("y".repeat(100_000)).then(() => added = true);
  await turn();
  assertEquals(added, false);
  writer.finish();
  await turn();
  writer.finish();
  await adding;

  assert(writer.texts[1]!.length > 100_000);
});

Deno.test("Answers tell that they cannot be written", async () => {
  const answers = new Answers(() => Promise.reject(new RangeError("closed")));

  await answers.add(1).catch(() => {});
  await turn();

  await assertRejects(() => answers.add(2), RangeError, "closed");
  await assertRejects(() => answers.flush(), RangeError, "closed");
});
