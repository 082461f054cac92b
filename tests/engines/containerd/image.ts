/**
 * Images made by hand, in the format of `docker save`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import {
  archive,
  dir,
  file,
  link,
  type Member,
  node,
  symlink,
} from "../../tar_builder.ts";

/** An image in a file. */
export interface Image {
  /** What containerd calls it. */
  readonly name: string;
  /** Path of the archive. */
  readonly path: string;
  /** Names of the snapshots of its layers, from the lowest. */
  readonly chain: readonly string[];
}

const sha256 = (bytes: Uint8Array | string) =>
  createHash("sha256").update(bytes).digest("hex");

/** Makes an image of layers. */
export async function makeImage(
  path: string,
  name: string,
  layers: readonly Uint8Array[],
): Promise<Image> {
  const digests = layers.map((layer) => `sha256:${sha256(layer)}`);
  const config = JSON.stringify({
    architecture: Deno.build.arch === "x86_64" ? "amd64" : "arm64",
    os: "linux",
    config: { Env: ["PATH=/bin"], Cmd: ["/bin/sh"] },
    rootfs: { type: "layers", diff_ids: digests },
  });
  const names = digests.map((digest) => `${digest.slice(7)}/layer.tar`);
  const manifest = [{
    Config: "config.json",
    RepoTags: [name],
    Layers: names,
  }];
  await Deno.writeFile(
    path,
    archive(
      file("config.json", config),
      ...layers.map((layer, i) => file(names[i]!, layer)),
      file("manifest.json", JSON.stringify(manifest)),
    ),
  );
  return { name: `docker.io/library/${name}`, path, chain: chainOf(digests) };
}

/** Names of snapshots, as the OCI image specification chains digests. */
function chainOf(digests: readonly string[]): string[] {
  const chain: string[] = [];
  for (const digest of digests) {
    const below = chain.at(-1);
    chain.push(
      below === undefined ? digest : `sha256:${sha256(`${below} ${digest}`)}`,
    );
  }
  return chain;
}

const TOOLS = ["sh", "ls", "cat", "echo", "rm", "mkdir", "true", "sleep", "id"];

/** A root file system of nothing but busybox. */
export function busybox(): Uint8Array {
  const bytes = Deno.readFileSync("/bin/busybox");
  return archive(
    ...["bin", "etc", "tmp", "proc", "dev", "sys", "root"].map((name) =>
      dir(name)
    ),
    file("bin/busybox", bytes, { mode: 0o755 }),
    ...TOOLS.map((name) => symlink(`bin/${name}`, "busybox")),
    file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nu:x:7:8::/:/bin/sh\n"),
    dir("d"),
    dir("d/e"),
    file("d/e/f", "lower"),
    file("d/g", "lower"),
    dir("gone"),
    file("gone/x", "x"),
    file("changed", "before"),
    file("turns", "a file"),
  );
}

/** What a layer may do to the one below. */
export function mixture(): Uint8Array {
  const text: Member[] = [
    file("changed", "after", { mtime: { seconds: 946684799, nanoseconds: 0 } }),
    file(".wh.gone"),
    dir("d", { uid: 5, gid: 6, mode: 0o1777 }),
    file("d/.wh.g"),
    dir("d/e"),
    file("d/e/.wh..wh..opq"),
    file("d/e/new", "upper"),
    file(".wh.turns"),
    file("h1", "linked"),
    link("h2", "h1"),
    symlink("dangling", "../nowhere"),
    node("fifo", "6"),
    node("null", "3", 1, 3),
    file("suid", "", { mode: 0o4755, uid: 7, gid: 8 }),
    file("ünï \u{1f600}", "name"),
    file(`${"n".repeat(200)}`, "long"),
  ];
  return archive(...text);
}
