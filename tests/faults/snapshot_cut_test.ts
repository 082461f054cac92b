/**
 * What the power-cut test of snapshots makes of what it is told and of what it
 * sees. The cuts themselves are made by `snapshot_cut.ts`.
 *
 * @module
 */

import { assertEquals } from "../assert.ts";
import { Ledger } from "./snapshot_cut/ledger.ts";
import {
  idOf,
  namesOf,
  type Operation,
  type Seen,
} from "./snapshot_cut/messages.ts";

type Says = readonly [
  say: "begin" | "done",
  operation: Operation,
  name: string,
];

const { unpacking, container, committed } = namesOf("w1");

function judge(home: string, steps: readonly Says[], ...snapshots: Seen[]) {
  const ledger = new Ledger();
  for (const [say, operation, name] of steps) {
    ledger.add({ say, home, operation, name });
  }
  return ledger.judge(home, { say: "look", home, snapshots, faults: [] });
}

const seen = (name: string, more: Partial<Seen> = {}): Seen => ({
  name,
  parent: "",
  committed: name === committed,
  differences: [],
  ...more,
});

const COMMITTED: Says[] = [
  ["done", "prepare", unpacking],
  ["done", "commit", unpacking],
];
const COMMITTING: Says[] = [
  ["done", "prepare", unpacking],
  ["begin", "commit", unpacking],
];

Deno.test("idOf() finds the content of every name of a snapshot", () => {
  const ids = [unpacking, container, committed].map(idOf);
  assertEquals(ids, ["w1", "w1", "w1"]);
});

Deno.test("Ledger wants snapshots whole whose commit was answered", () => {
  const whole = judge("xfs/layer", COMMITTED, seen(committed));
  assertEquals(whole, { promised: 1, whole: 1, damages: [] });
  const lost = judge("xfs/layer", COMMITTED);
  assertEquals(lost.damages, ["snapshot w1 is lost, though committed"]);
  assertEquals([lost.promised, lost.whole], [1, 0]);
  const undone = judge("xfs/layer", COMMITTED, seen(unpacking));
  assertEquals(undone.damages, ["snapshot w1 is not committed any more"]);
  const empty = seen(committed, { differences: ["empty w1/f0"] });
  const damaged = judge("xfs/layer", COMMITTED, empty);
  assertEquals(damaged.damages, ["snapshot w1 is damaged: empty w1/f0"]);
});

Deno.test("Ledger takes either outcome of a commit that was not answered, but no half", () => {
  for (const name of [unpacking, committed]) {
    const { promised, damages } = judge("ext4/layer", COMMITTING, seen(name));
    assertEquals([promised, damages], [0, []]);
  }
  assertEquals(judge("ext4/layer", COMMITTING).damages, []);
  const half = seen(committed, { differences: ["missing w1"] });
  assertEquals(judge("ext4/layer", COMMITTING, half).damages, [
    "snapshot w1 is damaged: missing w1",
  ]);
});

Deno.test("Ledger wants a container's snapshot, and one to unpack into if strict", () => {
  const making = (name: string): Says[] => [["done", "prepare", name]];
  const lost = ["snapshot w1 is lost, though prepared"];
  assertEquals(judge("ext4/layer", making(container)).damages, lost);
  assertEquals(judge("ext4/layer", making(unpacking)).damages, []);
  assertEquals(judge("ext4/strict", making(unpacking)).damages, lost);
});

Deno.test("Ledger lets a removed snapshot come back, but not if strict", () => {
  const gone: Says[] = [...COMMITTED, ["done", "remove", committed]];
  assertEquals(judge("ext4/layer", gone, seen(committed)).damages, []);
  assertEquals(judge("ext4/strict", gone, seen(committed)).damages, [
    "snapshot w1 is back, though removed",
  ]);
});

Deno.test("Ledger notices what nobody asked for, and parents that are not there", () => {
  assertEquals(judge("ext4/layer", [], seen(committed)).damages, [
    "snapshot w1 was never asked for",
  ]);
  const orphan = seen(committed, { parent: namesOf("w2").committed });
  assertEquals(judge("ext4/layer", COMMITTED, orphan).damages, [
    "snapshot w1 stands on default/2/w2, which is not there",
  ]);
});

Deno.test("Ledger begins anew from what it saw", () => {
  const ledger = new Ledger();
  const home = "xfs/layer";
  ledger.add({ say: "done", home, operation: "prepare", name: unpacking });
  ledger.add({ say: "begin", home, operation: "commit", name: unpacking });
  const look = { say: "look", home, faults: [] } as const;
  ledger.judge(home, { ...look, snapshots: [seen(committed)] });
  assertEquals(ledger.judge(home, undefined).damages, [
    "snapshot w1 is lost, though committed",
  ]);
});
