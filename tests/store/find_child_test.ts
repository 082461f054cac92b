/**
 * A look through a home finds what an index does, whatever is damaged.
 *
 * @module
 */

import { Children } from "../../src/store/children.ts";
import { condemnLayer, purgeLayer } from "../../src/store/condemn.ts";
import { createIn } from "../../src/store/create.ts";
import { findChild, type Standing } from "../../src/store/find_child.ts";
import { newShortName } from "../../src/store/layout.ts";
import { prepareHome } from "../../src/store/prepare.ts";
import { Store } from "../../src/store/store.ts";
import { assertEquals } from "../assert.ts";
import { assertCode, TempDir } from "../fixtures.ts";
import { Random } from "../tree/random.ts";

const IDS = ["a", "b", "c", "d", "e", "f", "g", "é"];

/** A home of a few layers, in memory. */
async function makeHome(temp: TempDir, random: Random): Promise<Store> {
  const store = new Store(`${temp.path}/home`, {
    root: { uid: 0, gid: 0 },
    user: 0,
    maxDepth: 128,
    fineTimes: false,
    durable: false,
  });
  prepareHome(store.home, 0);
  for (const [i, id] of IDS.entries()) {
    const parent = random.below(4) > 0 ? IDS[random.below(i)] : undefined;
    await createIn(store, id, parent);
  }
  return store;
}

/** Short links of some layers, in a list. */
function listOf(home: string, random: Random): string {
  const names = [...Deno.readDirSync(`${home}/l`)].map(({ name }) => name);
  const length = 1 + random.below(3);
  return Array.from({ length }, () => {
    const odd = random.pick(["l/..", "l/X", "no", `l/${newShortName()}`]);
    const any = names.length > 0 ? `l/${random.pick(names)}` : odd;
    return random.below(6) === 0 ? odd : any;
  }).join(random.below(8) === 0 ? "" : ":");
}

type Damage = (home: string, id: string, random: Random) => void;

const REMOVE = { recursive: true };

/** Puts something where a file of a layer was, if the layer is there. */
function replaced(file: string, make: (path: string) => void): Damage {
  return (home, id) => {
    try {
      Deno.removeSync(`${home}/${id}/${file}`, REMOVE);
    } catch {
      // It had none.
    }
    make(`${home}/${id}/${file}`);
  };
}

const DAMAGES: readonly Damage[] = [
  replaced("lower", () => {}),
  replaced("lower", (path) => Deno.writeTextFileSync(path, "")),
  replaced("lower", (path) => Deno.mkdirSync(path)),
  replaced("lower", (path) => Deno.symlinkSync("link", path)),
  replaced("work", () => {}),
  replaced("work", (path) => Deno.mkdirSync(path)),
  replaced("diff", () => {}),
  replaced("link", () => {}),
  replaced("committed", () => {}),
  replaced("committed", (path) => Deno.writeTextFileSync(path, "")),
  (home, id, random) =>
    Deno.writeTextFileSync(`${home}/${id}/lower`, listOf(home, random)),
  // More than is read at once.
  (home, id, random) =>
    Deno.writeTextFileSync(
      `${home}/${id}/lower`,
      `l/${newShortName()}:`.repeat(2500) + listOf(home, random),
    ),
  (home, id, random) => {
    const name = random.pick([newShortName(), "X", id]);
    Deno.symlinkSync(`../${id}/diff`, `${home}/l/${name}`);
  },
  (home, id, random) => {
    for (const { name } of Deno.readDirSync(`${home}/l`)) {
      const link = `${home}/l/${name}`;
      if (Deno.readLinkSync(link) !== `../${id}/diff`) continue;
      Deno.removeSync(link);
      const target = random.pick(["", `../${random.pick(IDS)}/diff`, "odd"]);
      if (target !== "") Deno.symlinkSync(target, link);
    }
  },
  (home, id) => Deno.renameSync(`${home}/${id}`, `${home}/moved-${id}`),
  (home, id) => {
    Deno.renameSync(`${home}/${id}`, `${home}/moved-${id}`);
    Deno.symlinkSync(`moved-${id}`, `${home}/${id}`);
  },
  (home, id) => {
    Deno.removeSync(`${home}/${id}`, REMOVE);
    Deno.writeTextFileSync(`${home}/${id}`, "");
  },
];

function damage(home: string, random: Random): void {
  try {
    random.pick(DAMAGES)(home, random.pick(IDS), random);
  } catch {
    // What is damaged already may not be there any more.
  }
}

/** What keeps a layer: which of several layers it is does not matter. */
function kinds({ child, unclear }: Standing) {
  return { child: child !== undefined, unclear: unclear !== undefined };
}

Deno.test("findChild() finds what the index does, in homes that are damaged at random", async () => {
  using temp = new TempDir();
  temp.useMemory();
  const seen = new Set<string>();
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const store = await makeHome(temp, random);
    for (let i = random.below(6); i > 0; i--) damage(store.home, random);
    store.withHome((home) => {
      const index = new Children(false, 0);
      for (const id of IDS) {
        // Whoever asks has locked its directory.
        if (home.tryStat(id)?.type !== "dir") continue;
        const found = kinds(findChild(home, id));
        seen.add(JSON.stringify(found));
        assertEquals(found, kinds(index.find(home, id)), `${seed} ${id}`);
      }
    });
    Deno.removeSync(store.home, REMOVE);
  }
  assertEquals(seen.size, 3);
});

Deno.test("findChild() finds a layer by each link that leads to it", async () => {
  using temp = new TempDir();
  temp.useMemory();
  const store = await makeHome(temp, new Random(1));
  await createIn(store, "base", undefined);
  await createIn(store, "child", "base");
  const child = `${store.home}/child`;
  const second = newShortName();
  Deno.symlinkSync("../base/diff", `${store.home}/l/${second}`);
  const usual = Deno.readTextFileSync(`${child}/lower`);
  Deno.removeSync(`${store.home}/base/committed`);
  const find = () => store.withHome((home) => findChild(home, "base").child);

  const lists = [
    usual,
    `l/${second}`,
    `l/${newShortName()}:${usual}`,
    `l/GONE:l/${second}`,
  ];
  for (const list of lists) {
    Deno.writeTextFileSync(`${child}/lower`, list);
    assertEquals(find(), "child", list);
  }
  Deno.writeTextFileSync(`${child}/lower`, `l/${newShortName()}`);
  assertEquals(find(), undefined);
});

Deno.test("a layer whose child cannot be read is kept if it was a parent", async () => {
  using temp = new TempDir();
  temp.useMemory();
  const store = await makeHome(temp, new Random(1));
  await createIn(store, "base", undefined);
  await createIn(store, "child", "base");
  Deno.writeTextFileSync(`${store.home}/child/lower`, "damaged");

  // Once by a look through the home, and then by an index.
  for (let i = 0; i < 4; i++) {
    await assertCode(() => condemnLayer(store, "base", () => {}), "EBUSY");
  }
  Deno.removeSync(`${store.home}/base/committed`);
  for (
    const _ of purgeLayer(store, await condemnLayer(store, "base", () => {}))
  );
});
