/**
 * What containerd's own suite asks of a snapshotter, and more, over the socket.
 *
 * @module
 */

import { assert, assertEquals } from "../../assert.ts";
import {
  ALREADY_EXISTS,
  assertFault,
  FAILED_PRECONDITION,
  type Info,
  INVALID_ARGUMENT,
  type Labels,
  NOT_FOUND,
  type Time,
  UNIMPLEMENTED,
} from "./client.ts";
import { Served } from "./fixture.ts";

const ROOT_ONLY = { ignore: Deno.uid() !== 0 };

/** Registers a test on a server of its own. */
function served(name: string, run: (served: Served) => Promise<void>) {
  Deno.test(`serve containerd ${name}`, ROOT_ONLY, async () => {
    await using server = await Served.start();
    await run(server);
  });
}

const ns = ({ seconds, nanos }: Time) =>
  BigInt(seconds) * 1000000000n +
  BigInt(nanos);
const now = () => Temporal.Now.instant().epochNanoseconds;

served(
  "keeps what was written to a snapshot, for those that stand on it",
  async (served) => {
    const { client } = served;
    await served.committed("base", "", (root) => {
      Deno.writeTextFileSync(`${root}/foo`, "foo");
      Deno.mkdirSync(`${root}/a/b/c`, { recursive: true });
    });
    await served.committed("top", "base", (root) => {
      assertEquals(Deno.readTextFileSync(`${root}/foo`), "foo");
      Deno.writeTextFileSync(`${root}/foo`, "bar");
      Deno.removeSync(`${root}/a/b`, { recursive: true });
    });
    await served.within(await client.view("look", "top"), (root) => {
      assertEquals(Deno.readTextFileSync(`${root}/foo`), "bar");
      assertEquals([...Deno.readDirSync(`${root}/a`)], []);
    });
    await served.within(await client.view("look at base", "base"), (root) => {
      assertEquals(Deno.readTextFileSync(`${root}/foo`), "foo");
      assertEquals([...Deno.readDirSync(`${root}/a`)].length, 1);
    });
  },
);

served(
  "tells what an active, a viewed and a committed snapshot are",
  async ({ client }) => {
    const before = now();
    await client.prepare("k", "", { a: "1", empty: "" });
    await client.commit("base", "k", { b: "2" });
    await client.prepare("active", "base");
    await client.view("view", "base");
    const after = now();
    const shown = ({ name, parent, kind, labels }: Info) => ({
      name,
      parent,
      kind,
      labels,
    });
    for (
      const [name, parent, kind, labels] of [
        ["base", "", "COMMITTED", { b: "2" }],
        ["active", "base", "ACTIVE", {}],
        ["view", "base", "VIEW", {}],
      ] as const
    ) {
      const info = await client.stat(name);
      assertEquals(shown(info), { name, parent, kind, labels });
      assertEquals(info.createdAt, info.updatedAt);
      assert(ns(info.createdAt) >= before && ns(info.createdAt) <= after);
    }
    await assertFault(client.stat("k"), NOT_FOUND);
    await assertFault(client.stat(""), NOT_FOUND);
  },
);

served(
  "refuses a key that is taken or empty, and a parent that is none",
  async (served) => {
    const { client } = served;
    await served.committed("base", "");
    await client.prepare("active", "base");
    await client.view("view", "base");
    const layers = served.layers;
    for (const key of ["active", "view", "base"]) {
      await assertFault(client.prepare(key, "base"), ALREADY_EXISTS);
      await assertFault(client.view(key, ""), ALREADY_EXISTS);
    }
    await assertFault(client.prepare("new", "no-such"), NOT_FOUND);
    await assertFault(client.prepare("new", "active"), INVALID_ARGUMENT);
    await assertFault(client.view("new", "view"), INVALID_ARGUMENT);
    await assertFault(client.prepare("", "base"), INVALID_ARGUMENT);
    assertEquals(served.layers, layers);
  },
);

served(
  "makes one of many snapshots that are asked for with one key at once",
  async (served) => {
    const { client } = served;
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => client.prepare("key")),
    );
    assertEquals(
      results.filter(({ status }) => status === "fulfilled").length,
      1,
    );
    assertEquals(served.layers.length, 1);
    assertEquals(await client.names(), ["key"]);
  },
);

served(
  "commits only an active snapshot, to a name that is free",
  async (served) => {
    const { client } = served;
    await served.committed("base", "");
    await client.view("view", "base");
    await client.prepare("active", "base");
    await assertFault(client.commit("new", "no-such"), NOT_FOUND);
    await assertFault(client.commit("new", "view"), FAILED_PRECONDITION);
    await assertFault(client.commit("new", "base"), FAILED_PRECONDITION);
    await assertFault(client.commit("base", "active"), ALREADY_EXISTS);
    await assertFault(client.commit("active", "active"), ALREADY_EXISTS);
    await assertFault(client.commit("", "active"), INVALID_ARGUMENT);
    assertEquals((await client.stat("active")).kind, "ACTIVE");
  },
);

served("renames no directory at a commit", async (served) => {
  const { client } = served;
  const [mount] = await client.prepare("key");
  const before = Deno.statSync(mount!.source).ino;
  await client.commit("name", "key");
  const [after] = await client.view("view", "name");
  assertEquals(after?.source, mount?.source);
  assertEquals(Deno.statSync(after!.source).ino, before);
});

served(
  "tells the mounts again, except of a committed snapshot",
  async (served) => {
    const { client } = served;
    await served.committed("base", "");
    assertEquals(
      await client.mounts("key").catch((error) => error.code),
      NOT_FOUND,
    );
    for (const kind of ["prepare", "view"] as const) {
      const mounts = await client[kind](kind, "base");
      assertEquals(await client.mounts(kind), mounts);
    }
    await assertFault(client.mounts("base"), FAILED_PRECONDITION);
  },
);

served("removes no snapshot that others stand on", async (served) => {
  const { client } = served;
  await served.committed("a", "");
  await served.committed("b", "a");
  await client.view("v", "b");
  assert((await assertFault(client.remove("a"), FAILED_PRECONDITION))
    .includes("remove"));
  await assertFault(client.remove("b"), FAILED_PRECONDITION);
  assertEquals(await client.names(), ["a", "b", "v"]);
  for (const key of ["v", "b", "a"]) await client.remove(key);
  await assertFault(client.remove("a"), NOT_FOUND);
  assertEquals(await client.names(), []);
  assertEquals(served.layers, []);
});

served("gives a key that was removed to whoever asks next", async (served) => {
  const { client } = served;
  await served.committed("committed", "");
  await client.prepare("reuse", "committed");
  await client.remove("reuse");
  await client.view("reuse", "committed");
  await client.remove("reuse");
  await client.prepare("reuse");
  await client.remove("committed");
  await client.commit("committed", "reuse");
});

served("mounts a view read-only, with and without parents", async (served) => {
  const { client } = served;
  await served.committed("a", "");
  await served.committed("b", "a");
  for (const parent of ["", "a", "b"]) {
    const mounts = await client.view(`view of ${parent}`, parent);
    await served.within(mounts, (root) => {
      let code: unknown;
      try {
        Deno.writeTextFileSync(`${root}/file`, "");
      } catch (error) {
        code = (error as { code?: string }).code;
      }
      assertEquals(code, "EROFS");
    });
  }
});

served(
  "gives a new snapshot's root the owner of its parent's, and mode 0755",
  async (served) => {
    const { client } = served;
    await served.committed("base", "", (root) => Deno.chownSync(root, 12, 34));
    const mounts = await client.prepare("key", "base");
    await served.within(mounts, (root) => {
      const { uid, gid, mode } = Deno.statSync(root);
      assertEquals({ uid, gid, mode: mode! & 0o7777 }, {
        uid: 12,
        gid: 34,
        mode: 0o755,
      });
    });
  },
);

served("shows 128 layers through each other", async (served) => {
  const { client } = served;
  let parent = "";
  for (let i = 0; i < 128; i++) {
    const mounts = await client.prepare(`key-${i}`, parent);
    await served.within(mounts, (root) => {
      Deno.writeTextFileSync(`${root}/last`, `${i}`);
      Deno.writeTextFileSync(`${root}/file-${i}`, "");
    });
    parent = `name-${i}`;
    await client.commit(parent, `key-${i}`);
  }
  await served.within(await client.view("view", parent), (root) => {
    assertEquals(Deno.readTextFileSync(`${root}/last`), "127");
    assertEquals([...Deno.readDirSync(root)].length, 129);
  });
});

served(
  "lists by containerd's filters, in the order of names",
  async (served) => {
    const { client } = served;
    await client.prepare("a-np");
    await served.committed("p", "");
    await client.prepare("a", "p");
    await client.view("v", "p");
    await client.prepare("tmp");
    await client.commit("p-wl", "tmp", { l: "1" });
    await client.prepare("a-wl", "p-wl", { l: "2" });
    await client.view("v-wl", "p-wl", { l: "3" });
    await client.prepare("a-np-wl", "", { l: "2" });
    for (
      const [filters, names] of [
        [[], "a a-np a-np-wl a-wl p p-wl v v-wl"],
        [["kind==active"], "a a-np a-np-wl a-wl"],
        [["kind==view"], "v v-wl"],
        [["kind==committed"], "p p-wl"],
        [["name==p", "name==a-np-wl"], "a-np-wl p"],
        [["name==a-wl,labels.l"], "a-wl"],
        [["parent==p"], "a v"],
        [['parent!=""'], "a a-wl v v-wl"],
        [["labels.l"], "a-np-wl a-wl p-wl v-wl"],
        [["labels.l==2"], "a-np-wl a-wl"],
      ] as const
    ) {
      assertEquals((await client.names(...filters)).join(" "), names);
    }
    await assertFault(client.names("kind=active"), INVALID_ARGUMENT);
  },
);

served("lists in messages of at most a hundred", async ({ client }) => {
  assertEquals(await client.pages(), []);
  const keys = Array.from({ length: 201 }, (_, i) => `k${i}`);
  for (const key of keys) await client.prepare(key);
  const pages = await client.pages();
  assertEquals(pages.map(({ length }) => length), [100, 100, 1]);
  assertEquals(pages.flat().map(({ name }) => name), keys.sort());
});

served(
  "updates labels as the field mask says, and nothing else",
  async (served) => {
    const { client } = served;
    await served.committed("base", "");
    await client.prepare("a", "base");
    await client.view("v", "base");
    for (const name of ["base", "a", "v"]) {
      const { parent, kind, createdAt } = await client.stat(name);
      const expect = async (
        labels: Labels,
        paths: readonly string[],
        expected: Labels,
      ) => {
        const before = now();
        const info = await client.update(name, labels, paths);
        assertEquals(info.labels, expected);
        assertEquals(await client.stat(name), info);
        assert(ns(info.updatedAt) >= before);
        assertEquals({ ...info, updatedAt: 0, labels: 0 }, {
          ...{ name, parent, kind, createdAt },
          updatedAt: 0,
          labels: 0,
        });
      };
      await expect({ l1: "1", l2: "2", l3: "3" }, [], {
        l1: "1",
        l2: "2",
        l3: "3",
      });
      await expect({ l1: "new", l4: "4" }, ["labels.l1", "labels.l2"], {
        l1: "new",
        l3: "3",
      });
      await expect({ "a.b/c": "dots" }, ["labels.a.b/c"], {
        l1: "new",
        l3: "3",
        "a.b/c": "dots",
      });
      await expect({ l5: "5" }, ["labels"], { l5: "5" });
      await assertFault(
        client.update(name, { l5: "x" }, ["labels.l5", "parent"]),
        INVALID_ARGUMENT,
      );
      assertEquals((await client.stat(name)).labels, { l5: "5" });
    }
    await assertFault(client.update("no-such", {}), NOT_FOUND);
  },
);

served("does not inherit labels at a commit", async ({ client }) => {
  await client.prepare("key", "", { a: "1" });
  await client.commit("name", "key");
  assertEquals((await client.stat("name")).labels, {});
});

served("takes any text for a key", async ({ client }) => {
  const keys = [
    "default/5/extract-452204548-J8u2 sha256:0123",
    "../../etc",
    "l",
    "__proto__",
    "ünï\u{1f600}\ufeff",
    "\ufeffmark",
    "line\nbreak",
    "x".repeat(5000),
  ];
  for (const key of keys) {
    await client.prepare(key, "", { [key]: key, __proto__x: "1" });
    assertEquals((await client.stat(key)).name, key);
    assertEquals((await client.stat(key)).labels[key], key);
  }
  assertEquals(new Set(await client.names()), new Set(keys));
});

served("counts blocks and files as du(1) does", async (served) => {
  const { client } = served;
  await served.committed("base", "", (root) => {
    Deno.writeFileSync(`${root}/big`, new Uint8Array(100_000));
    Deno.linkSync(`${root}/big`, `${root}/link`);
    Deno.mkdirSync(`${root}/dir`);
    Deno.truncateSync(`${root}/big`, 90_000);
  });
  const mounts = await client.prepare("key", "base");
  const upper = mounts[0]!.options.find((option) => option.startsWith("upper"))!
    .slice("upperdir=".length);
  await served.within(mounts, (root) => {
    Deno.writeTextFileSync(`${root}/small`, "x");
    Deno.removeSync(`${root}/link`);
  });
  assertEquals(await client.usage("key"), await du(upper));
  const lower = (await client.view("view", "base"))[0]!.source;
  assertEquals(await client.usage("base"), await du(lower));
  assertEquals((await client.usage("base")).inodes, 3);
  assertEquals(await client.usage("view"), { size: 0, inodes: 0 });
  await assertFault(client.usage("no-such"), NOT_FOUND);
});

async function du(path: string): Promise<{ size: number; inodes: number }> {
  const count = async (...args: string[]) => {
    const { stdout } = await new Deno.Command("du", { args }).output();
    return parseInt(new TextDecoder().decode(stdout));
  };
  return {
    size: await count("-s", "-B", "1", path),
    inodes: await count("-s", "--inodes", path),
  };
}

served("refuses labels that ask for owners to be mapped", async (served) => {
  const label = "containerd.io/snapshot/uidmapping";
  await assertFault(
    served.client.prepare("key", "", { [label]: "0:1000:1" }),
    UNIMPLEMENTED,
  );
  assertEquals(served.layers, []);
});

served(
  "refuses a size where there are no quotas, and leaves nothing",
  async (served) => {
    const { client } = served;
    const labels = { "containerd.io/snapshot/overlay2.size": "10M" };
    await assertFault(client.prepare("key", "", labels), FAILED_PRECONDITION);
    const malformed = { "containerd.io/snapshot/overlay2.size": "x" };
    await assertFault(client.prepare("key", "", malformed), INVALID_ARGUMENT);
    await client.view("view", "", labels);
    assertEquals(await client.names(), ["view"]);
    assertEquals(served.layers.length, 1);
  },
);

served("makes layers in which the check finds nothing", async (served) => {
  const { client } = served;
  await served.committed("a", "", (root) => Deno.mkdirSync(`${root}/d`));
  await served.committed("b", "a", (root) => Deno.removeSync(`${root}/d`));
  await client.prepare("c", "b");
  await client.remove("c");
  const { init } = await import("../../../mod.ts");
  await using driver = await init(served.home);
  assertEquals(await driver.check(undefined, { deep: true }), []);
  assertEquals(
    await driver.changes(served.layers[1]!),
    [{ path: "/d", kind: "D" }],
  );
});

Deno.test(
  "serve containerd lets a snapshot be mounted with volatile again and again",
  ROOT_ONLY,
  async () => {
    await using served = await Served.start("overlay2.volatile=true");
    const { client } = served;
    await served.committed("base", "");
    const mounts = await client.prepare("key", "base");
    assertEquals(mounts[0]!.options.at(-1), "volatile");
    for (const name of ["a", "b", "c"]) {
      await served.within(
        await client.mounts("key"),
        (root) => Deno.writeTextFileSync(`${root}/${name}`, ""),
      );
    }
    assertEquals(served.logged("driver"), []);
    // As a machine that stopped leaves it: mounted, and not given back.
    await served.restart();
    assertEquals(served.logged("driver").length, 1);
    await served.within(await served.client.mounts("key"), () => {});
    await served.client.commit("name", "key");
    const view = await served.client.view("view", "name");
    assert(!view[0]!.options.includes("volatile"));
    const work = `${served.home}/${served.layers[1]}/work/work/incompat`;
    assertEquals([...Deno.readDirSync(work)], []);
  },
);
