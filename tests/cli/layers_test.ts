/**
 * Layers come and go: the program as a process, on real mounts.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { execute, PROGRAM, rootTest } from "./program.ts";

rootTest("init prepares the home and prints the status", async (home) => {
  const lines = (await home.ok(["init"])).trimEnd().split("\n");
  const pairs = JSON.parse(await home.ok(["status", "--json"]));

  assert(Deno.statSync(`${home.path}/l`).isDirectory);
  assertEquals(lines, pairs.map((pair: string[]) => pair.join(": ")));
  assertEquals(pairs.map(([name]: string[]) => name), [
    "Backing Filesystem",
    "Supports d_type",
    "Using metacopy",
    "Native Overlay Diff",
    "userxattr",
  ]);
  assertEquals(JSON.parse(await home.ok(["init", "--json"])), pairs);
  assertEquals(await home.ok(["status"]), lines.join("\n") + "\n");
  assertEquals(home.listing(), ["/l"]);
});

rootTest(
  "a layer is made, mounted, written, unmounted, removed",
  async (home) => {
    assertEquals(await home.ok(["create", "base"]), "");
    const base = (await home.ok(["get", "base"])).trimEnd();
    await Deno.writeTextFile(`${base}/greeting`, "hello");
    assertEquals(await home.ok(["put", "base"]), "");
    assertEquals(await home.ok(["create-rw", "work", "base"]), "");

    const { path } = JSON.parse(await home.ok(["get", "work", "--json"]));
    assertEquals(path, `${home.path}/work/merged`);
    assertEquals(home.mounts(), [path]);
    assertEquals(await Deno.readTextFile(`${path}/greeting`), "hello");
    await Deno.writeTextFile(`${path}/greeting`, "bye");
    assertEquals(await home.ok(["put", "work"]), "");
    assertEquals(home.mounts(), []);

    assertEquals(await Deno.readTextFile(`${base}/greeting`), "hello");
    assertEquals(await home.ok(["remove", "work", "base"]), "");
    assertEquals(home.listing(), ["/l"]);
  },
);

rootTest(
  "get prints the path, and the mount outlives the process",
  async (home) => {
    await home.ok(["create", "base"]);
    await home.ok(["create-rw", "work", "base"]);

    const merged = `${home.path}/work/merged`;
    assertEquals(await home.ok(["get", "work"]), `${merged}\n`);
    assertEquals(await home.ok(["get", "work"]), `${merged}\n`);
    assertEquals(home.mounts(), [merged]);
    await Deno.writeTextFile(`${merged}/f`, "x");
    assertEquals(await home.ok(["changes", "work"]), "A /f\n");
    await home.ok(["put", "work"]);
  },
);

rootTest("get of a layer without a parent needs no mount", async (home) => {
  await home.ok(["create-rw", "base"]);

  assertEquals(await home.ok(["get", "base"]), `${home.path}/base/diff\n`);
  assertEquals(home.mounts(), []);
  assertEquals(await home.ok(["put", "base"]), "");
});

rootTest("an empty PARENT means none", async (home) => {
  await home.ok(["create", "base", ""]);

  assertEquals(await home.ok(["get", "base"]), `${home.path}/base/diff\n`);
});

rootTest("exists answers by its status alone", async (home) => {
  await home.ok(["create", "base"]);

  const yes = await home.run(["exists", "base"]);
  const no = await home.run(["exists", "other"]);
  const json = await home.run(["exists", "other", "--json"]);

  assertEquals([yes.status, yes.stdout, yes.stderr], [0, "", ""]);
  assertEquals([no.status, no.stdout, no.stderr], [1, "", ""]);
  assertEquals(
    [json.status, json.stdout, json.stderr],
    [1, '{"exists":false}\n', ""],
  );
  assertEquals(
    await home.ok(["exists", "base", "--json"]),
    '{"exists":true}\n',
  );
});

rootTest("metadata prints the directories of a layer", async (home) => {
  await home.ok(["create", "base"]);
  await home.ok(["create-rw", "work", "base"]);

  const lines = (await home.ok(["metadata", "work"])).trimEnd().split("\n");
  const object = JSON.parse(await home.ok(["metadata", "work", "--json"]));

  assertEquals(object, {
    LowerDir: `${home.path}/base/diff`,
    MergedDir: `${home.path}/work/merged`,
    UpperDir: `${home.path}/work/diff`,
    WorkDir: `${home.path}/work/work`,
  });
  const pairs = Object.entries(object).map((pair) => pair.join(" "));
  assertEquals(lines, pairs);
});

rootTest("remove deletes what it can, and reports the others", async (home) => {
  await home.ok(["create", "base"]);
  await home.ok(["create", "app", "base"]);
  await home.ok(["create", "other"]);

  const outcome = await home.run(["remove", "base", "other", "nope"]);
  const json = await home.run(["remove", "--json", "nope", "base"]);

  assertEquals([outcome.status, outcome.stdout], [1, ""]);
  const [first, second, ...more] = outcome.stderr.trimEnd().split("\n");
  assert(/^overlay2: remove base: Cannot .* \(EBUSY\)$/.test(first!), first);
  assert(/^overlay2: remove nope: Cannot .* \(ENOENT\)$/.test(second!), second);
  assertEquals(more, []);
  const codes = json.stderr.trimEnd().split("\n").map((line) => {
    const { error } = JSON.parse(line);
    return [error.command, error.id, error.code];
  });
  assertEquals(codes, [["remove", "nope", "ENOENT"], [
    "remove",
    "base",
    "EBUSY",
  ]]);
  assertEquals((await home.run(["exists", "other"])).status, 1);
  await home.ok(["remove", "app", "base"]);
});

rootTest("cleanup unmounts what is left, and says so", async (home) => {
  await home.ok(["create", "base"]);
  for (const id of ["a", "b", "c"]) {
    await home.ok(["create-rw", id, "base"]);
    await home.ok(["get", id]);
  }
  assertEquals(home.mounts().length, 3);

  const merged = (id: string) => `${home.path}/${id}/merged`;
  assertEquals(
    await home.ok(["cleanup"]),
    ["a", "b", "c"].map((id) => `Unmounted ${merged(id)}\n`).join(""),
  );
  assertEquals(home.mounts(), []);
  assertEquals(await home.ok(["cleanup"]), "Nothing was left\n");
  await home.ok(["get", "a"]);
  assertEquals(
    JSON.parse(await home.ok(["cleanup", "--json"])),
    { unmounted: [merged("a")], deleted: [] },
  );
  await home.ok(["remove", "a", "b", "c", "base"]);
});

rootTest(
  "the home comes from the option, else from the variable",
  async (home) => {
    const env = { OVERLAY2_HOME: `${home.room}/other` };

    await home.ok(["create", "here"]);
    const there = await execute([...PROGRAM, "create", "there"], { env });
    const here = await home.run(["exists", "here"], { env });

    assertEquals([there.status, there.stderr], [0, ""]);
    assert(Deno.statSync(`${home.room}/other/there/diff`).isDirectory);
    assertEquals(here.status, 0);
  },
);

rootTest(
  "id maps give the files of a layer to their host ids",
  async (home) => {
    const maps = ["--uid-map", "0:100000:65536", "--gid-map", "0:200000:65536"];
    await home.ok([...maps, "create", "base"]);

    const { uid, gid } = Deno.statSync(`${home.path}/base/diff`);
    assertEquals([uid, gid], [100000, 200000]);
  },
);

rootTest("get with a label hands it to the mount", async (home) => {
  await home.ok(["create", "base"]);
  await home.ok(["create-rw", "work", "base"]);
  const label = "system_u:object_r:container_file_t:s0:c1,c2";

  const { status, stdout, stderr } = await home.run(
    ["get", "work", "--label", label],
  );

  if (status === 0) assertEquals(stdout, `${home.path}/work/merged\n`);
  else {
    // A kernel without SELinux does not know the mount option.
    assertStringIncludes(stderr, "overlay2: get work: Cannot ");
    assertEquals(home.mounts(), []);
    assertEquals(Deno.readDirSync(`${home.path}/work`).toArray().length, 4);
  }
});
