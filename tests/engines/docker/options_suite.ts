/**
 * How dockerd may be set up: owners, sizes, depth.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "../../assert.ts";
import { execute } from "../../cli/program.ts";
import { describeTree } from "../../trees.ts";
import { Dockerd, Plugin } from "./daemons.ts";
import { busybox, deepContext, mergedOf, richContext } from "./images.ts";
import { Room } from "./room.ts";

const NONE = ["--network", "none"];

Deno.test("dockerd with --userns-remap gives containers files of their own root", async () => {
  await using room = new Room();
  // Both see maps of their own; nothing is changed outside.
  for (const name of ["subuid", "subgid"]) {
    await Deno.writeTextFile(`${room.path}/${name}`, "nobody:500000:65536\n");
  }
  const apart = `mount --bind ${room.path}/subuid /etc/subuid &&
    mount --bind ${room.path}/subgid /etc/subgid && exec "$@"`;
  for (const name of ["subuid", "subgid"]) {
    await Deno.open(`/etc/${name}`, { append: true, create: true })
      .then((file) => file.close());
  }
  const plugin = await Plugin.start(
    room,
    ["unshare", "-m", "sh", "-c", apart, "sh"],
  );
  const daemon = await Dockerd.start(room, {
    settings: { "userns-remap": "nobody:nogroup" },
    before: ["nsenter", "-t", String(plugin.pid), "-m"],
  });
  await daemon.docker("import", await busybox(room), "bb:1");
  const context = await richContext(room);
  const dockerfile = `${context}/Dockerfile`;
  const text = await Deno.readTextFile(dockerfile);
  // Devices are for the real root alone.
  await Deno.writeTextFile(dockerfile, text.replace(/&& mknod \S+ c 1 3/, ""));
  const { status, stderr } = await daemon.build(context, "rich:1");
  assertEquals(status, 0, stderr);
  // Which dockerd compares with what came in.
  await daemon.docker("save", "-o", `${daemon.path}/saved.tar`, "rich:1");

  const inside = await daemon.docker(
    ...["run", "--name", "cc", ...NONE, "rich:1", "sh", "-c"],
    "stat -c '%u:%g %n' / /x/a /x/y /bin/another; touch /new; chown 7:8 /new",
  );
  assertEquals(inside.split("\n"), [
    "0:0 /",
    "0:0 /x/a",
    "0:0 /x/y",
    "0:0 /bin/another",
  ]);
  const upper = await daemon.docker(
    ...["inspect", "-f", "{{.GraphDriver.Data.UpperDir}}", "cc"],
  );
  assertStringIncludes(upper, "/500000.");
  const outside = `/proc/${plugin.pid}/root${upper}`;
  const { uid, gid } = await Deno.lstat(`${outside}/new`);
  assertEquals([uid, gid], [500007, 500008]);
  assertStringIncludes(await daemon.docker("diff", "cc"), "A /new");
  await daemon.docker("commit", "cc", "again:1");
  const again = await daemon.docker(
    ...["run", "--rm", ...NONE, "again:1", "stat", "-c", "%u:%g", "/new"],
  );
  assertEquals(again, "7:8");
});

Deno.test("docker run --storage-opt says where no size can be kept", async () => {
  await using room = new Room();
  await Plugin.start(room);
  const daemon = await Dockerd.start(room);
  await daemon.docker("import", await busybox(room), "bb:1");

  for (const size of ["10M", "nonsense"]) {
    const { status, stderr } = await daemon.tryDocker(
      ...[
        "run",
        "--rm",
        "--storage-opt",
        `size=${size}`,
        ...NONE,
        "bb:1",
        "true",
      ],
    );
    assertEquals(status, 125, stderr);
    assertStringIncludes(stderr, size === "10M" ? "quota" : "size");
  }
  assertEquals(await daemon.docker("ps", "-aq"), "");
  await daemon.docker("run", "--rm", ...NONE, "bb:1", "true");
});

Deno.test("dockerd does not start with storage options that are wrong or cannot be kept", async () => {
  await using room = new Room();
  await Plugin.start(room);
  const daemon = Dockerd.make(room, {
    settings: { "storage-opts": ["overlay2.size=10G"] },
  });

  assertEquals(await daemon.tryStart(), false);

  assertStringIncludes(daemon.said, "Cannot use storage option overlay2.size");
});

Deno.test("dockerd builds, runs and saves 125 layers, and refuses one more", async () => {
  await using room = new Room();
  await Plugin.start(room);
  const daemon = await Dockerd.start(room);
  await daemon.docker("import", await busybox(room), "bb:1");
  const built = await daemon.build(
    await deepContext(room, 124),
    "deep:1",
    "buildkit",
  );
  assertEquals(built.status, 0, built.stderr);

  const seen = await daemon.docker(
    ...["run", "--rm", ...NONE, "deep:1", "sh", "-c", "cat /l* | wc -l"],
  );
  assertEquals(seen, "124");
  const archive = `${room.path}/deep.tar`;
  await daemon.docker("save", "-o", archive, "deep:1");
  await daemon.docker("system", "prune", "-af");
  await daemon.docker("load", "-q", "-i", archive);
  const id = await daemon.docker("run", "-d", ...NONE, "deep:1", "sleep", "99");
  const tree = describeTree(await mergedOf(daemon, id));
  assertEquals(tree.filter((line) => /^\/l\d+ /.test(line)).length, 124);
  await daemon.docker("rm", "-f", id);

  await Deno.writeTextFile(
    `${room.path}/deep124/Dockerfile`,
    "FROM deep:1\nCOPY file /more\n",
  );
  const more = await daemon.build(`${room.path}/deep124`, "deep:2");
  assert(more.status !== 0);
  assertStringIncludes(more.stderr, "max depth exceeded");
});

Deno.test("The unit of systemd is one that systemd takes", async () => {
  const path = new URL(
    "../../../examples/docker/overlay2-docker.service",
    import.meta.url,
  ).pathname;
  const { status, stderr } = await execute(
    [
      "sh",
      "-c",
      'command -v systemd-analyze >/dev/null || exit 0; exec systemd-analyze verify "$0"',
      path,
    ],
  );

  // The command itself is not installed where tests run.
  const complaints = stderr.split("\n").filter((line) =>
    line.includes("overlay2-docker.service") &&
    !line.includes("is not executable")
  );
  assertEquals(complaints, [], `exit status ${status}`);
});
