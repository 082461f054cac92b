/**
 * What the benchmarks make of their figures.
 *
 * @module
 */

import { parse } from "../../bench/calls.ts";
import { fit } from "../../bench/fit.ts";
import type { Result } from "../../bench/row.ts";
import { TARGETS, verdicts } from "../../bench/targets.ts";
import { median } from "../../bench/timing.ts";
import { assert, assertEquals } from "../assert.ts";

const MAIN = new URL("../../bench/main.ts", import.meta.url).pathname;

function result(name: string, median: number, share: number): Result {
  const measured = { median, least: median, most: median, share };
  return {
    name,
    unit: "time",
    limit: "C",
    contenders: { ours: { ...measured, share: 1 }, limit: measured },
  };
}

Deno.test("every target of the benchmarks is about a row that there is", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, "--list"],
  }).output();
  const names = new TextDecoder().decode(stdout).trim().split("\n");

  for (const { row } of TARGETS) {
    const found = names.some((name) =>
      typeof row === "string" ? row === name : row.test(name)
    );
    assert(found, String(row));
  }
});

Deno.test("verdicts() judges shares and amounts, and leaves open what nobody did", () => {
  const met = verdicts(result("process get, from source", 20_000, 1.4));
  const missed = verdicts(result("process get, from source", 50_000, 1.6));
  const open = verdicts(result("create + remove", 500, 1.2));

  assertEquals(met.map(({ met }) => met), [true, true]);
  assertEquals(missed.map(({ met }) => met), [false, false]);
  assertEquals(open.map(({ beside, met }) => [beside, met]), [
    ["docker", undefined],
    ["limit", true],
  ]);
});

Deno.test("fit() finds a line, and tells how far the points are off", () => {
  const exact = fit([10, 20, 40], [25, 45, 85]);
  const bent = fit([1, 2, 3], [10, 20, 40]);

  assertEquals(Math.round(exact.slope * 1000), 2000);
  assertEquals(Math.round(exact.start * 1000), 5000);
  assert(exact.off < 1e-9);
  assert(bent.off > 0.05);
});

Deno.test("median() takes the middle one, whatever the order", () => {
  assertEquals(median([30, 10, 20]), 20);
});

Deno.test("parse() reads what strace counts, with and without errors", () => {
  const table = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 71.89    4.106461          41     98110      5903 futex
  0.62    0.035319           1     20054           fcntl
------ ----------- ----------- --------- --------- ----------------
100.00    4.141780                118164      5903 total
`;

  assertEquals([...parse(table)], [["futex", 98110], ["fcntl", 20054]]);
});
