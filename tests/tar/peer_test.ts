/**
 * The reader beside Go's: same entries, same refusals.
 *
 * @module
 */

import { TarError } from "../../src/tar/error.ts";
import { assert, assertEquals, fail } from "../assert.ts";
import { CASES, MUTATED } from "./cases.ts";
import { readArchive } from "./fixture.ts";
import { cuts, mutations } from "./mutations.ts";
import {
  asPeerEntry,
  HAS_GO,
  Peer,
  type PeerArchive,
  type PeerEntry,
} from "./peer.ts";

/**
 * What is refused here on purpose and accepted by Go, by the message.
 *
 * | archive | Go | here | because |
 * | --- | --- | --- | --- |
 * | ends after an extended header | end of archive | refused | it was cut |
 * | negative size of a type without content | accepted | refused | sizes are added up |
 * | size of 2^53 and more, all hole | expanded | refused | not a number here |
 * | device number beyond 32 bits | cut to 32 bits later | refused | another device |
 * | map that does not match, of a file that the peer does not read | accepted | refused | Go refuses on reading |
 */
const DELIBERATE = [
  "its end is followed by something other than zeros",
  "it ends before the content is filled up",
  "it ends where an extended header needs its entry",
  "the size is negative",
  "the size is too large",
  "a device number does not fit in 32 bits",
];
const UNREAD = "the sparse map does not match the stored content";

/** Numbers beyond 2^53 are rounded here; old sparse files are plain ones. */
function comparable(entry: PeerEntry): PeerEntry {
  const number = (text: string) => BigInt(Number(text)).toString();
  const time = (text: string) => {
    const [seconds, nanoseconds] = text.split(".");
    return text === "" ? "" : `${number(seconds!)}.${nanoseconds}`;
  };
  const global = entry.type === "67";
  return {
    ...entry,
    type: entry.type === "53" ? "30" : entry.type,
    size: number(entry.size),
    uid: number(entry.uid),
    gid: number(entry.gid),
    mtime: global ? "" : time(entry.mtime),
    atime: time(entry.atime),
    devmajor: number(entry.devmajor),
    devminor: number(entry.devminor),
    xattrs: global ? {} : entry.xattrs,
  };
}

/** Compares what both make of one archive. */
function compare(name: string, archive: Uint8Array, go: PeerArchive): void {
  const { reads, error } = readArchive(archive);
  const here = reads.filter((read) => read.ended)
    .map((read) => comparable(asPeerEntry(read)));
  const there = go.entries.map(comparable);
  const both = Math.min(here.length, there.length);
  const same = JSON.stringify(here.slice(0, both)) ===
    JSON.stringify(there.slice(0, both));
  if (!same) assertEquals(here.slice(0, both), there.slice(0, both), name);
  if (error === undefined) {
    if (go.error !== "") fail(`${name}: Go refuses it: ${go.error}`);
    assertEquals(here.length, there.length, name);
    return;
  }
  assert(error instanceof TarError, `${name}: ${error}`);
  if (
    go.error !== "" || DELIBERATE.some((part) => error.message.includes(part))
  ) {
    return;
  }
  const unread = there.some((entry) => entry.body === "");
  if (unread && error.message.includes(UNREAD)) return;
  fail(`${name}: Go accepts it, but: ${error.message}`);
}

async function compareAll(
  peer: Peer,
  archives: [name: string, archive: Uint8Array][],
): Promise<void> {
  const results = await peer.read(archives.map(([, archive]) => archive));
  assertEquals(results.length, archives.length);
  archives.forEach(([name, archive], i) => compare(name, archive, results[i]!));
}

const NEEDS_GO = { ignore: !HAS_GO };

Deno.test(
  "TarReader accepts and refuses what Go does, case by case (needs go)",
  NEEDS_GO,
  async () => {
    using peer = new Peer();

    await compareAll(peer, Object.entries(CASES));
  },
);

Deno.test(
  "TarReader reads the test archives of Go as Go does (needs go)",
  NEEDS_GO,
  async () => {
    using peer = new Peer();
    const archives = await testdata(peer);

    await compareAll(peer, archives);

    assert(archives.length > 30, `only ${archives.length} archives`);
  },
);

/** Archives that come with Go, decompressed. */
async function testdata(peer: Peer): Promise<[string, Uint8Array][]> {
  const root = new Deno.Command("go", { args: ["env", "GOROOT"] }).outputSync();
  const directory = `${
    new TextDecoder().decode(root.stdout).trim()
  }/src/archive/tar/testdata`;
  const archives: [string, Uint8Array][] = [];
  for (const { name } of Deno.readDirSync(directory)) {
    const bytes = Deno.readFileSync(`${directory}/${name}`);
    if (name.endsWith(".bz2")) archives.push([name, await peer.bunzip2(bytes)]);
    else if (name.endsWith(".base64")) {
      const text = new TextDecoder().decode(bytes);
      archives.push([name, Uint8Array.fromBase64(text)]);
    } else if (name.endsWith(".tar")) archives.push([name, bytes]);
  }
  return archives;
}

for (const name of MUTATED) {
  Deno.test(
    `TarReader agrees with Go when "${name}" is cut or changed (needs go)`,
    NEEDS_GO,
    async () => {
      using peer = new Peer();
      const archive = CASES[name]!;

      await compareAll(peer, [...cuts(archive), ...mutations(archive)]);
    },
  );
}
