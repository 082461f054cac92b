/**
 * One directory of data, under this driver and under Docker's own in turn.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "../../assert.ts";
import { describeTree } from "../../trees.ts";
import { Dockerd, Plugin, until } from "./daemons.ts";
import { busybox, layersOf, mergedOf, richContext, sha256 } from "./images.ts";
import { Room } from "./room.ts";

const NONE = ["--network", "none"];

/**
 * Hands the data of one dockerd to one with another driver: the layers, the
 * records of images, and the name of the driver in those of containers.
 */
async function hand(from: Dockerd, to: Dockerd): Promise<void> {
  await Deno.rename(from.data, to.data);
  await Deno.rename(`${to.data}/${from.driver}`, `${to.data}/${to.driver}`);
  const images = `${to.data}/image`;
  await Deno.rename(`${images}/${from.driver}`, `${images}/${to.driver}`);
  for (const { name } of Deno.readDirSync(`${to.data}/containers`)) {
    const path = `${to.data}/containers/${name}/config.v2.json`;
    const record = JSON.parse(await Deno.readTextFile(path));
    assertEquals(record.Driver, from.driver);
    record.Driver = to.driver;
    await Deno.writeTextFile(path, JSON.stringify(record));
  }
}

/** What can be seen of the images and containers of a dockerd. */
async function view(daemon: Dockerd): Promise<unknown[]> {
  const archive = `${daemon.path}/view.tar`;
  await daemon.docker("save", "-o", archive, "rich:1");
  await daemon.docker("start", "cc");
  const tree = describeTree(await mergedOf(daemon, "cc"));
  await daemon.docker("stop", "-t", "0", "cc");
  return [
    await daemon.docker(
      "images",
      "--no-trunc",
      "--format",
      "{{.ID}} {{.Size}}",
    ),
    await sha256(archive),
    (await daemon.docker("diff", "cc")).split("\n").sort(),
    await daemon.docker("ps", "-as", "--format", "{{.Names}} {{.Size}}"),
    tree.filter((line) => !/^\/(dev|etc)[ /]/.test(line)),
  ];
}

/** Fills a dockerd, hands its data over, and back again. */
async function thereAndBack(first: Dockerd, second: Dockerd, room: Room) {
  await first.start();
  await first.docker("import", await busybox(room), "bb:1");
  const context = await richContext(room);
  const { status, stderr } = await first.build(context, "rich:1");
  assertEquals(status, 0, stderr);
  await first.docker(
    ...["run", "-d", "--name", "cc", ...NONE, "rich:1", "sh", "-c"],
    "[ -e /mine ] || { echo x >/mine; rm -r /data/d1; mkdir /data/d1; }; sleep 99",
  );
  await first.docker(
    "exec",
    "cc",
    "sh",
    "-c",
    "while [ ! -e /data/d1 ]; do :; done",
  );
  await first.docker("stop", "-t", "0", "cc");
  const seen = await view(first);
  await first.stop();

  await hand(first, second);
  await second.start();
  assertEquals(await view(second), seen);
  const built = await second.build(context, "there:1");
  assertEquals(built.status, 0, built.stderr);
  await second.docker("commit", "cc", "there:2");
  await second.stop();

  await hand(second, first);
  await first.start();
  assertEquals(await view(first).then((lines) => lines.slice(1)), [
    ...seen.slice(1),
  ]);
  const mine = await first.docker(
    ...["run", "--rm", ...NONE, "there:2", "cat", "/mine", "/x/y"],
  );
  assertStringIncludes(mine, "x");
  await first.docker("rm", "-f", "cc");
  await first.docker("rmi", "-f", "there:1", "there:2", "rich:1", "bb:1");
  const home = `${first.data}/${first.driver}`;
  await until(
    () => [...Deno.readDirSync(home)].every(({ name }) => name === "l"),
    "the end of the last layer",
  );
}

Deno.test("Docker's own driver takes a home from here, and gives it back", async () => {
  await using room = new Room();
  await Plugin.start(room);

  // Without its own records, dockerd could not save there what came in here.
  await thereAndBack(
    Dockerd.make(room, {
      settings: { "storage-opts": ["overlay2.exact=false"] },
    }),
    Dockerd.make(room, { dir: "n", driver: "overlay2" }),
    room,
  );
});

Deno.test("A home of Docker's own driver works here, and there again", async () => {
  await using room = new Room();
  await Plugin.start(room);

  await thereAndBack(
    Dockerd.make(room, { dir: "n", driver: "overlay2" }),
    Dockerd.make(room),
    room,
  );
});

/** Builds with BuildKit, which may use what it kept; says what it did. */
async function buildCached(
  daemon: Dockerd,
  context: string,
  tag: string,
): Promise<string> {
  const { status, stderr } = await daemon.build(context, tag, "buildkit", true);
  assertEquals(status, 0, stderr);
  return stderr;
}

Deno.test("BuildKit's cache survives a change of drivers", async () => {
  await using room = new Room();
  await Plugin.start(room);
  const ours = Dockerd.make(room);
  const native = Dockerd.make(room, { dir: "n", driver: "overlay2" });
  await ours.start();
  await ours.docker("import", await busybox(room), "bb:1");
  const context = await richContext(room);
  await buildCached(ours, context, "cached:1");
  const layers = await layersOf(ours, "cached:1");
  await ours.stop();

  let from = ours;
  for (const to of [native, ours]) {
    await hand(from, to);
    await to.start();
    const said = await buildCached(to, context, "cached:2");
    assert(said.includes("CACHED"), said);
    assertEquals(await layersOf(to, "cached:2"), layers);
    // One step anew, on a layer that the other driver made.
    const dockerfile = `${context}/Dockerfile`;
    const text = await Deno.readTextFile(dockerfile);
    await Deno.writeTextFile(
      dockerfile,
      `${text}RUN cat /data/d1/f2 >/${to.driver}\n`,
    );
    await buildCached(to, context, "cached:3");
    const cat = ["cat", `/${to.driver}`, "/x/y"];
    const out = await to.docker("run", "--rm", ...NONE, "cached:3", ...cat);
    assert(out.endsWith("file"), out);
    await Deno.writeTextFile(dockerfile, text);
    await to.stop();
    from = to;
  }
});
