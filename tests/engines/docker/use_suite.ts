/**
 * What people do with Docker, beside the same with its own driver.
 *
 * @module
 */

import { assert, assertEquals } from "../../assert.ts";
import { describeTree } from "../../trees.ts";
import { Dockerd, Plugin } from "./daemons.ts";
import { busybox, layersOf, mergedOf, richContext, sha256 } from "./images.ts";
import { Room } from "./room.ts";

/** One dockerd on the plugin, and one on Docker's own driver. */
class Pair implements AsyncDisposable {
  readonly room: Room = new Room();
  ours!: Dockerd;
  native!: Dockerd;

  async start(): Promise<void> {
    await Plugin.start(this.room);
    [this.ours, this.native] = await Promise.all([
      Dockerd.start(this.room),
      Dockerd.start(this.room, { dir: "n", driver: "overlay2" }),
    ]);
    const base = await busybox(this.room);
    await this.both((daemon) => daemon.docker("import", base, "bb:1"));
    await richContext(this.room);
  }

  /** Does something with both; gives both results, ours first. */
  both<T>(task: (daemon: Dockerd) => Promise<T>): Promise<[T, T]> {
    return Promise.all([task(this.ours), task(this.native)]);
  }

  /** Does something with both, which must give the same. */
  async same(task: (daemon: Dockerd) => Promise<unknown>): Promise<void> {
    const [ours, native] = await this.both(task);
    assertEquals(ours, native);
  }

  get context(): string {
    return `${this.room.path}/rich`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.room[Symbol.asyncDispose]();
  }
}

let pair: Pair;

Deno.test.beforeAll(async () => {
  pair = new Pair();
  try {
    await pair.start();
  } catch (error) {
    await pair[Symbol.asyncDispose]();
    throw error;
  }
});

Deno.test.afterAll(async () => {
  await pair[Symbol.asyncDispose]();
});

/** A test on the pair, whose processes live longer than the test. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeResources: false, sanitizeOps: false });
}

/** A container's files as they are in its mount, while it runs. */
async function treeOf(
  daemon: Dockerd,
  image: string,
  times = true,
): Promise<string[]> {
  const id = await daemon.docker(
    ...["run", "-d", "--network", "none", image, "sleep", "600"],
  );
  try {
    const tree = describeTree(await mergedOf(daemon, id), {
      times,
      fractions: false, // docker load keeps layers that it has already
      xattrs: "security",
    });
    // What Docker puts there for each container has the time of that.
    return tree.filter((line) => !/^\/(dev|etc|\.dockerenv)[ /]/.test(line));
  } finally {
    await daemon.docker("rm", "-f", id);
  }
}

async function build(
  daemon: Dockerd,
  tag: string,
  kit: "classic" | "buildkit",
): Promise<void> {
  const { status, stderr } = await daemon.build(pair.context, tag, kit);
  assertEquals(status, 0, stderr);
}

test("dockerd says which driver it has, and what that can do", async () => {
  assertEquals(
    await pair.ours.docker("info", "-f", "{{.Driver}}"),
    pair.room.name,
  );
  const status = await pair.ours.docker("info", "-f", "{{.DriverStatus}}");

  assert(status.includes("[Native Overlay Diff true]"), status);
});

test("docker import makes the image that it makes natively", async () => {
  await pair.same((daemon) => layersOf(daemon, "bb:1"));
  await pair.same((daemon) => treeOf(daemon, "bb:1"));
});

for (const kit of ["classic", "buildkit"] as const) {
  test(`docker build (${kit}) makes the image that it makes natively`, async () => {
    await pair.both((daemon) => build(daemon, `${kit}:1`, kit));

    await pair.same((daemon) => treeOf(daemon, `${kit}:1`, false));
    await pair.same((daemon) =>
      daemon.docker("history", "--format", "{{.Size}}", `${kit}:1`)
    );
  });
}

test("docker run, diff, ps -s, commit, cp and export do what they do natively", async () => {
  const script = [
    "echo changed >/opt/d0/f0; rm /opt/d0/f5; rm -r /opt/d1; mkdir /opt/d1",
    "echo x >/opt/d1/x; mv /opt/d2 /opt/d9; chmod 700 /root; ln /opt/d0/f0 /hl",
    "mkfifo /fifo; dd if=/dev/zero of=/big bs=1024 count=2000 2>/dev/null",
    "ls -R /opt; cat /opt/d0/f0",
  ].join("\n");
  await pair.same((daemon) =>
    daemon.docker(
      "run",
      "--name",
      "cc",
      "--network",
      "none",
      "bb:1",
      "sh",
      "-c",
      script,
    )
  );

  await pair.same(async (daemon) =>
    (await daemon.docker("diff", "cc")).split("\n").sort()
  );
  await pair.same((daemon) =>
    daemon.docker("ps", "-as", "--format", "{{.Size}}")
  );
  await pair.both((daemon) => daemon.docker("commit", "cc", "committed:1"));
  await pair.same((daemon) => treeOf(daemon, "committed:1", false));
  await pair.both((daemon) =>
    daemon.docker("cp", `${pair.context}/data`, "cc:/copied")
  );
  await pair.same(async (daemon) => {
    const out = `${daemon.path}/export`;
    await daemon.docker("cp", "cc:/copied", out);
    await daemon.docker("export", "-o", `${out}.tar`, "cc");
    return [
      describeTree(out, { times: false }),
      await exportedNames(`${out}.tar`),
    ];
  });
  await pair.both((daemon) => daemon.docker("rm", "cc"));
});

async function exportedNames(archive: string): Promise<string> {
  const { stdout } = await new Deno.Command("tar", {
    args: ["-tf", archive],
  }).output();
  return new TextDecoder().decode(stdout);
}

test("docker inspect tells where layers lie", async () => {
  const upper = await pair.ours.docker(
    ...["inspect", "-f", "{{.GraphDriver.Data.UpperDir}}", "bb:1"],
  );

  assertEquals(
    describeTree(upper).some((line) => line.startsWith("/bin/busybox file")),
    true,
  );
});

test("docker save gives byte for byte what Docker's own driver gives", async () => {
  // One by one: dockerd writes several images in no order.
  for (const image of ["classic:1", "buildkit:1"]) {
    const [ours, native] = await pair.both(async (daemon) => {
      const made = `${daemon.path}/made.tar`;
      await daemon.docker("save", "-o", made, image);
      return made;
    });
    for (const archive of [ours, native]) {
      await pair.same(async (daemon) => {
        await daemon.docker("rmi", "-f", image);
        await daemon.docker("load", "-q", "-i", archive);
        const again = `${daemon.path}/again.tar`;
        await daemon.docker("save", "-o", again, image);
        return sha256(again);
      });
      assertEquals(
        await sha256(`${pair.ours.path}/again.tar`),
        await sha256(archive),
      );
      await pair.same((daemon) => treeOf(daemon, image));
    }
  }
});

test("dockerd builds, saves and runs at the same time", async () => {
  await pair.both(async (daemon) => {
    await Promise.all([
      ...[1, 2].map((i) => build(daemon, `many:b${i}`, "buildkit")),
      build(daemon, "many:c", "classic"),
      daemon.docker("save", "-o", `${daemon.path}/many.tar`, "classic:1"),
      ...[1, 2, 3].map(() =>
        daemon.docker("run", "--rm", "--network", "none", "classic:1", "true")
      ),
    ]);
  });

  for (const tag of ["many:b1", "many:b2", "many:c"]) {
    await pair.same((daemon) => treeOf(daemon, tag, false));
  }
});

test("dockerd leaves no mount, and no more layers than natively, when all is removed", async () => {
  assertEquals(await pair.ours.docker("ps", "-aq"), "");
  const home = `${pair.ours.data}/${pair.ours.driver}/`;
  assertEquals(pair.room.mounts.filter((path) => path.startsWith(home)), []);

  // BuildKit forgets some of its layers when builds run at the same time.
  await pair.same(async (daemon) => {
    await daemon.docker("system", "prune", "-af");
    await daemon.docker("builder", "prune", "-af");
    return [...Deno.readDirSync(`${daemon.data}/${daemon.driver}`)].length;
  });
});
