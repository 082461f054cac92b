/**
 * Faults of the system that once did harm, by name. `inject.ts` tries all others.
 *
 * @module
 */

import { findCommand } from "../../tools/vm/needs.ts";
import { assert, assertEquals } from "../assert.ts";
import { TempDir } from "../fixtures.ts";
import { makeBenches } from "./bench.ts";
import { CASES } from "./cases.ts";
import { failCall, targetsOf } from "./failing_call.ts";
import { PATTERNS, workUnderFaults } from "./inject_loop.ts";
import { makeLayers } from "./layers.ts";

/** A call that fails: its case, its kind, where, and with what. */
type Fault = readonly [
  property: string,
  tried: string,
  kind: string,
  where: RegExp,
  error: string,
];

const FAULTS: readonly Fault[] = [
  [
    "What a trial leaves does not change what it found out",
    "init of a new home",
    "getdents64",
    /\.tmp-probe-/,
    "EIO",
  ],
  [
    "A lack of memory is not taken for what the kernel can do",
    "init of a new home",
    "fsconfig",
    /"workdir"/,
    "ENOMEM",
  ],
  [
    "A lack of locks has its name",
    "cleanup",
    "flock",
    /home\/l>/,
    "ENOLCK",
  ],
  [
    "A full quota has its name while a home is made",
    "init of a new home",
    "mkdirat",
    /"home"/,
    "EDQUOT",
  ],
  [
    "A full quota has its name while a trial is made",
    "init of a new home",
    "mkdirat",
    /\.tmp-probe-[^"]*>/,
    "EDQUOT",
  ],
  [
    "A layer whose short link cannot be removed stays whole",
    "remove",
    "unlinkat",
    /home\/l>/,
    "ENOMEM",
  ],
  [
    "A directory that was begun beside is removed again",
    "apply-diff beside",
    "statx",
    /home\/empty>, "\.tmp-diff/,
    "EIO",
  ],
  [
    "A parent whose mark does not reach the disk is none",
    "create, strictly",
    "fsync",
    /home\/leaf>/,
    "EIO",
  ],
  [
    "A volatile mount that did not come about leaves no mark",
    "get of a volatile mount",
    "move_mount",
    /./,
    "EIO",
  ],
  [
    "A removal that does not reach the disk is none",
    "remove, strictly",
    "fsync",
    /home>/,
    "EIO",
  ],
];

const missing = findCommand("strace") === undefined;

Deno.test({
  name: `Faults of the system do no harm${
    missing ? " (skipped: needs strace)" : ""
  }`,
  ignore: missing,
  async fn(context) {
    using benches = await makeBenches(1);
    const bench = benches.all[0]!;
    for (const [property, name, kind, where, error] of FAULTS) {
      await context.step(`${property}: ${error} of ${kind}`, async () => {
        const tried = CASES.find((other) => other.name === name)!;
        const reference = await bench.reference(tried);
        const targets = await targetsOf(bench, tried);
        const target = targets.findLast(({ call }) =>
          call.kind === kind && where.test(call.line)
        );
        assert(target, `${name} does not call ${kind} there`);
        const { faults, stderr } = await failCall(
          bench,
          reference,
          target,
          error,
        );
        assertEquals([faults, stderr], [[], stderr]);
      });
    }
    bench.clear();
  },
});

Deno.test({
  name: `No call loses a descriptor when system calls fail${
    missing ? " (skipped: needs strace)" : ""
  }`,
  ignore: missing,
  async fn() {
    using temp = new TempDir();
    temp.useMemory();
    await makeLayers(`${temp.path}/home`);

    const { failed, lost } = await workUnderFaults(
      `${temp.path}/home`,
      PATTERNS[0]!,
      4,
    );

    assert(failed > 20, `${failed} calls failed`);
    assertEquals(lost, []);
  },
});
