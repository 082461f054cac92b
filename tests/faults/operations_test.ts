/**
 * That the judge of `operations.ts` finds what is wrong: logs that are right, and
 * the same logs doctored.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "../assert.ts";
import { type Call, type Entry, parseLog } from "./operations/call.ts";
import { follow } from "./operations/history.ts";
import { State } from "./operations/state.ts";
import { finalFaults, ownFaults } from "./operations/verdict.ts";

type Step = readonly [
  process: number,
  begin: number,
  end: number,
  call: Partial<Call>,
  code?: string,
  value?: unknown,
];

/** Calls on layer `a` unless they say otherwise. */
function log(...steps: Step[]): Entry[] {
  return steps.map(([process, begin, end, fields, code = "OK", value]) => ({
    process,
    begin,
    end,
    call: { name: "create", id: "a", shared: true, cli: false, ...fields },
    outcome: { code, value },
  }));
}

function faultsOf(...steps: Step[]): number {
  return follow(log(...steps), new State()).faults.length;
}

const CREATE: Partial<Call> = { name: "create" };
const REMOVE: Partial<Call> = { name: "remove" };
const EXISTS: Partial<Call> = { name: "exists" };
const CHILD: Partial<Call> = { name: "create", id: "b", parent: "a" };
const GET: Partial<Call> = { name: "get", id: "b" };
const PUT: Partial<Call> = { name: "put", id: "b" };

/** What may happen, and what may not; the second differs in one thing. */
const PAIRS: Readonly<Record<string, [Step[], Step[]]>> = {
  "two creates of one id": [
    [[1, 0, 3, CREATE], [2, 1, 2, CREATE, "EEXIST"]],
    [[1, 0, 3, CREATE], [2, 1, 2, CREATE]],
  ],
  "a create after another": [
    [[1, 0, 1, CREATE], [2, 2, 3, REMOVE], [1, 4, 5, CREATE]],
    [[1, 0, 1, CREATE], [2, 2, 3, EXISTS, "OK", true], [1, 4, 5, CREATE]],
  ],
  "a layer that is not there yet": [
    [[1, 0, 3, CREATE], [2, 1, 2, EXISTS, "OK", false]],
    [[1, 0, 1, CREATE], [2, 2, 3, EXISTS, "OK", false]],
  ],
  "a layer that comes and goes for two watchers": [
    [
      [1, 0, 5, CREATE],
      [2, 1, 2, EXISTS, "OK", false],
      [3, 3, 4, EXISTS, "OK", true],
    ],
    [
      [1, 0, 5, CREATE],
      [2, 1, 2, EXISTS, "OK", true],
      [3, 3, 4, EXISTS, "OK", false],
    ],
  ],
  "a child of a parent that is being removed": [
    [[1, 0, 1, CREATE], [1, 2, 5, REMOVE], [2, 3, 4, CHILD, "ENOENT"]],
    [[1, 0, 1, CREATE], [1, 2, 5, REMOVE], [2, 3, 4, CHILD]],
  ],
  "a parent that stays": [
    [[1, 0, 1, CREATE], [1, 2, 5, REMOVE, "EBUSY"], [2, 3, 4, CHILD]],
    [[1, 0, 1, CREATE], [1, 2, 3, REMOVE, "EBUSY"], [2, 4, 5, CHILD]],
  ],
  "a mount that another process takes away": [
    [
      [1, 0, 1, CREATE],
      [1, 2, 3, CHILD],
      [1, 4, 5, GET],
      [2, 6, 7, PUT],
      [2, 8, 9, { name: "remove", id: "b" }],
    ],
    [
      [1, 0, 1, CREATE],
      [1, 2, 3, CHILD],
      [1, 4, 5, GET],
      [2, 6, 7, { ...PUT, id: "a" }],
      [2, 8, 9, { name: "remove", id: "b" }],
    ],
  ],
  "a mount that is given back before the call that made it ends": [
    [
      [1, 0, 1, CREATE],
      [1, 2, 3, CHILD],
      [1, 4, 7, GET],
      [2, 5, 6, PUT],
      [3, 8, 9, { name: "remove", id: "b" }],
    ],
    [
      [1, 0, 1, CREATE],
      [1, 2, 3, CHILD],
      [2, 4, 5, PUT],
      [1, 6, 7, GET],
      [3, 8, 9, { name: "remove", id: "b" }],
    ],
  ],
  "uses that nest": [
    [
      [1, 0, 1, CREATE],
      [1, 2, 3, CHILD],
      [1, 4, 5, GET],
      [1, 6, 7, GET],
      [1, 8, 9, PUT],
      [2, 10, 11, { name: "remove", id: "b" }, "EBUSY"],
    ],
    [
      [1, 0, 1, CREATE],
      [1, 2, 3, CHILD],
      [1, 4, 5, GET],
      [1, 8, 9, PUT],
      [2, 10, 11, { name: "remove", id: "b" }, "EBUSY"],
    ],
  ],
  "content that an archive brings": [
    [
      [1, 0, 1, CREATE],
      [1, 2, 3, { name: "applyDiff", texts: { f: "new" } }, "OK", 3],
      [2, 4, 5, { name: "diff" }, "OK", ["f=fnew"]],
    ],
    [
      [1, 0, 1, CREATE],
      [1, 2, 3, { name: "applyDiff", texts: { f: "new" } }, "OK", 3],
      [2, 4, 5, { name: "diff" }, "OK", []],
    ],
  ],
  "a layer that went away while it was read": [
    [
      [1, 0, 1, CREATE],
      [1, 2, 5, REMOVE],
      [2, 3, 4, { name: "changes" }, "EIO"],
    ],
    [
      [1, 0, 1, CREATE],
      [1, 2, 3, REMOVE],
      [2, 4, 5, { name: "changes" }, "EIO"],
    ],
  ],
  "parents of a layer": [
    [
      [1, 0, 1, CREATE],
      [1, 2, 3, CHILD],
      [2, 4, 5, { name: "getMetadata", id: "b" }, "OK", ["a"]],
    ],
    [
      [1, 0, 1, CREATE],
      [1, 2, 3, CHILD],
      [2, 4, 5, { name: "getMetadata", id: "b" }, "OK", []],
    ],
  ],
  "a call that was given up": [
    [
      [1, 0, 1, { name: "create", patience: 1 }, "ECANCELED"],
      [2, 2, 3, EXISTS, "OK", false],
    ],
    [
      [1, 0, 1, { name: "create", patience: 1 }, "ECANCELED"],
      [2, 2, 3, EXISTS, "OK", true],
    ],
  ],
  "codes": [
    [[1, 0, 1, REMOVE, "ENOENT"]],
    [[1, 0, 1, REMOVE, "EUCLEAN"]],
  ],
};

for (const [name, [right, wrong]] of Object.entries(PAIRS)) {
  Deno.test(`follow() judges ${name}`, () => {
    assertEquals(faultsOf(...right), 0);
    assertEquals(faultsOf(...wrong), 1);
  });
}

Deno.test("follow() tells what was beside a call that cannot be", () => {
  const [fault] = follow(
    log([1, 0, 3, CREATE], [2, 1, 2, CREATE]),
    new State(),
  ).faults;

  assert(/not possible: .*process 1: create a/.test(fault!), fault);
  assert(/beside .*process 2: create a/.test(fault!), fault);
});

Deno.test("ownFaults() wants each answer to be exact", () => {
  const own = { shared: false };
  const right = log([1, 0, 1, own], [1, 2, 3, { ...own, name: "remove" }]);
  const wrong = log([1, 0, 1, own], [1, 2, 3, own]);

  assertEquals(ownFaults(right, new State()).faults, []);
  assertEquals(ownFaults(wrong, new State()).faults.length, 1);
});

Deno.test("finalFaults() compares layers, parents and content", () => {
  const state = (id: string, files: [string, string][]) =>
    new State().withLayer(id, { files: new Map(files) });
  const shared = state("shared-1", [["f", "fx"]]);
  const own = state("own-1-1", []);
  const both = own.withLayer("shared-1", { files: new Map([["f", "fx"]]) });

  assertEquals(finalFaults(both, [shared], own), []);
  assertEquals(finalFaults(both, [new State(), shared], own), []);
  assertEquals(finalFaults(shared, [shared], own).length, 1);
  assertEquals(
    finalFaults(both, [state("shared-1", [["f", "fy"]])], own).length,
    2,
  );
  assertEquals(
    finalFaults(both.withLayer("own-1-1", { parent: "x" }), [shared], own)
      .length,
    2,
  );
});

Deno.test("parseLog() orders calls by their lines, and misses no end", () => {
  const call = JSON.stringify(log([1, 0, 1, CREATE])[0]!.call);
  const begin = (process: number) => `{"process":${process},"call":${call}}\n`;
  const end = (process: number) =>
    `{"process":${process},"outcome":{"code":"OK"}}\n`;

  const entries = parseLog(begin(1) + begin(2) + end(2) + end(1));
  assertEquals(entries.map(({ process }) => process), [1, 2]);
  assertEquals(entries.map(({ begin, end }) => [begin, end]), [[0, 3], [1, 2]]);
  assertThrows(() => parseLog(begin(1)));
  assertThrows(() => parseLog(end(1)));
});
