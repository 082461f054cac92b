/**
 * umoci and skopeo on layers that are made here: others that unpack, pack and
 * check what an archive says.
 *
 * @module
 */

import { assert, assertEquals } from "../../assert.ts";
import { execute } from "../../cli/program.ts";
import {
  bytesOf,
  fill,
  inLayer,
  streamOf,
  type TempDriver,
  tempDriver,
} from "../../fixtures.ts";
import { describeTree } from "../../trees.ts";
import { busybox, mixture } from "../containerd/image.ts";
import { Dockerd, Plugin } from "../docker/daemons.ts";
import { busybox as busyboxTar, richContext } from "../docker/images.ts";
import { Room } from "../docker/room.ts";
import { digestOf, Layout } from "./layout.ts";

/** Runs a command that has to succeed. */
async function run(...words: string[]): Promise<void> {
  const { status, stderr } = await execute(words);
  assertEquals(status, 0, `${words.join(" ")}: ${stderr}`);
}

const skopeo = (...words: string[]) =>
  run("skopeo", "--insecure-policy", "copy", "-q", ...words);

/** Without times, which umoci rounds. */
function treeOf(root: string): string[] {
  return describeTree(root, { times: false });
}

/** What a program does to an image, in ways that layers are known to get wrong. */
function change(root: string): void {
  Deno.removeSync(`${root}/d`, { recursive: true });
  Deno.mkdirSync(`${root}/d/new`, { recursive: true });
  Deno.writeTextFileSync(`${root}/d/new/file`, "new");
  Deno.removeSync(`${root}/changed`);
  Deno.mkdirSync(`${root}/changed`);
  Deno.writeTextFileSync(`${root}/changed/inside`, "was a file");
  Deno.removeSync(`${root}/h1`);
  Deno.linkSync(`${root}/h2`, `${root}/h3`);
  Deno.chmodSync(`${root}/tmp`, 0o1777);
  Deno.chownSync(`${root}/etc/passwd`, 12, 34);
  Deno.writeTextFileSync(`${root}/ünï ü`, "name");
}

/** Three layers: two from archives, and one that a program changed. */
async function makeImage({ driver }: TempDriver): Promise<Uint8Array[]> {
  await driver.create("base");
  await driver.applyDiff("base", "", streamOf(busybox()));
  await driver.create("middle", "base");
  await driver.applyDiff("middle", "base", streamOf(mixture()));
  await fill(driver, "top", "middle", change);
  const layers: Uint8Array[] = [];
  for (const id of ["base", "middle", "top"]) {
    layers.push(await bytesOf(driver.diff(id)));
  }
  return layers;
}

Deno.test("umoci unpacks what is packed here, and is unpacked here", async () => {
  await using temp = await tempDriver({ onDisk: true });
  const { driver, temp: { path } } = temp;
  const layout = new Layout(`${path}/oci`);
  layout.write("made", await makeImage(temp));
  const image = `${layout.path}:made`;

  await run("umoci", "unpack", "--image", image, `${path}/bundle`);
  const root = `${path}/bundle/rootfs`;
  assertEquals(treeOf(root), await inLayer(driver, "top", treeOf));

  // umoci hides what was below a file that takes a directory's place, too.
  Deno.removeSync(`${root}/etc`, { recursive: true });
  Deno.writeTextFileSync(`${root}/etc`, "a file");
  Deno.removeSync(`${root}/d/new`, { recursive: true });
  Deno.mkdirSync(`${root}/d/new`);
  Deno.writeTextFileSync(`${root}/d/new/other`, "newer");
  Deno.removeSync(`${root}/h3`);
  Deno.symlinkSync("h2", `${root}/h3`);
  await run("umoci", "repack", "--image", image, `${path}/bundle`);
  const packed = layout.read("made");
  assertEquals(packed.length, 4);
  await driver.create("repacked", "top");
  await driver.applyDiff("repacked", "top", streamOf(packed[3]!));
  assertEquals(await inLayer(driver, "repacked", treeOf), treeOf(root));
});

Deno.test("skopeo takes layers from here by their digests, through every format", async () => {
  await using temp = await tempDriver({ onDisk: true });
  const { path } = temp.temp;
  const layers = await makeImage(temp);
  const layout = new Layout(`${path}/oci`);
  layout.write("made", layers);

  await skopeo(
    `oci:${layout.path}:made`,
    `docker-archive:${path}/a.tar:made:1`,
  );
  await skopeo(
    `docker-archive:${path}/a.tar`,
    `oci-archive:${path}/b.tar:made`,
  );
  await skopeo(`oci-archive:${path}/b.tar:made`, `oci:${path}/again:made`);

  const again = new Layout(`${path}/again`).read("made");
  assertEquals(again.map(digestOf), layers.map(digestOf));
});

Deno.test("skopeo finds the digests in order that dockerd saves through the plugin", async () => {
  await using room = new Room();
  await Plugin.start(room);
  const daemon = await Dockerd.start(room);
  await daemon.docker("import", await busyboxTar(room), "bb:1");
  const built = await daemon.build(await richContext(room), "rich:1");
  assertEquals(built.status, 0, built.stderr);
  const archive = `${room.path}/rich.tar`;
  await daemon.docker("save", "-o", archive, "rich:1");
  const format = "{{json .RootFS.Layers}}";
  const ids = JSON.parse(
    await daemon.docker("inspect", "-f", format, "rich:1"),
  );

  // It refuses a layer whose digest is not that of the configuration.
  await skopeo(`docker-archive:${archive}`, `oci:${room.path}/rich:rich`);
  const layers = new Layout(`${room.path}/rich`).read("rich");
  assertEquals(layers.map(digestOf), ids);
  assert(layers.length > 5);
});
