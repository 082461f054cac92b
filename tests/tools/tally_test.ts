/**
 * Reading and adding up test results.
 *
 * @module
 */

import { assertEquals } from "../assert.ts";
import { formatTally, parseDenoTest, sum } from "../../tools/tally.ts";

Deno.test("parseDenoTest reads the closing line", () => {
  const output = "a ... ok (1ms)\n\n" +
    "ok | 10 passed (3 steps) | 0 failed | 2 ignored (1 step) (5s)\n\n";

  assertEquals(parseDenoTest(output, true), {
    passed: 10,
    failed: 0,
    skipped: 2,
  });
});

Deno.test("parseDenoTest takes the last closing line, not one that a test printed", () => {
  const output = "ok | 99 passed | 0 failed (1s)\n" +
    "FAILED | 3 passed | 1 failed (2s)\n\nerror: Test failed\n";

  assertEquals(parseDenoTest(output, false), {
    passed: 3,
    failed: 1,
    skipped: 0,
  });
});

Deno.test("parseDenoTest counts a failure when the run failed or never ended", () => {
  const line = "ok | 3 passed | 0 failed (2s)\n";

  assertEquals(parseDenoTest(line, false).failed, 1);
  assertEquals(parseDenoTest("a ... ok (1ms)\n", true).failed, 1);
});

Deno.test("formatTally mentions skipped tests only if there are any", () => {
  const one = { passed: 1, failed: 2, skipped: 0 };

  assertEquals(formatTally(sum([one, one])), "2 passed, 4 failed");
  assertEquals(
    formatTally(sum([one, { ...one, skipped: 5 }])),
    "2 passed, 4 failed, 5 skipped",
  );
});
