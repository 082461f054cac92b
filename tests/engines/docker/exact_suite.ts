/**
 * Images come out of dockerd as they went in, with its own records of archives
 * and without.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { assert, assertEquals, assertStringIncludes } from "../../assert.ts";
import { execute } from "../../cli/program.ts";
import { Dockerd, Plugin } from "./daemons.ts";
import { busybox, layersOf, richContext, sha256 } from "./images.ts";
import { Room } from "./room.ts";

const NONE = ["--network", "none"];

/** Options of GNU tar that make archives unlike Docker's. */
const FORMATS: readonly (readonly string[])[] = [
  ["--format=gnu"],
  ["--format=oldgnu", "-b", "128"],
  ["--format=pax", "--pax-option=comment=hello"],
  ["--format=ustar", "-b", "1", "--exclude=*long*"],
];

/** Makes a tree of files that formats differ about, and a small system; gives its path. */
async function oddTree(room: Room): Promise<string> {
  await busybox(room);
  const root = `${room.path}/bb`;
  await Deno.writeTextFile(`${root}/opt/${"long".repeat(50)}`, "a long name");
  const sparse = await Deno.open(`${root}/opt/sparse`, {
    create: true,
    write: true,
  });
  for (const at of [0, 1_000_000, 3_000_000]) {
    await sparse.seek(at, Deno.SeekMode.Start);
    await sparse.write(new Uint8Array(5000).fill(7));
  }
  await sparse.truncate(4_000_000);
  sparse.close();
  await Deno.link(`${root}/opt/sparse`, `${root}/opt/again`);
  return root;
}

async function tar(...words: readonly string[]): Promise<void> {
  const { status, stderr } = await execute(["tar", ...words]);
  assertEquals(status, 0, stderr);
}

/** Saves an image; gives the digests of its layers as they are in the file. */
async function savedLayers(daemon: Dockerd, image: string): Promise<string> {
  const file = `${daemon.path}/saved.tar`;
  const files = `${daemon.path}/saved`;
  await daemon.docker("save", "-o", file, image);
  await Deno.mkdir(files);
  await tar("-C", files, "-xf", file);
  const [{ Layers }] = JSON.parse(
    await Deno.readTextFile(`${files}/manifest.json`),
  );
  const digests: string[] = [];
  for (const layer of Layers) {
    digests.push(`sha256:${await sha256(`${files}/${layer}`)}`);
  }
  await Deno.remove(files, { recursive: true });
  return JSON.stringify(digests);
}

/** Makes sure that an image is saved with the layers that it says it has. */
async function assertSaved(daemon: Dockerd, image: string): Promise<void> {
  assertEquals(
    await savedLayers(daemon, image),
    await layersOf(daemon, image),
    image,
  );
}

/** Why an image cannot be saved. */
async function saveError(daemon: Dockerd, image: string): Promise<string> {
  const file = `${daemon.path}/saved.tar`;
  const { status, stderr } = await daemon.tryDocker("save", "-o", file, image);
  assert(status !== 0, `${image} was saved`);
  return stderr;
}

/** How many layers dockerd has no record of its own of. */
function unrecorded({ data, driver }: Dockerd): number {
  const layers = `${data}/image/${driver}/layerdb/sha256`;
  return [...Deno.readDirSync(layers)].filter(({ name }) =>
    ![...Deno.readDirSync(`${layers}/${name}`)].some((file) =>
      file.name.startsWith("tar-split")
    )
  ).length;
}

/** Hands the data of one dockerd to another. */
async function hand(from: Dockerd, to: Dockerd): Promise<void> {
  await Deno.remove(to.data, { recursive: true }).catch(() => {});
  await Deno.rename(from.data, to.data);
  for (const dir of [to.data, `${to.data}/image`]) {
    await Deno.rename(`${dir}/${from.driver}`, `${dir}/${to.driver}`);
  }
}

Deno.test("docker save gives the layers that docker import got, as Docker's own driver does", async () => {
  await using room = new Room();
  await Plugin.start(room);
  const [ours, native] = await Promise.all([
    Dockerd.start(room),
    Dockerd.start(room, { dir: "n", driver: "overlay2" }),
  ]);
  const root = await oddTree(room);
  for (const [i, words] of FORMATS.entries()) {
    const archive = `${room.path}/${i}.tar`;
    await tar("-C", root, ...words, "-cf", archive, ".");
    const expected = JSON.stringify([`sha256:${await sha256(archive)}`]);
    for (const daemon of [ours, native]) {
      await daemon.docker("import", archive, `odd:${i}`);
      assertEquals(await layersOf(daemon, `odd:${i}`), expected);
      assertEquals(await savedLayers(daemon, `odd:${i}`), expected, `${words}`);
    }
    // And from one to the other.
    await ours.docker("save", "-o", `${room.path}/there.tar`, `odd:${i}`);
    await native.docker("rmi", `odd:${i}`);
    await native.docker("load", "-q", "-i", `${room.path}/there.tar`);
    assertEquals(await savedLayers(native, `odd:${i}`), expected);
    await ours.docker("rmi", `odd:${i}`);
    await ours.docker("load", "-q", "-i", `${room.path}/there.tar`);
    assertEquals(await savedLayers(ours, `odd:${i}`), expected);
  }
  assertEquals(unrecorded(ours), FORMATS.length);
  assertEquals(unrecorded(native), 0);
});

Deno.test("Sparse files are imported and saved here, and not with Docker's own driver", async () => {
  await using room = new Room();
  await Plugin.start(room);
  const [ours, native] = await Promise.all([
    Dockerd.start(room),
    Dockerd.start(room, { dir: "n", driver: "overlay2" }),
  ]);
  const root = await oddTree(room);
  for (const format of ["gnu", "pax"]) {
    const archive = `${room.path}/${format}.tar`;
    await tar("-C", root, `--format=${format}`, "-S", "-cf", archive, ".");
    const expected = JSON.stringify([`sha256:${await sha256(archive)}`]);
    await ours.docker("import", archive, `${format}:1`);
    assertEquals(await savedLayers(ours, `${format}:1`), expected);
  }
  const refused = await native.tryDocker("import", `${room.path}/gnu.tar`);
  assertStringIncludes(refused.stderr, "unhandled tar header type");
  await native.docker("import", `${room.path}/pax.tar`, "pax:1");
  assertStringIncludes(await saveError(native, "pax:1"), "could not verify");
});

Deno.test("docker build, commit and push give the layers that they said", async () => {
  await using room = new Room();
  await Plugin.start(room);
  const daemon = await Dockerd.start(room);
  await daemon.docker("import", await busybox(room), "bb:1");
  const context = await richContext(room);
  for (const kit of ["classic", "buildkit"] as const) {
    const { status, stderr } = await daemon.build(context, `${kit}:1`, kit);
    assertEquals(status, 0, stderr);
    await daemon.docker(
      ...["run", "--name", kit, ...NONE, `${kit}:1`, "sh", "-c"],
      "echo x >/opt/d0/f0; rm -r /data/d1; ln /opt/d0/f0 /hard; mkfifo /fifo",
    );
    await daemon.docker("commit", kit, `${kit}:2`);
    await daemon.docker("rm", kit);
    await assertSaved(daemon, `${kit}:2`);
  }
  await using registry = new Registry();
  const image = `${registry.address}/kept:1`;
  await daemon.docker("tag", "classic:2", image);
  await daemon.docker("push", "-q", image);
  const layers: string[] = JSON.parse(await layersOf(daemon, image));
  assertEquals(layers.filter((layer) => !registry.contents.has(layer)), []);
});

/** A registry that takes images over HTTP and keeps digests. */
class Registry implements AsyncDisposable {
  /** Digests of what blobs hold, uncompressed. */
  readonly contents = new Set<string>();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#answer(request),
  );
  readonly #blobs = new Map<string, Uint8Array>();
  #uploads = 0;

  get address(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const body = new Uint8Array(await request.arrayBuffer());
    if (request.method === "GET") return new Response("{}");
    if (request.method === "HEAD") {
      const digest = pathname.split("/").at(-1)!;
      const blob = this.#blobs.get(digest);
      return blob ? new Response(null) : new Response(null, { status: 404 });
    }
    if (request.method === "POST") {
      const Location = `${pathname}${++this.#uploads}`;
      return new Response(null, { status: 202, headers: { Location } });
    }
    if (request.method === "PATCH") {
      this.#blobs.set(pathname, body);
      return new Response(null, {
        status: 202,
        headers: { Location: pathname, Range: `0-${body.length - 1}` },
      });
    }
    const blob = body.length > 0 ? body : this.#blobs.get(pathname)!;
    const digest = searchParams.get("digest") ?? digestOf(blob);
    this.#blobs.set(digest, blob);
    this.contents.add(digestOf(blob[0] === 0x1f ? gunzipSync(blob) : blob));
    return new Response(null, {
      status: 201,
      headers: { "Docker-Content-Digest": digest },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

Deno.test("An archive that names a file twice can be imported and saved here", async () => {
  await using room = new Room();
  await Plugin.start(room);
  const [ours, native] = await Promise.all([
    Dockerd.start(room),
    Dockerd.start(room, { dir: "n", driver: "overlay2" }),
  ]);
  const archive = await busybox(room);
  await Deno.writeTextFile(`${room.path}/bb/opt/d0/f0`, "another content\n");
  await tar("-C", `${room.path}/bb`, "-rf", archive, "./opt/d0/f0");

  const refused = await native.tryDocker("import", archive, "twice:1");
  assertStringIncludes(refused.stderr, "duplicates of file paths");

  await ours.docker("import", archive, "twice:1");
  const expected = JSON.stringify([`sha256:${await sha256(archive)}`]);
  assertEquals(await savedLayers(ours, "twice:1"), expected);
  assertEquals(
    await ours.docker("run", "--rm", ...NONE, "twice:1", "cat", "/opt/d0/f0"),
    "another content",
  );
});

Deno.test("dockerd goes on to keep its own records if it has one of every layer", async () => {
  await using room = new Room();
  await Plugin.start(room);
  const off = await Dockerd.start(room, {
    settings: { "storage-opts": ["overlay2.exact=false"] },
  });
  await off.docker("import", await busybox(room), "bb:1");
  await assertSaved(off, "bb:1");
  assertEquals(unrecorded(off), 0);
  await off.stop();

  // Nothing said: as it was.
  const unsaid = Dockerd.make(room, { dir: "u" });
  await hand(off, unsaid);
  await unsaid.start();
  await assertSaved(unsaid, "bb:1");
  const context = await richContext(room);
  for (const kit of ["classic", "buildkit"] as const) {
    const { status, stderr } = await unsaid.build(context, `${kit}:1`, kit);
    assertEquals(status, 0, stderr);
    await assertSaved(unsaid, `${kit}:1`);
  }
  assertEquals(unrecorded(unsaid), 0);
  await unsaid.stop();

  // Insisted upon: what was imported before runs, and cannot be saved.
  const on = Dockerd.make(room, {
    dir: "i",
    settings: { "storage-opts": ["overlay2.exact=true"] },
  });
  await hand(unsaid, on);
  await on.start();
  assertStringIncludes(await saveError(on, "bb:1"), "could not verify");
  await on.docker("run", "--rm", ...NONE, "bb:1", "true");
  await on.stop();
  await hand(on, unsaid);
  await unsaid.start();
  await assertSaved(unsaid, "bb:1");
});

Deno.test("Docker's own driver runs, but does not save, what dockerd has no record of", async () => {
  await using room = new Room();
  await Plugin.start(room);
  const ours = await Dockerd.start(room);
  await ours.docker("import", await busybox(room), "bb:1");
  const context = await richContext(room);
  const built = await ours.build(context, "rich:1");
  assertEquals(built.status, 0, built.stderr);
  assert(unrecorded(ours) > 1);
  await ours.stop();

  const native = Dockerd.make(room, { dir: "n", driver: "overlay2" });
  await hand(ours, native);
  await native.start();
  await native.docker("run", "--rm", ...NONE, "rich:1", "true");
  for (const image of ["bb:1", "rich:1"]) {
    assertStringIncludes(await saveError(native, image), "tar-split");
  }
  await native.stop();

  await hand(native, ours);
  await ours.start();
  for (const image of ["bb:1", "rich:1"]) await assertSaved(ours, image);
});
