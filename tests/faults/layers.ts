/**
 * A home with one layer of each kind, for the scripts of this folder.
 *
 * @module
 */

import { type Driver, init } from "../../mod.ts";
import { inLayer, streamOf } from "../fixtures.ts";
import {
  archive,
  dir,
  file,
  link,
  type Member,
  node,
  symlink,
} from "../tar_builder.ts";

/** `security.capability` of a file that may open raw sockets. */
const CAPABILITY = new Uint8Array(
  [1, 0, 0, 2, 0, 32, 0, 0, ...new Array(12).fill(0)],
);

/** Entries of every kind. */
export const MEMBERS: readonly Member[] = [
  dir("etc"),
  file("etc/passwd", "root:x:0:0\n", { uid: 1000, gid: 1000 }),
  file("etc/motd", "hello\n".repeat(2000)),
  file("etc/ping", "#!", {
    mode: 0o4755,
    xattrs: new Map([["security.capability", CAPABILITY]]),
  }),
  symlink("etc/link", "motd"),
  link("etc/hard", "etc/motd"),
  node("null", "3", 1, 3),
  node("fifo", "6"),
  file("deep/er/file", "implied directories"),
];

/** An archive of every kind of entry. */
export const FULL: Uint8Array<ArrayBuffer> = archive(...MEMBERS);

/** An archive that also hides and replaces what is below. */
export const CHANGES: Uint8Array<ArrayBuffer> = archive(
  dir("etc"),
  file("etc/.wh.motd"),
  file("etc/passwd", "changed\n"),
  dir("deep"),
  file("deep/.wh..wh..opq"),
  file("deep/new", "n".repeat(300_000)),
  ...MEMBERS.slice(6),
);

/** An archive that replaces what it brought, and has more than files need. */
export const REPLACING: Uint8Array<ArrayBuffer> = archive(
  ...MEMBERS,
  file("etc/motd", "another\n".repeat(9000)),
  file(".wh.gone", noise(700_000)),
  dir("etc"),
  file("last", "l".repeat(300_000)),
);

/** Bytes that cannot be made less, the same each time. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/**
 * Makes the layers, a stack and what stands beside it:
 *
 * - `base` ← `mid` ← `work` (writable, changed through its mount)
 * - `mid` ← `empty`
 * - `base` ← `leaf` (filled, without children), `victim` (to be removed)
 */
export async function makeLayers(home: string): Promise<void> {
  await using driver = await init(home);
  await applied(driver, "base", "", FULL);
  await applied(driver, "mid", "base", CHANGES);
  await driver.create("empty", "mid");
  await applied(driver, "leaf", "base", archive(file("leaf", "l")));
  await applied(driver, "victim", "base", FULL);
  await driver.createReadWrite("work", "mid");
  await inLayer(driver, "work", (root) => {
    Deno.writeTextFileSync(`${root}/etc/passwd`, "from the mount\n");
    Deno.removeSync(`${root}/etc/ping`);
    Deno.mkdirSync(`${root}/made`);
    Deno.writeTextFileSync(`${root}/made/file`, "w".repeat(70_000));
    Deno.symlinkSync("file", `${root}/made/link`);
  });
}

/** Makes a layer and fills it. */
export async function applied(
  driver: Driver,
  id: string,
  parent: string,
  bytes: Uint8Array,
): Promise<void> {
  await driver.create(id, parent);
  await driver.applyDiff(id, undefined, streamOf(bytes));
}
