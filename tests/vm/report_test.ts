/**
 * Reading what the virtual machine reports.
 *
 * @module
 */

import { assertEquals } from "../assert.ts";
import { Report } from "../../tools/vm/report.ts";

function read(...lines: unknown[]): Report {
  const report = new Report();
  for (const line of lines) report.add(JSON.stringify(line));
  return report;
}

const END = { end: true };

Deno.test("Report counts what the guest reports", () => {
  const report = read(
    { plan: 3 },
    { start: "a" },
    { name: "a", ok: true, ms: 1 },
    { name: "b", ok: false, ms: 1, error: "no" },
    { name: "c", skip: "not here" },
    END,
  );

  assertEquals(report.tally(), { passed: 1, failed: 1, skipped: 1 });
});

Deno.test("Report counts planned tests that have no result as failed", () => {
  const report = read(
    { plan: 3 },
    { name: "a", ok: true, ms: 1 },
    { start: "b" },
  );

  assertEquals(report.tally(), { passed: 1, failed: 2, skipped: 0 });
  assertEquals(report.running, "b");
});

Deno.test("Report counts a run without a beginning or an end as failed", () => {
  const endless = read({ plan: 1 }, { name: "a", ok: true, ms: 1 });

  assertEquals(endless.tally(), { passed: 1, failed: 1, skipped: 0 });
  assertEquals(read(END).tally().failed, 1);
  assertEquals(read().tally().failed, 1);
});

Deno.test("Report formats results, and passes on what is no report", () => {
  const report = new Report();

  assertEquals(
    [
      '{"name":"a","ok":true,"ms":12}',
      '{"name":"b","ok":false,"ms":1,"error":"Error: no\\n    at b"}',
      '{"note":"hello"}',
      "Segmentation fault",
      "",
      '{"plan":2}',
    ].map((line) => report.add(line)),
    [
      "a ... ok (12ms)",
      "b ... FAILED (1ms)\nError: no\n    at b",
      "# hello",
      "# Segmentation fault",
      undefined,
      undefined,
    ],
  );
});
