/**
 * Images without a network: busybox, and what is built on it.
 *
 * @module
 */

import { assertEquals } from "../../assert.ts";
import { execute } from "../../cli/program.ts";
import type { Dockerd } from "./daemons.ts";
import type { Room } from "./room.ts";

const TOOLS =
  "sh ls cat echo ln rm mkdir touch stat chmod chown sleep true mv find cp dd mkfifo mknod wc sync seq";

/** Makes an archive of a small system; gives its path. */
export async function busybox(room: Room): Promise<string> {
  const root = `${room.path}/bb`;
  const archive = `${room.path}/bb.tar`;
  for (
    const dir of ["bin", "etc", "tmp", "proc", "dev", "sys", "root", "opt"]
  ) {
    await Deno.mkdir(`${root}/${dir}`, { recursive: true });
  }
  await Deno.copyFile("/bin/busybox", `${root}/bin/busybox`);
  for (const tool of TOOLS.split(" ")) {
    await Deno.symlink("busybox", `${root}/bin/${tool}`);
  }
  await Deno.writeTextFile(`${root}/etc/passwd`, "root:x:0:0::/root:/bin/sh\n");
  for (let i = 0; i < 40; i++) {
    await Deno.mkdir(`${root}/opt/d${i % 5}`, { recursive: true });
    await Deno.writeTextFile(`${root}/opt/d${i % 5}/f${i}`, `${i}\n`);
  }
  const { status } = await execute(["tar", "-C", root, "-cf", archive, "."]);
  assertEquals(status, 0);
  return archive;
}

/** Layers with each kind of trouble: whiteouts, opaque directories, links, devices, names. */
const STEPS = String.raw`
RUN mkdir -p /x/y && echo hi >/x/a && ln /x/a /x/b && ln -s ../nowhere /x/dangling && rm /bin/find
RUN rm -rf /opt/d1 && mkdir /opt/d1 && echo new >/opt/d1/new && rm /opt/d2/f2 && mv /root /root2
RUN mkfifo /x/fifo && mknod /x/null c 1 3 && chmod 4755 /x/a && chmod 1777 /x && chown 1000:2000 /x/y
RUN touch "/x/name with spaces" "/x/$(printf 'new\nline')" "/x/$(printf '\377bad')" /x/ünïcödé
RUN ln /bin/busybox /bin/another && dd if=/dev/zero of=/x/zero bs=1024 count=300 2>/dev/null
COPY data /data
RUN rm -rf /x/y && echo file >/x/y && rm /x/dangling && mkdir /x/dangling && rm -rf /data/d3
RUN true
`;

/** Makes a build context of many files; gives its path. */
export async function richContext(room: Room, base = "bb:1"): Promise<string> {
  const context = `${room.path}/rich`;
  for (let dir = 0; dir < 8; dir++) {
    await Deno.mkdir(`${context}/data/d${dir}`, { recursive: true });
    for (let i = 0; i < 25; i++) {
      const content = `${dir}-${i}\n`.repeat(i * 40);
      await Deno.writeTextFile(`${context}/data/d${dir}/f${i}`, content);
    }
  }
  await Deno.writeTextFile(`${context}/Dockerfile`, `FROM ${base}\n${STEPS}`);
  return context;
}

/** Makes a build context of `count` layers; gives its path. */
export async function deepContext(room: Room, count: number): Promise<string> {
  const context = `${room.path}/deep${count}`;
  await Deno.mkdir(context, { recursive: true });
  await Deno.writeTextFile(`${context}/file`, "layer\n");
  const lines = [...Array(count).keys()].map((i) => `COPY file /l${i}`);
  const text = ["FROM bb:1", ...lines, ""].join("\n");
  await Deno.writeTextFile(`${context}/Dockerfile`, text);
  return context;
}

/** SHA-256 of a file. */
export async function sha256(path: string): Promise<string> {
  const { stdout } = await execute(["sha256sum", path]);
  return stdout.split(" ")[0]!;
}

/** Ids of the contents of an image's layers. */
export async function layersOf(daemon: Dockerd, image: string) {
  return await daemon.docker(
    "inspect",
    "-f",
    "{{json .RootFS.Layers}}",
    image,
  );
}

/** Where a running container's files are mounted. */
export function mergedOf(daemon: Dockerd, container: string): Promise<string> {
  return daemon.docker(
    "inspect",
    "-f",
    "{{.GraphDriver.Data.MergedDir}}",
    container,
  );
}
