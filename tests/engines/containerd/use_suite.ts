/**
 * containerd with snapshots kept by this driver, beside its own snapshotter.
 *
 * @module
 */

import { init } from "../../../mod.ts";
import { assert, assertEquals, assertStringIncludes } from "../../assert.ts";
import { archive, dir, file } from "../../tar_builder.ts";
import { describeTree } from "../../trees.ts";
import type { Mount } from "../../server/containerd/client.ts";
import { mountAt, unmountAt } from "../../server/containerd/mounts.ts";
import { busybox, type Image, makeImage, mixture } from "./image.ts";
import { Place } from "./place.ts";

const OURS = "overlay2";
const THEIRS = "overlayfs";

function placed(name: string, run: (place: Place) => Promise<void>) {
  Deno.test(`containerd ${name}`, async () => {
    await using place = await Place.make();
    await run(place);
  });
}

const snapshots = (snapshotter: string) => [
  "ctr",
  "snapshots",
  "--snapshotter",
  snapshotter,
];

function load(place: Place, image: Image, snapshotter: string) {
  return place.ok(
    ...["ctr", "images", "import", "--snapshotter", snapshotter],
    image.path,
  );
}

/** What a snapshot shows, mounted as containerd says. */
async function treeOf(
  place: Place,
  snapshotter: string,
  name: string,
): Promise<string[]> {
  const key = `look-${crypto.randomUUID()}`;
  const target = `${place.dir}/${key}`;
  // Not a view, which ctr leaves to the garbage collection at once.
  await place.ok(...snapshots(snapshotter), "prepare", key, name);
  const line = await place.ok(...snapshots(snapshotter), "mounts", target, key);
  Deno.mkdirSync(target);
  await mountAt(parseMount(line), target);
  try {
    return describeTree(target);
  } finally {
    await unmountAt(target);
    await place.ok(...snapshots(snapshotter), "rm", key);
  }
}

/** Reads `mount -t TYPE SOURCE TARGET -o OPTIONS`, as ctr prints it. */
function parseMount(line: string): Mount {
  const [, , type, source, , , options] = line.trim().split(" ");
  return { type: type!, source: source!, options: options!.split(",") };
}

function rich(place: Place): Promise<Image> {
  return makeImage(`${place.dir}/rich.tar`, "rich:1", [
    busybox(),
    mixture(),
    archive(dir("d"), file("d/top", "top")),
  ]);
}

/** Fails unless the driver's own check has nothing to say of the home. */
async function assertClean(place: Place): Promise<void> {
  await using driver = await init(place.home);
  assertEquals(await driver.check(undefined, { deep: true }), []);
}

/** Waits for containerd's garbage collection to leave nothing in the home. */
async function assertEmptied(place: Place): Promise<void> {
  const left = () =>
    [...Deno.readDirSync(place.home)].map(({ name }) => name).sort();
  for (let i = 0; i < 200 && left().length > 2; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assertEquals(left(), ["containerd", "l"]);
  assertEquals([...Deno.readDirSync(`${place.home}/l`)], []);
}

placed(
  "unpacks an image as it does into its own snapshotter",
  async (place) => {
    const image = await rich(place);
    for (const snapshotter of [OURS, THEIRS]) {
      await load(
        place,
        image,
        snapshotter,
      );
    }
    for (const name of image.chain) {
      const ours = await treeOf(place, OURS, name);
      assertEquals(ours, await treeOf(place, THEIRS, name));
      assert(ours.length > 20);
    }
    const usage = async (snapshotter: string) => {
      const lines = await place.ok(...snapshots(snapshotter), "usage", "-b");
      return lines.split("\n").filter((line) => line.startsWith("sha256:"))
        .sort();
    };
    assertEquals(await usage(OURS), await usage(THEIRS));
    assertEquals((await usage(OURS)).length, 3);
    await assertClean(place);
  },
);

placed(
  "runs containers, keeps what they change, and gives it back",
  async (place) => {
    const image = await rich(place);
    await load(place, image, OURS);
    const run = (id: string, script: string, ...options: string[]) =>
      place.ok(
        ...["ctr", "run", "--snapshotter", OURS, ...options, image.name, id],
        ...["/bin/sh", "-c", script],
      );
    assertEquals(
      await run("a", "cat /changed /d/top; ls /d/e", "--rm"),
      "aftertopnew\n",
    );
    await run("b", "echo more >/changed; rm -rf /d; mkdir /d; echo x >/d/x");
    await place.ok(...snapshots(OURS), "commit", "kept", "b");
    assertStringIncludes(
      await place.ok(...snapshots(OURS), "tree"),
      `${image.chain[2]}\n      \\_ kept`,
    );
    const info = JSON.parse(await place.ok(...snapshots(OURS), "info", "kept"));
    assertEquals(info.Kind, "Committed");
    assertEquals(info.Parent, image.chain[2]);
    const tree = await treeOf(place, OURS, "kept");
    const names = tree.map((line) => line.split(" ")[0]!);
    assertEquals(names.filter((name) => name.startsWith("/d/")), ["/d/x"]);
    await place.ok(
      ...snapshots(OURS),
      "label",
      "kept",
      "containerd.io/gc.root=1",
      "a=b",
    );
    await place.ok("ctr", "containers", "rm", "b");
    await assertClean(place);
  },
);

placed("collects what nothing refers to any more", async (place) => {
  const image = await rich(place);
  await load(place, image, OURS);
  const layers = [...Deno.readDirSync(place.home)].length;
  assertEquals(layers, 5);
  await place.ok("ctr", "images", "rm", "--sync", image.name);
  await assertEmptied(place);
});

placed("goes on after either is killed and started anew", async (place) => {
  const image = await rich(place);
  await load(place, image, OURS);
  await place.stopServer("SIGKILL");
  const lost = await place.run(
    ...snapshots(OURS),
    "view",
    "v",
    image.chain[0]!,
  );
  assert(lost.code !== 0, "Somebody answered for the server that was killed");
  await place.startServer();
  await place.reunited();
  const before = await treeOf(place, OURS, image.chain[2]!);
  await place.stopContainerd("SIGKILL");
  await place.stopServer("SIGKILL");
  await place.startServer();
  await place.startContainerd();
  assertEquals(await treeOf(place, OURS, image.chain[2]!), before);
  await assertClean(place);
});

placed(
  "keeps a running container whatever is killed and started anew",
  async (place) => {
    const image = await rich(place);
    await load(place, image, OURS);
    await place.ok(
      ...["ctr", "run", "--detach", "--snapshotter", OURS, image.name, "long"],
      ...["/bin/sh", "-c", "while sleep 0.1; do echo x >>/count; done"],
    );
    try {
      await place.stopServer("SIGKILL");
      await place.stopContainerd("SIGKILL");
      await place.startServer();
      await place.startContainerd();
      const count = async () =>
        (await place.ok(
          ...["ctr", "task", "exec", "--exec-id", crypto.randomUUID(), "long"],
          ...["/bin/cat", "/count", "/d/top"],
        )).split("\n").length;
      const before = await count();
      await place.stopServer();
      await place.startServer();
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert(await count() > before);
    } finally {
      await place.run("ctr", "task", "rm", "--force", "long");
    }
    await place.ok("ctr", "containers", "rm", "long");
    await place.ok("ctr", "images", "rm", "--sync", image.name);
    await assertEmptied(place);
  },
);

placed(
  "imports in the end, whenever either is killed meanwhile",
  async (place) => {
    const layers = Array.from(
      { length: 20 },
      (_, i) =>
        archive(file(`f${i}`, new Uint8Array(200_000)), file("same", `${i}`)),
    );
    const image = await makeImage(`${place.dir}/many.tar`, "many:1", layers);
    for (let round = 0; round < 6; round++) {
      const importing = place.run(
        ...["ctr", "images", "import", "--snapshotter", OURS],
        image.path,
      );
      await new Promise((resolve) => setTimeout(resolve, 60 * round + 40));
      if (round % 2 === 0) {
        await place.stopServer("SIGKILL");
        await place.startServer();
      } else {
        await place.stopContainerd("SIGKILL");
        await place.startContainerd();
      }
      await importing;
    }
    for (const snapshotter of [OURS, THEIRS]) {
      await load(
        place,
        image,
        snapshotter,
      );
    }
    const top = image.chain.at(-1)!;
    assertEquals(
      await treeOf(place, OURS, top),
      await treeOf(place, THEIRS, top),
    );
    await assertClean(place);
    await place.ok("ctr", "images", "rm", "--sync", image.name);
  },
);

placed("unpacks and runs an image of 125 layers", async (place) => {
  const layers = Array.from(
    { length: 124 },
    (_, i) => archive(file(`f${i}`, `${i}`), file("last", `${i}`)),
  );
  const image = await makeImage(`${place.dir}/deep.tar`, "deep:1", [
    busybox(),
    ...layers,
  ]);
  for (const snapshotter of [OURS, THEIRS]) {
    await load(place, image, snapshotter);
  }
  const top = image.chain.at(-1)!;
  assertEquals(
    await treeOf(place, OURS, top),
    await treeOf(place, THEIRS, top),
  );
  assertEquals(
    await place.ok(
      ...["ctr", "run", "--snapshotter", OURS, "--rm", image.name, "deep"],
      ...["/bin/cat", "/last", "/f0"],
    ),
    "1230",
  );
  await place.ok("ctr", "images", "rm", "--sync", image.name);
  await assertEmptied(place);
});
