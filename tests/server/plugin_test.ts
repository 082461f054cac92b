/**
 * The plugin's answers, call by call.
 *
 * @module
 */

import { contextOf } from "../../src/driver/driver.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { bytesOf, openDescriptors, turn } from "../fixtures.ts";
import { archive, archiveNames, dir, file } from "../tar_builder.ts";
import { describeTree, namesIn } from "../trees.ts";
import { brokenAfter, layersOf, TempPlugin } from "./fixture.ts";

const ROOT = { ignore: Deno.uid() !== 0 };
const ARCHIVE = archive(file("a", "one"), dir("d"), file("d/b", "three"));

Deno.test("Plugin says what it implements before it is told anything", async () => {
  await using temp = new TempPlugin();

  const { response } = await temp.send("Plugin.Activate");
  assertEquals(await response.json(), { Implements: ["GraphDriver"] });
  assertEquals(await temp.call("Capabilities"), {
    Capabilities: { ReproducesExactDiffs: true },
  });
});

/** What dockerd keeps beside the home of a layer. */
function recordLayer(temp: TempPlugin, name: string, file: string): void {
  const layer = `${temp.temp.path}/data/image/o2/layerdb/sha256/${name}`;
  Deno.mkdirSync(layer, { recursive: true });
  Deno.writeTextFileSync(`${layer}/${file}`, "");
}

async function isExact(temp: TempPlugin): Promise<unknown> {
  const { Capabilities } = await temp.call("Capabilities");
  return (Capabilities as { ReproducesExactDiffs: unknown })
    .ReproducesExactDiffs;
}

Deno.test(
  "Plugin gives back the archives that it got, and says so",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    const odd = new Uint8Array([...ARCHIVE, ...new Uint8Array(5 * 512)]);
    await temp.init();
    await temp.call("Create", { ID: "base" });
    await temp.apply("base", odd);

    assertEquals(await isExact(temp), true);
    assertEquals(await temp.diff("base"), odd);
  },
);

Deno.test("Plugin gives back no archive if options say so", ROOT, async () => {
  const odd = new Uint8Array([...ARCHIVE, ...new Uint8Array(5 * 512)]);
  const off = "overlay2.exact=false";
  for (
    const [own, dockerd] of [[[off], null], [[], [off]], [
      ["overlay2.exact=true"],
      [" Overlay2.Exact = false"],
    ]] as const
  ) {
    await using temp = new TempPlugin(own);
    assertEquals(await isExact(temp), !own.includes(off as never));
    assertEquals(await temp.init({ Opts: dockerd }), {});
    await temp.call("Create", { ID: "base" });
    await temp.apply("base", odd);

    assertEquals(await isExact(temp), false);
    assertEquals(namesIn(`${temp.home}/base`).includes("exact"), false);
    assert((await temp.diff("base")).length !== odd.length);
  }
});

Deno.test(
  "Plugin promises no exact diffs where dockerd has a record of each layer",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    recordLayer(temp, "one", "tar-split.json.gz");
    recordLayer(temp, "two", "tar-split.json.gz");
    await temp.init();
    assertEquals(await isExact(temp), false);

    recordLayer(temp, "three", "diff");
    assertEquals(await isExact(temp), false, "dockerd asks once");
    await temp.init();
    assertEquals(await isExact(temp), true);

    await using told = new TempPlugin(["overlay2.exact=true"]);
    recordLayer(told, "one", "tar-split.json.gz");
    await told.init();
    assertEquals(await isExact(told), true);
  },
);

Deno.test(
  "Plugin that was started anew keeps to what was promised",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    assertEquals(await isExact(temp), true);
    recordLayer(temp, "one", "tar-split.json.gz");

    temp.restarted();

    assertEquals(await isExact(temp), true);
    await temp.call("Create", { ID: "base" });
    await temp.apply("base", ARCHIVE);
    assertEquals(await temp.diff("base"), ARCHIVE);
  },
);

Deno.test("Plugin answers 404 for what is no call, whatever its name", async () => {
  await using temp = new TempPlugin();

  for (const call of ["GraphDriver.X", "constructor", "__proto__", "", "get"]) {
    const { response, error } = await temp.send(call, {});
    assertEquals(response.status, 404, call);
    assertEquals(await response.json(), { Err: `${call} is not implemented` });
    assert(error !== undefined);
    const request = new Request(`http://x/${call}`);
    assertEquals(temp.plugin.nameOf(request), "unknown");
  }
});

Deno.test("Plugin refuses calls before Init, and says why", ROOT, async () => {
  await using temp = new TempPlugin();

  for (const call of ["Get", "Status", "Create", "Cleanup"]) {
    assertEquals(await temp.call(call, { ID: "a" }), {
      Err: "Cannot answer: dockerd has not called Init yet",
    }, call);
  }
});

Deno.test(
  "Plugin keeps layers through every call that dockerd makes",
  ROOT,
  async () => {
    await using temp = new TempPlugin();

    assertEquals(await temp.init(), {});
    const { Status } = await temp.call("Status");
    assertEquals((Status as string[][])[0]![0], "Backing Filesystem");
    assertEquals(await temp.call("Create", { ID: "base" }), {});
    assertEquals(await temp.apply("base", ARCHIVE), { Size: 8 });
    assertEquals(
      await temp.call("CreateReadWrite", { ID: "w", Parent: "base" }),
      {},
    );
    const { Dir } = await temp.call("Get", { ID: "w", MountLabel: "" });
    assertEquals(Dir, `${temp.home}/w/merged`);
    await Deno.writeTextFile(`${Dir}/new`, "12");
    await Deno.remove(`${Dir}/a`);
    assertEquals(await temp.call("Put", { ID: "w" }), {});

    const ids = { ID: "w", Parent: "base" };
    assertEquals(await temp.call("Changes", ids), {
      Changes: [{ Path: "/a", Kind: 2 }, { Path: "/new", Kind: 1 }],
    });
    assertEquals(await temp.call("DiffSize", ids), { Size: 2 });
    assertEquals(archiveNames(await temp.diff("w", "base")), [".wh.a", "new"]);
    const { Metadata } = await temp.call("GetMetadata", { ID: "w" });
    assertEquals(
      (Metadata as { UpperDir: string }).UpperDir,
      `${temp.home}/w/diff`,
    );
    assertEquals(await temp.call("Exists", { ID: "w" }), { Exists: true });
    assertEquals(await temp.call("Remove", { ID: "w" }), {});
    assertEquals(await temp.call("Exists", { ID: "w" }), { Exists: false });
    assertEquals(await temp.call("Cleanup"), {});
  },
);

Deno.test(
  "Plugin answers for unknown layers as Docker's driver does",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();

    assertEquals(await temp.call("Put", { ID: "x" }), {});
    assertEquals(await temp.call("Remove", { ID: "x" }), {});
    assertEquals(await temp.call("Exists", { ID: "x" }), { Exists: false });
    for (const call of ["Get", "GetMetadata", "Changes", "DiffSize"]) {
      const { Err } = await temp.call(call, { ID: "x" });
      assertStringIncludes(String(Err), "does not exist", call);
    }
    const { Err } = await temp.apply("x", ARCHIVE);
    assertStringIncludes(String(Err), "does not exist");
    assertEquals(namesIn(temp.home), ["l/"]);
  },
);

Deno.test(
  "Plugin answers an error of Diff by its status, before any byte",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();

    for (const body of [{ ID: "x" }, {}, "{", { ID: 1 }]) {
      const { response, error } = await temp.send("GraphDriver.Diff", body);
      assertEquals(response.status, 500, JSON.stringify(body));
      assertEquals(await response.json(), { Err: error });
    }
  },
);

Deno.test(
  "Plugin answers malformed requests by an error, to every call",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    const bodies = ["{", "null", "[1]", '{"ID":1}', '{"ID":"a","Parent":[]}'];

    for (
      const call of ["Create", "Get", "Put", "Remove", "Changes", "Exists"]
    ) {
      for (const body of bodies) {
        const { response } = await temp.send(`GraphDriver.${call}`, body);
        assertEquals(response.status, 200);
        const { Err } = await response.json();
        assertStringIncludes(Err, "Cannot understand the request", body);
      }
      // dockerd sends an empty body where it asks again after a lost connection.
      for (const body of ["", "{}", '{"ID":null}']) {
        const { response } = await temp.send(`GraphDriver.${call}`, body);
        const { Err } = await response.json();
        const why = body.includes("ID") ? "it is empty" : "it has no body";
        assertStringIncludes(Err, why, `${call} ${body}`);
      }
    }
    assertEquals(await layersOf(temp), []);
  },
);

Deno.test(
  "Plugin refuses a text longer than any call's, after reading it",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulls++ === 64) return controller.close();
        controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
      },
    });

    const { error } = await temp.send("GraphDriver.Get", body);

    assertStringIncludes(error!, "longer than 1 MiB");
    assertEquals(pulls, 65);
  },
);

Deno.test(
  "Plugin takes a repeated Create for done as long as nothing was done with it",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    await temp.call("Create", { ID: "base" });
    await temp.call("Create", { ID: "other" });
    const call = { ID: "a", Parent: "base" };

    assertEquals(await temp.call("CreateReadWrite", call), {});
    assertEquals(await temp.call("CreateReadWrite", call), {});
    const { Err } = await temp.call("Create", { ID: "a", Parent: "other" });
    assertStringIncludes(String(Err), "exists already");
    await temp.call("Get", { ID: "a" });
    assertStringIncludes(
      String((await temp.call("Create", call)).Err),
      "exists already",
    );
  },
);

Deno.test(
  "Plugin counts uses from none, however often Put comes",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    await temp.call("Create", { ID: "base" });
    await temp.call("Create", { ID: "a", Parent: "base" });

    for (let i = 0; i < 3; i++) {
      assertEquals(await temp.call("Put", { ID: "a" }), {});
    }
    await temp.call("Get", { ID: "a" });
    assertEquals(temp.temp.mounts.length, 1);
    await temp.call("Put", { ID: "a" });
    assertEquals(temp.temp.mounts, []);
  },
);

Deno.test(
  "Plugin that starts anew goes on without Init, also for mounted layers",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    await temp.call("Create", { ID: "base" });
    await temp.call("CreateReadWrite", { ID: "a", Parent: "base" });
    const { Dir } = await temp.call("Get", { ID: "a" });

    temp.restarted();
    assertEquals(await temp.call("Get", { ID: "a" }), { Dir });
    await temp.call("Put", { ID: "a" });
    assertEquals(temp.temp.mounts, [Dir]);
    await temp.call("Put", { ID: "a" });
    assertEquals(temp.temp.mounts, []);

    await temp.call("Get", { ID: "a" });
    temp.restarted();
    assertEquals(await temp.call("Remove", { ID: "a" }), {});
    assertEquals(temp.temp.mounts, []);
    assertEquals(await layersOf(temp), ["base"]);
  },
);

Deno.test(
  "Plugin removes a layer that dockerd lost count of, but not one in use below others",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    await temp.call("Create", { ID: "base" });
    await temp.call("Create", { ID: "a", Parent: "base" });
    await temp.call("Create", { ID: "b", Parent: "a" });
    await temp.call("Get", { ID: "a" });
    const mounts = temp.temp.mounts;

    const { Err } = await temp.call("Remove", { ID: "a" });
    assertStringIncludes(String(Err), "stands on it");
    assertEquals(temp.temp.mounts, mounts);
    await temp.call("Remove", { ID: "b" });
    assertEquals(await temp.call("Remove", { ID: "a" }), {});
    assertEquals(temp.temp.mounts, []);
  },
);

Deno.test(
  "Plugin that is told of its home again keeps mounts, and takes the new options",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    await temp.call("Create", { ID: "base" });
    await temp.call("CreateReadWrite", { ID: "a", Parent: "base" });
    await temp.call("Get", { ID: "a" });
    const mounts = temp.temp.mounts;

    assertEquals(await temp.init({ Opts: ["overlay2.max_depth=2"] }), {});

    assertEquals(temp.temp.mounts, mounts);
    await temp.call("Create", { ID: "b", Parent: "a" });
    const { Err } = await temp.call("Create", { ID: "c", Parent: "b" });
    assertStringIncludes(String(Err), "max depth");
    await temp.call("Put", { ID: "a" });
    assertEquals(temp.temp.mounts, []);
  },
);

Deno.test(
  "Plugin keeps its driver when Init is refused, and says what another home means",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    await temp.call("Create", { ID: "base" });

    const { Err } = await temp.init({ Opts: ["overlay2.nonsense=1"] });
    assertStringIncludes(String(Err), "nonsense");
    assertEquals(await temp.call("Exists", { ID: "base" }), { Exists: true });
    temp.restarted();
    assertEquals(await temp.call("Exists", { ID: "base" }), { Exists: true });
    assertEquals(await temp.init({ Home: `${temp.temp.path}/other` }), {});
    assertEquals(temp.warnings.length, 1);
    assertStringIncludes(temp.warnings[0]!, "each dockerd needs a plugin");
  },
);

Deno.test(
  "Plugin puts its own options before those of dockerd",
  ROOT,
  async () => {
    await using temp = new TempPlugin(["overlay2.nonsense=1"]);

    const { Err } = await temp.init();

    assertStringIncludes(String(Err), "nonsense");
  },
);

Deno.test(
  "Plugin gives layers the owners that dockerd maps",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    const range = [{ container_id: 0, host_id: 500000, size: 65536 }];
    await temp.init({ UIDMaps: range, GIDMaps: range });

    await temp.call("Create", { ID: "a" });
    await temp.apply("a", archive(file("x", "", { uid: 1, gid: 2 })));

    const { uid, gid } = Deno.lstatSync(`${temp.home}/a/diff/x`);
    assertEquals([uid, gid], [500001, 500002]);
  },
);

Deno.test(
  "Plugin reads an archive to its end before it refuses it",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    await temp.call("Create", { ID: "a" });
    const garbage = new Uint8Array(300_000).fill(1);
    let pulls = 0;
    const body = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          if (++pulls > 10) return controller.close();
          controller.enqueue(garbage.slice());
        },
      });

    for (const id of ["a", "missing"]) {
      pulls = 0;
      const { Err } = await temp.apply(id, body());
      assert(typeof Err === "string", id);
      assertEquals(pulls, 11, id);
    }
    temp.restarted();
    await Deno.remove(temp.memory, { recursive: true });
    pulls = 0;
    temp.restarted();
    const { Err } = await temp.apply("a", body());
    assertStringIncludes(String(Err), "Init");
    assertEquals(pulls, 11);
  },
);

Deno.test(
  "Plugin finds the layer that an archive is for by its id as it is, else without escapes",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    const FILES = ["a", "d/", "d/b"];
    for (const ID of ["50%", "a%20b", "c d"]) await temp.call("Create", { ID });

    for (const id of ["50%", "a%20b", "c%20d"]) {
      assertEquals(await temp.apply(id, ARCHIVE), { Size: 8 }, id);
    }
    assertEquals(
      (await layersOf(temp)).map((id) => namesIn(`${temp.home}/${id}/diff`)),
      [FILES, FILES, FILES],
    );
  },
);

Deno.test(
  "Plugin empties a layer whose archive breaks off, and keeps no descriptor",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    await temp.call("Create", { ID: "a" });
    const before = openDescriptors();

    const { Err } = await temp.apply("a", brokenAfter(ARCHIVE.slice(0, 1500)));

    assertStringIncludes(String(Err), "the sender went away");
    assertEquals(namesIn(`${temp.home}/a`), ["diff/", "link"]);
    assertEquals(namesIn(`${temp.home}/a/diff`), []);
    assertEquals(openDescriptors(), before);
  },
);

Deno.test(
  "Plugin lets go of a layer when the reader of its archive goes away",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    await temp.call("Create", { ID: "a" });
    const big = archive(file("big", new Uint8Array(3_000_000)));
    await temp.apply("a", big);
    const before = openDescriptors();

    const unread = await temp.send("GraphDriver.Diff", { ID: "a" });
    await unread.response.body!.cancel();
    const begun = await temp.send("GraphDriver.Diff", { ID: "a" });
    const reader = begun.response.body!.getReader();
    await reader.read();
    await reader.cancel();

    for (const { ended } of [unread, begun]) {
      assertStringIncludes(String(await ended), "the client went away");
    }
    assertEquals(openDescriptors(), before);
  },
);

Deno.test(
  "Plugin makes many archives at once, and fills layers meanwhile",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    await temp.call("Create", { ID: "a" });
    const content = crypto.getRandomValues(new Uint8Array(60_000));
    const members = [...Array(40).keys()].map((i) => file(`f${i}`, content));
    await temp.apply("a", archive(...members));
    const whole = await temp.diff("a");
    const copies = [...Array(12).keys()].map((i) => `copy${i}`);
    for (const ID of copies) await temp.call("Create", { ID });

    await Promise.all(copies.map(async (id) => {
      const { response } = await temp.send("GraphDriver.Diff", { ID: "a" });
      assertEquals(await temp.apply(id, response.body), { Size: 2_400_000 });
    }));

    const tree = describeTree(`${temp.home}/a/diff`);
    for (const id of copies) {
      assertEquals(describeTree(`${temp.home}/${id}/diff`), tree);
      assertEquals(await temp.diff(id), whole);
    }
  },
);

Deno.test("Plugin makes no more of an archive than is read", ROOT, async () => {
  await using temp = new TempPlugin();
  await temp.init();
  await temp.call("Create", { ID: "a" });
  await temp.apply("a", archive(file("big", new Uint8Array(8_000_000))));

  const { response } = await temp.send("GraphDriver.Diff", { ID: "a" });
  const reader = response.body!.getReader();
  await reader.read();
  await Deno.truncate(`${temp.home}/a/diff/big`, 4_000_000);

  let failed = false;
  try {
    while (!(await reader.read()).done);
  } catch {
    failed = true;
  }
  assert(failed, "the whole archive was there before it was read");
});

Deno.test(
  "Plugin that gives up ends what waits, and empties what was being filled",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    await temp.call("Create", { ID: "a" });
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(ARCHIVE.slice(0, 1500)),
    });
    const waiting = temp.apply("a", endless);
    await temp.call("Create", { ID: "b" });
    await temp.apply("b", archive(file("big", new Uint8Array(3_000_000))));
    const { response, ended } = await temp.send("GraphDriver.Diff", {
      ID: "b",
    });

    await temp.plugin.giveUp();

    assertStringIncludes(String((await waiting).Err), "interrupted");
    assertEquals(namesIn(`${temp.home}/a/diff`), []);
    assertEquals(await ended, "the server ends");
    let cut = false;
    await bytesOf(response.body!).catch(() => cut = true);
    assert(cut);
    assert(typeof (await temp.call("Get", { ID: "b" })).Err === "string");
  },
);

Deno.test(
  "Plugin waits in the end for files of removed layers, also of an earlier Init",
  ROOT,
  async () => {
    await using temp = new TempPlugin();
    await temp.init();
    const members = [...Array(3000).keys()].map((i) => file(`f${i}`));
    for (const ID of ["a", "b"]) {
      await temp.call("Create", { ID });
      await temp.apply(ID, archive(...members));
    }

    await temp.call("Remove", { ID: "a" });
    await temp.init();
    await temp.call("Remove", { ID: "b" });
    await temp.plugin.settle();
    await turn();

    assertEquals(namesIn(temp.home), ["l/"]);
    const context = contextOf(await temp.driver());
    assertEquals(context.store.list(), []);
  },
);
