/**
 * What the power-cut test makes of what it is told and of what it sees. The cuts
 * themselves are made by `power_cut.ts`.
 *
 * @module
 */

import { archive } from "../tar_builder.ts";
import { assert, assertEquals } from "../assert.ts";
import { inLayer, streamOf, tempDriver } from "../fixtures.ts";
import { differencesIn } from "./power_cut/compare.ts";
import { itemsOf, memberOf } from "./power_cut/content.ts";
import { Journal } from "./power_cut/journal.ts";
import { lookAt } from "./power_cut/look.ts";
import type { Look, Operation, SeenLayer } from "./power_cut/messages.ts";
import { planCuts } from "./power_cut/plan.ts";

const SEED = 7;

type Says = readonly [say: "begin" | "done", operation: Operation, id: string];

function journalOf(home: string, ...steps: Says[]): Journal {
  const journal = new Journal();
  for (const [say, operation, id] of steps) {
    journal.add({ say, home, operation, id });
  }
  return journal;
}

function lookOf(home: string, ...layers: SeenLayer[]): Look {
  return { say: "look", home, layers, faults: [], findings: [] };
}

const whole = (id: string): SeenLayer => ({
  id,
  differences: [],
  empty: false,
  recorded: true,
});
const broken = (id: string): SeenLayer => ({
  id,
  differences: ["empty d0/f0", "empty d0/f1", "missing d1"],
  empty: false,
  recorded: true,
});
const bare = (id: string): SeenLayer => ({
  id,
  differences: ["missing d0"],
  empty: true,
  recorded: false,
});

function damagesIn(home: string, steps: Says[], ...seen: SeenLayer[]) {
  return journalOf(home, ...steps).judge(home, lookOf(home, ...seen)).damages;
}

const FILLED: Says[] = [["done", "create", "a1"], ["done", "apply", "a1"]];
const FILLING: Says[] = [["done", "create", "a1"], ["begin", "apply", "a1"]];

Deno.test("Journal wants layers whole that were reported filled", () => {
  const home = "ext4/layer";

  assertEquals(damagesIn(home, FILLED, whole("a1")), []);
  assertEquals(damagesIn(home, FILLED), ["layer a1 is lost"]);
  assertEquals(damagesIn(home, FILLED, bare("a1")), [
    "layer a1 is damaged: 1 missing",
  ]);
  assertEquals(damagesIn(home, FILLED, broken("a1")), [
    "layer a1 is damaged: 2 empty, 1 missing",
  ]);
  assertEquals(
    journalOf(home, ...FILLED).judge(home, undefined).damages,
    ["layer a1 is lost"],
  );
});

Deno.test("Journal wants layers whole or empty that were being filled", () => {
  const home = "ext4/layer";

  assertEquals(damagesIn(home, FILLING), []);
  assertEquals(damagesIn(home, FILLING, bare("a1")), []);
  assertEquals(damagesIn(home, FILLING, whole("a1")), []);
  assertEquals(damagesIn(home, FILLING, broken("a1")), [
    "layer a1 is half-made: 2 empty, 1 missing",
  ]);
  assertEquals(damagesIn(home, [], broken("a1")), [
    "layer a1 is half-made: 2 empty, 1 missing",
  ]);
});

Deno.test("Journal takes anything in a layer that was being written to", () => {
  const steps: Says[] = [["done", "create", "w1"], ["begin", "write", "w1"]];
  const home = "xfs/strict";
  const journal = journalOf(home, ...steps);

  assertEquals(
    journal.judge(home, lookOf(home, broken("w1"))).damages,
    [],
  );
  assertEquals(
    journal.judge(home, lookOf(home, broken("w1"))).damages,
    [],
    "at the next look, too",
  );
  assertEquals(
    damagesIn(home, [...steps, ["done", "write", "w1"]], broken("w1")),
    ["layer w1 is damaged: 2 empty, 1 missing"],
  );
});

Deno.test("Journal wants strict homes to have what was made and not what was removed", () => {
  const made: Says[] = [["done", "create", "e1"]];
  const removed: Says[] = [...FILLED, ["done", "remove", "a1"]];
  const removing: Says[] = [...FILLED, ["begin", "remove", "a1"]];

  assertEquals(damagesIn("ext4/layer", made), []);
  assertEquals(damagesIn("ext4/strict", made), ["layer e1 is lost"]);
  assertEquals(damagesIn("ext4/layer", removed, whole("a1")), []);
  assertEquals(damagesIn("ext4/strict", removed, whole("a1")), [
    "layer a1 is back, though removed",
  ]);
  assertEquals(damagesIn("ext4/strict", removed), []);
  assertEquals(damagesIn("ext4/strict", removing), []);
  assertEquals(damagesIn("ext4/strict", removing, whole("a1")), []);
});

Deno.test("Journal wants to see again what it has seen", () => {
  const home = "xfs/layer";
  const journal = journalOf(home, ...FILLED);
  journal.judge(home, lookOf(home, whole("a1"), whole("a2")));

  assertEquals(journal.judge(home, lookOf(home, whole("a1"))), {
    promised: 2,
    whole: 1,
    damaged: 0,
    noticed: 0,
    unnoticed: [],
    damages: ["layer a2 is lost"],
  });
});

Deno.test("Journal passes on what is wrong with a home and what check finds", () => {
  const findings = [
    { name: "content-empty", id: "a1", path: "a1/diff/d0/f0" },
    { name: "link-missing", id: "a2", path: "a2/link" },
  ];
  const journal = journalOf("ext4/none-1", ...FILLED);
  const look = lookOf("ext4/none-1", broken("a1"));

  assertEquals(
    journal.judge("ext4/none-1", { ...look, faults: ["fault"], findings }),
    {
      promised: 1,
      whole: 0,
      damaged: 1,
      noticed: 1,
      unnoticed: [],
      damages: [
        "fault",
        "content-empty a1/diff/d0/f0",
        "link-missing a2/link",
        "layer a1 is damaged: 2 empty, 1 missing",
      ],
    },
  );
});

Deno.test("Journal wants check to notice damage to what is on record", () => {
  const home = "ext4/none-1";
  const noticed = (seen: SeenLayer, about: string) => {
    const findings = [{ name: "content-empty", id: about, path: "" }];
    const look = { ...lookOf(home, seen), findings };
    return journalOf(home, ...FILLED).judge(home, look).unnoticed;
  };

  assertEquals(noticed(broken("a1"), "a1"), []);
  assertEquals(noticed(broken("a1"), "a2"), ["a1"]);
  assertEquals(noticed(bare("a1"), "a2"), []);
  assertEquals(noticed(whole("a1"), "a2"), []);
});

Deno.test("differencesIn() notices whatever is done to a layer", async () => {
  const items = itemsOf(SEED, "a1");
  await using made = await tempDriver();
  const { driver, home } = made;
  await driver.create("a1");
  const bytes = archive(...items.map(memberOf));
  await driver.applyDiff("a1", undefined, streamOf(bytes));
  const root = `${home}/a1/diff`;
  const files = items.filter(({ kind, text }) =>
    kind === "file" && text.length > 1
  ).map(({ path }) => path);
  assert(files.length >= 6);
  assertEquals(differencesIn(root, items), []);

  Deno.truncateSync(`${root}/${files[0]}`, 0);
  Deno.truncateSync(`${root}/${files[1]}`, 1);
  Deno.writeTextFileSync(`${root}/${files[2]}`, "x", { append: true });
  using file = Deno.openSync(`${root}/${files[3]}`, { write: true });
  file.writeSync(new Uint8Array(1));
  Deno.removeSync(`${root}/${files[4]}`);
  Deno.chmodSync(`${root}/${files[5]}`, 0o111);
  Deno.chownSync(`${root}/d2`, 5, 0);
  Deno.removeSync(`${root}/d0/link`);
  Deno.symlinkSync("elsewhere", `${root}/d0/link`);
  Deno.removeSync(`${root}/d1/gone1`);
  Deno.mkdirSync(`${root}/d1/gone1`);
  Deno.writeTextFileSync(`${root}/more`, "");

  assertEquals(
    differencesIn(root, items).sort(),
    [
      `empty ${files[0]}`,
      `short ${files[1]}`,
      `long ${files[2]}`,
      `changed ${files[3]}`,
      `missing ${files[4]}`,
      `mode ${files[5]}`,
      "owner d2",
      "changed d0/link",
      "another-kind d1/gone1",
      "extra more",
    ].sort(),
  );
});

Deno.test("lookAt() finds layers, their parents, and what is strange in a home", async () => {
  await using made = await tempDriver();
  const { driver, home } = made;
  await driver.create("e1");
  await driver.createReadWrite("w2", "e1");
  await inLayer(driver, "w2", (root) => Deno.mkdirSync(`${root}/w2`));
  await driver.create("e3", "e1");
  await driver.create("e4");
  const before = lookAt(home, SEED);
  Deno.writeTextFileSync(`${home}/e3/link`, "");
  Deno.writeTextFileSync(`${home}/e4/.tmp-x`, "");
  Deno.mkdirSync(`${home}/.tmp-y`);

  const { layers, faults } = lookAt(home, SEED);

  assertEquals(before.faults, []);
  assertEquals(
    [...before.parents].sort(),
    [["e1", undefined], ["e3", "e1"], ["e4", undefined], ["w2", "e1"]],
  );
  assertEquals(layers.find(({ id }) => id === "w2")?.empty, false);
  assertEquals(layers.find(({ id }) => id === "e1"), {
    id: "e1",
    differences: [],
    empty: true,
    recorded: false,
  });
  assertEquals(faults.sort(), [
    "layer e3: Error: its link is empty",
    'there is a stray ".tmp-y"',
    'there is a stray "e4/.tmp-x"',
  ]);
});

Deno.test("itemsOf() and planCuts() follow from the seed", () => {
  assertEquals(itemsOf(SEED, "a5"), itemsOf(SEED, "a5"));
  assert(
    JSON.stringify(itemsOf(SEED, "a5")) !==
      JSON.stringify(itemsOf(SEED + 1, "a5")),
  );
  assertEquals(planCuts(SEED, 20), planCuts(SEED, 20));
  assertEquals(
    planCuts(SEED, undefined).map(({ mode }) => mode),
    ["layer", "strict", "layer", "none"],
  );
});
