/**
 * Layers as files: the index of children, locks, and what is left by the dead.
 *
 * @module
 */

import { Dir } from "../../src/linux/dir.ts";
import { fsMagic } from "../../src/linux/statfs.ts";
import { kernelAtLeast } from "../../src/overlay/userns.ts";
import { Children } from "../../src/store/children.ts";
import {
  condemnLayer,
  leftovers,
  purgeLayer,
} from "../../src/store/condemn.ts";
import { createIn } from "../../src/store/create.ts";
import { readSmall, writeAtomic, writeNew } from "../../src/store/files.ts";
import { readLayer } from "../../src/store/layer.ts";
import { prepareHome } from "../../src/store/prepare.ts";
import { lockDir, lockLayer } from "../../src/store/lock.ts";
import { Store } from "../../src/store/store.ts";
import { Turns } from "../../src/store/turns.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import { assertCode, openDescriptors, TempDir, turn } from "../fixtures.ts";
import { describeTree, namesIn } from "../trees.ts";

/** Opens a store on a new home. */
function openStore(temp: TempDir, inMemory = true): Store {
  if (inMemory) temp.useMemory();
  return another(`${temp.path}/home`);
}

function another(home: string): Store {
  const store = new Store(home, {
    root: { uid: 0, gid: 0 },
    user: 0,
    maxDepth: 128,
    fineTimes: false,
    durable: false,
  });
  prepareHome(home, 0);
  return store;
}

/** Whether changes that were looked at are stamped anew: on ext4, since 6.13. */
function hasFineTimes(path: string): boolean {
  return kernelAtLeast(Deno.osRelease(), 6, 13) && fsMagic(path) === 0xef53;
}

function finish(steps: Generator<void>): void {
  for (const _ of steps);
}

async function remove(store: Store, id: string): Promise<void> {
  finish(purgeLayer(store, await condemnLayer(store, id, () => {})));
}

for (const fineTimes of [true, false]) {
  const clock = fineTimes ? "fine" : "coarse";

  Deno.test(`Children sees what other processes make and remove, by a ${clock} clock`, async () => {
    using temp = new TempDir();
    // In memory the kernel does not stamp a directory anew for each deletion.
    const store = openStore(temp, !fineTimes);
    await createIn(store, "a", undefined);
    const children = new Children(fineTimes && hasFineTimes(temp.path), 0);
    const child = (id: string) =>
      store.withHome((home) => children.find(home, id).child);

    assertEquals(child("a"), undefined);
    await createIn(store, "b", "a");
    assertEquals(child("a"), "b");
    await createIn(store, "c", "b");
    assertEquals(child("b"), "c");
    await remove(store, "c");
    assertEquals(child("b"), undefined);
    await remove(store, "b");
    assertEquals(child("a"), undefined);
  });

  Deno.test(`Children keeps up with its own notes, by a ${clock} clock`, async () => {
    using temp = new TempDir();
    const store = openStore(temp);
    await createIn(store, "a", undefined);
    const children = new Children(fineTimes);

    const child = (id: string) =>
      store.withHome((home) => children.find(home, id).child);
    assertEquals(child("a"), undefined);
    Deno.mkdirSync(`${store.home}/one/diff`, { recursive: true });
    store.withHome((home) => children.noteMade(home, "LINK", "one", "a"));

    // The note counts as long as nobody changes the home.
    assertEquals(child("a"), "one");
    store.withHome((home) => children.noteGone(home, true, "one", ["LINK"]));
    assertEquals(child("a"), undefined);
  });
}

Deno.test("Children reads layers again when a short link was mended", async () => {
  using temp = new TempDir();
  const store = openStore(temp);
  for (const id of ["a", "other"]) await createIn(store, id, undefined);
  await createIn(store, "b", "a");
  const link = `${store.home}/l/${
    Deno.readTextFileSync(`${store.home}/a/link`)
  }`;
  const retarget = (target: string) => {
    Deno.symlinkSync(target, `${link}.new`);
    Deno.renameSync(`${link}.new`, link);
  };
  const children = new Children(false, 0);
  const child = (id: string) =>
    store.withHome((home) => children.find(home, id).child);
  retarget("../other/diff");
  assertEquals([child("a"), child("other")], [undefined, "b"]);

  retarget("../a/diff");

  assertEquals([child("a"), child("other")], ["b", undefined]);
});

Deno.test("Children passes over what is no layer, and layers that are broken", async () => {
  using temp = new TempDir();
  const store = openStore(temp);
  await createIn(store, "a", undefined);
  await createIn(store, "b", "a");
  Deno.writeTextFileSync(`${store.home}/b/lower`, "");
  Deno.writeTextFileSync(`${store.home}/file`, "");
  Deno.symlinkSync("a", `${store.home}/link`);
  Deno.mkdirSync(`${store.home}/empty`);
  Deno.mkdirSync(`${store.home}/no-diff`);
  Deno.writeTextFileSync(`${store.home}/no-diff/lower`, "l/NONE");
  const children = new Children(true, 0);

  const found = store.withHome((home) => children.find(home, "a").child);

  assertEquals(found, undefined);
});

Deno.test("Children takes note of what was done although it cannot tell the time", async () => {
  using temp = new TempDir();
  const store = openStore(temp);
  await createIn(store, "a", undefined);
  const children = new Children(true);
  store.withHome((home) => {
    assertEquals(children.find(home, "a").child, undefined);
    home.rename("l", home, "elsewhere");

    children.noteMade(home, "LINK", "b", "a");
    children.noteGone(home, true, "b", ["LINK"]);

    home.rename("elsewhere", home, "l");
    assertEquals(children.isCurrent(home), false);
    assertEquals(children.find(home, "a").child, undefined);
  });
});

Deno.test("Store of another process is seen at once", async () => {
  using temp = new TempDir();
  const one = openStore(temp);
  const two = another(one.home);

  for (let i = 0; i < 200; i++) {
    await createIn(one, "base", undefined);
    await createIn(two, "child", "base");
    await assertCode(
      () => condemnLayer(one, "base", () => {}),
      "EBUSY",
      `${i}`,
    );
    await remove(one, "child");
    await remove(two, "base");
  }

  assertEquals(namesIn(one.home), ["l/"]);
});

Deno.test("createIn() fails whole or makes the layer whole", async () => {
  using temp = new TempDir();
  const store = openStore(temp);
  await createIn(store, "base", undefined);
  const before = describeTree(store.home, { dirTimes: false });
  const descriptors = openDescriptors();
  const failing = () => {
    throw new Error("no space");
  };

  for (const parent of [undefined, "base"]) {
    let failed: unknown;
    try {
      await createIn(store, "new", parent, failing);
    } catch (error) {
      failed = error;
    }
    assertEquals((failed as Error).message, "no space");
  }

  assertEquals(describeTree(store.home, { dirTimes: false }), before);
  assertEquals(openDescriptors(), descriptors);
});

Deno.test("condemnLayer() takes the name at once, and the files later", async () => {
  using temp = new TempDir();
  const store = openStore(temp);
  await createIn(store, "base", undefined);
  Deno.mkdirSync(`${store.home}/base/diff/dir`);
  const descriptors = openDescriptors();

  const doomed = await condemnLayer(store, "base", () => {});

  assertEquals(store.exists("base"), false);
  assertEquals(namesIn(`${store.home}/l`), []);
  await createIn(store, "base", undefined);
  finish(purgeLayer(store, doomed));
  assertEquals(store.exists("base"), true);
  assertEquals(namesIn(store.home).filter((name) => /^[^/]+\/$/.test(name)), [
    "base/",
    "l/",
  ]);
  assertEquals(openDescriptors(), descriptors);
});

Deno.test("condemnLayer() that is refused changes nothing and lets go", async () => {
  using temp = new TempDir();
  const store = openStore(temp);
  await createIn(store, "base", undefined);
  const before = describeTree(store.home, { dirTimes: false });
  const descriptors = openDescriptors();
  const refuse = () => {
    throw new Error("mounted");
  };

  await condemnLayer(store, "base", refuse).catch(() => {});

  assertEquals(describeTree(store.home, { dirTimes: false }), before);
  assertEquals(openDescriptors(), descriptors);
  await remove(store, "base");
});

Deno.test("leftovers() finds what the dead left, and not what the living do", async () => {
  using temp = new TempDir();
  const store = openStore(temp);
  for (const id of ["alive", "doomed", "dead"]) {
    await createIn(store, id, undefined);
  }
  const doomed = await condemnLayer(store, "doomed", () => {});
  const dead = await condemnLayer(store, "dead", () => {});
  dead.lock[Symbol.dispose]();
  Deno.mkdirSync(`${store.home}/some-removing`);

  const found = await leftovers(store);

  assertEquals(found.map(({ name }) => name), [dead.name]);
  for (const one of found) finish(purgeLayer(store, one));
  finish(purgeLayer(store, doomed));
  assertEquals(namesIn(store.home).filter((name) => /^[^/]+\/$/.test(name)), [
    "alive/",
    "l/",
    "some-removing/",
  ]);
});

Deno.test("lockLayer() waits for its holder, and finds the layer gone afterwards", async () => {
  using temp = new TempDir();
  const store = openStore(temp);
  await createIn(store, "base", undefined);
  const holder = await lockLayer(store, "base");
  let got = false;
  const waiting = lockLayer(store, "base").then((dir) => {
    got = true;
    return dir;
  });
  await turn(30);
  assertEquals(got, false);

  holder[Symbol.dispose]();
  const second = await waiting;
  second[Symbol.dispose]();
  const remover = await lockLayer(store, "base");
  const late = lockLayer(store, "base");
  late.catch(() => {});
  Deno.renameSync(`${store.home}/base`, `${store.home}/elsewhere`);
  remover[Symbol.dispose]();

  await assertCode(() => late, "ENOENT");
});

Deno.test("readLayer() reads what Docker writes", async () => {
  using temp = new TempDir();
  const store = openStore(temp);
  await createIn(store, "a", undefined);
  await createIn(store, "b", "a");
  await createIn(store, "c", "b");
  using home = Dir.open(store.home);

  const { lowers, ...layer } = readLayer(home, "b");

  assertEquals(lowers.length, 1);
  assertEquals(layer, {
    id: "b",
    link: `l/${Deno.readTextFileSync(`${store.home}/b/link`)}`,
    diff: "b/diff",
    work: "b/work",
    merged: "b/merged",
    committed: true,
  });
  assertEquals(readLayer(home, "c").lowers.length, 2);
  assertEquals(readLayer(home, "c").lowers[1], lowers[0]);
  assertEquals(readLayer(home, "a").lowers, []);
});

Deno.test("writeAtomic() and writeNew() give exact modes and leave nothing beside", async () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  const umask = Deno.umask(0o077);
  try {
    writeNew(root, "new", "text é \udcff", 0o644);
    writeAtomic(root, "atomic", "one", 0o666);
    writeAtomic(root, "atomic", "two", 0o600);
    writeAtomic(root, "empty", "", 0o600);
  } finally {
    Deno.umask(umask);
  }

  assertEquals(root.stat("new").mode, 0o644);
  assertEquals(root.stat("atomic").mode, 0o600);
  assertEquals(readSmall(root, "new"), "text é \udcff");
  assertEquals(readSmall(root, "atomic"), "two");
  assertEquals(readSmall(root, "empty"), "");
  assertEquals(readSmall(root, "missing"), undefined);
  await assertCode(() => writeNew(root, "new", "", 0o644), "EEXIST");
  assertEquals(namesIn(temp.path), ["atomic", "empty", "new"]);
});

Deno.test("readSmall() follows no link and writeAtomic() replaces one", async () => {
  using temp = new TempDir();
  using root = Dir.open(temp.path);
  Deno.writeTextFileSync(`${temp.path}/target`, "secret");
  root.symlink("target", "link");

  await assertCode(() => readSmall(root, "link"), "ELOOP");
  writeAtomic(root, "link", "own", 0o600);

  assertEquals(root.stat("link").type, "file");
  assertEquals(Deno.readTextFileSync(`${temp.path}/target`), "secret");
});

Deno.test("Turns runs tasks of one key in order, and those of others at once", async () => {
  const turns = new Turns();
  const order: string[] = [];
  const task = (name: string, milliseconds: number) => async () => {
    order.push(`${name} begins`);
    await turn(milliseconds);
    order.push(`${name} ends`);
    return name;
  };

  const results = await Promise.all([
    turns.run("x", task("one", 20)),
    turns.run("x", task("two", 0)),
    turns.run("y", task("three", 0)),
  ]);

  assertEquals(results, ["one", "two", "three"]);
  assert(order.indexOf("one ends") < order.indexOf("two begins"), order.join());
  assert(order.indexOf("three ends") < order.indexOf("one ends"), order.join());
});

Deno.test("Turns begins at once if there is nothing to wait for", async () => {
  const turns = new Turns();
  let begun = false;

  const result = turns.run("x", () => begun = true);

  assertEquals(begun, true);
  assertEquals(await result, true);
  await assertRejects(() =>
    turns.run("x", () => {
      throw new Error("at once");
    })
  );
});

Deno.test("Turns keeps a task waiting that the running one asks for", async () => {
  const turns = new Turns();
  const order: string[] = [];
  let inner: Promise<unknown> | undefined;

  await turns.run("x", async () => {
    inner = turns.run("x", () => order.push("inner"));
    await turn(5);
    order.push("outer");
  });
  await inner;

  assertEquals(order, ["outer", "inner"]);
});

Deno.test("Turns lets nobody pass a task that another gave up waiting for", async () => {
  const turns = new Turns();
  const { promise, resolve } = Promise.withResolvers<void>();
  const order: string[] = [];
  const first = turns.run("x", () => promise.then(() => order.push("first")));
  const signal = AbortSignal.abort();

  const second = turns.run("x", () => order.push("second"), signal);
  const third = turns.run("x", () => order.push("third"));
  await assertCode(() => second, "ECANCELED");
  await turn(5);
  assertEquals(order, []);
  resolve();
  await Promise.all([first, third]);

  assertEquals(order, ["first", "third"]);
});

Deno.test("Turns goes on after a task that failed", async () => {
  const turns = new Turns();
  const failed = turns.run("x", () => Promise.reject(new Error("one")));
  const next = turns.run("x", () => "two");

  assertEquals(await failed.catch((error) => error.message), "one");
  assertEquals(await next, "two");
});

Deno.test("lockDir() waits until the holder closes", async () => {
  using temp = new TempDir();
  const holder = Dir.open(temp.path);
  using waiter = Dir.open(temp.path);
  await lockDir(holder);
  let got = false;
  const waiting = lockDir(waiter)!.then(() => got = true);

  await turn(20);
  assertEquals(got, false);
  holder[Symbol.dispose]();
  await waiting;

  assertEquals(got, true);
});
